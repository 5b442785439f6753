//! The request that removes traces of an experiment, by age or by id.

use serde::{Deserialize, Serialize};
use trackside_core::{ExperimentId, Timestamp, TraceSelection};

use super::requests::trace_ids;
use crate::{Failure, Int, experiment::experiment_id, request::required};

/// `POST traces/delete-traces`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DeleteTraces {
    /// Required.
    #[serde(alias = "experimentId")]
    pub experiment_id: Option<String>,
    /// Those up to this instant, in ms since the epoch.
    #[serde(alias = "maxTimestampMillis")]
    pub max_timestamp_millis: Option<Int>,
    /// At most so many of them.
    #[serde(alias = "maxTraces")]
    pub max_traces: Option<Int>,
    /// Or these.
    #[serde(alias = "requestIds")]
    pub request_ids: Option<Vec<String>>,
}

impl DeleteTraces {
    /// What to delete.
    pub fn checked(self) -> Result<(ExperimentId, TraceSelection), Failure> {
        let experiment = required(self.experiment_id, "experiment_id")?;
        let ids = self.request_ids.unwrap_or_default();
        let most = self.max_traces.map(|Int(most)| most);
        let selection = match (self.max_timestamp_millis, ids.is_empty()) {
            (None, true) => {
                return Err(Failure::invalid("Either `max_timestamp_millis` or `trace_ids` must be specified."));
            }
            (Some(_), false) => {
                return Err(Failure::invalid("Only one of `max_timestamp_millis` and `trace_ids` can be specified."));
            }
            (None, false) if most.is_some() => {
                return Err(Failure::invalid("`max_traces` can't be specified if `trace_ids` is specified."));
            }
            (None, false) => TraceSelection::Ids(trace_ids(&ids, "request_ids")?),
            (Some(Int(until)), true) => {
                let not_positive =
                    |most| Failure::invalid(format!("`max_traces` must be a positive integer, received {most}."));
                let most = match most {
                    Some(most @ ..=0) => return Err(not_positive(most)),
                    most => most.and_then(|most| u64::try_from(most).ok()),
                };
                TraceSelection::Until(Timestamp::from_millis(until), most)
            }
        };
        Ok((experiment_id(&experiment)?, selection))
    }
}

/// Answer of `traces/delete-traces`.
#[derive(Debug, Serialize)]
pub struct TracesDeleted {
    /// How many there were.
    pub traces_deleted: u64,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::request::from_value;

    #[test]
    fn deletions_say_what_they_mean() {
        let checked = |body: Value| from_value::<DeleteTraces>(&body).and_then(DeleteTraces::checked);
        let until = |millis, most| (ExperimentId::new(1), TraceSelection::Until(Timestamp::from_millis(millis), most));
        let valid = json!({"experiment_id": "1", "max_timestamp_millis": 5});
        assert_eq!(checked(valid).unwrap(), until(5, None));
        let most = json!({"experiment_id": "1", "max_timestamp_millis": 5, "max_traces": 2});
        assert_eq!(checked(most).unwrap(), until(5, Some(2)));
        for (body, message) in [
            (json!({}), "Missing value"),
            (json!({"experiment_id": "1", "max_traces": 1}), "Either"),
            (json!({"experiment_id": "1", "max_timestamp_millis": 1, "request_ids": ["a"]}), "Only one"),
            (json!({"experiment_id": "1", "request_ids": ["a"], "max_traces": 1}), "`max_traces` can't"),
            (json!({"experiment_id": "1", "max_timestamp_millis": 1, "max_traces": 0}), "`max_traces` must"),
            (json!({"experiment_id": "x", "request_ids": ["a"]}), "Invalid experiment ID"),
        ] {
            let refused = checked(body.clone()).unwrap_err();
            assert!(refused.message.starts_with(message), "{body}: {}", refused.message);
        }
    }
}
