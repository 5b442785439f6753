//! `runs/log-batch`, which carries most of what clients log.

use serde::{Deserialize, Serialize};
use trackside_core::{Event, RunId};

use crate::{
    Failure, Metric, Tag,
    names::Place,
    object::objects,
    param::{check_unique, param},
    run::checked_run_id,
    run_tag::{active, run_tag, write_tags},
};

/// Most metrics of a batch.
pub const MAX_BATCH_METRICS: usize = 1000;
/// Most params of a batch.
pub const MAX_BATCH_PARAMS: usize = 100;
/// Most tags of a batch.
pub const MAX_BATCH_TAGS: usize = 100;
/// Most metrics, params and tags of a batch.
pub const MAX_BATCH_ITEMS: usize = 1000;

/// `POST runs/log-batch`. MLflow may write a part of a batch that fails; here it is all or nothing.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogBatch {
    /// Required.
    #[serde(alias = "runId", skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// In place of `run_id`.
    #[serde(alias = "runUuid", skip_serializing_if = "Option::is_none")]
    pub run_uuid: Option<String>,
    /// Points, in any order; exact repetitions are harmless.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Vec<Metric>>,
    /// No key twice.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub params: Option<Vec<Tag>>,
    /// Of a key given twice the last value stays.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Tag>>,
}

impl LogBatch {
    /// The run, and the events that write the batch.
    pub fn checked(self) -> Result<(RunId, Vec<Event>), Failure> {
        let id = checked_run_id(self.run_id, self.run_uuid)?;
        let (metrics, params, tags) =
            (self.metrics.unwrap_or_default(), self.params.unwrap_or_default(), self.tags.unwrap_or_default());
        check_limits(metrics.len(), params.len(), tags.len())?;

        let points = each("metrics", metrics, Metric::checked)?;
        let params = each("params", params, param)?;
        let tags = each("tags", tags, run_tag)?;
        check_unique(&params)?;

        let mut events = Vec::with_capacity(4);
        if !params.is_empty() {
            events.push(Event::Params(params));
        }
        if !points.is_empty() {
            events.push(Event::Points(points));
        }
        write_tags(tags, &mut events);
        Ok((id, active(events)))
    }
}

fn each<W, C>(
    list: &'static str,
    entries: Vec<W>,
    checked: impl Fn(W, Place) -> Result<C, Failure>,
) -> Result<Vec<C>, Failure> {
    entries.into_iter().enumerate().map(|(at, entry)| checked(entry, Place::Listed(list, at))).collect()
}

fn check_limits(metrics: usize, params: usize, tags: usize) -> Result<(), Failure> {
    let limits = [
        ("metrics", metrics, MAX_BATCH_METRICS),
        ("params", params, MAX_BATCH_PARAMS),
        ("tags", tags, MAX_BATCH_TAGS),
        ("metrics, params, and tags", metrics + params + tags, MAX_BATCH_ITEMS),
    ];
    match limits.into_iter().find(|(_, n, max)| n > max) {
        None => Ok(()),
        Some((what, n, max)) => Err(Failure::invalid(format!(
            "A batch logging request can contain at most {max} {what}. Got {n} {what}. Please split up {what} across \
             multiple requests and try again."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use trackside_core::RunUpdate;

    use super::*;
    use crate::request::from_json;

    fn events(batch: &str) -> Result<Vec<Event>, Failure> {
        from_json::<LogBatch>(batch.as_bytes())?.checked().map(|(_, events)| events)
    }

    fn refusal(batch: &str) -> String {
        events(batch).unwrap_err().message
    }

    #[test]
    fn a_batch_becomes_params_points_tags_and_the_name_in_this_order() {
        let events = events(
            r#"{"run_id": "r", "metrics": [{"key": "m", "value": "NaN", "timestamp": "5", "extra": []}],
                "params": [{"key": "p"}],
                "tags": [{"key": "mlflow.runName", "value": "a"}, {"key": "t", "value": "1"},
                    {"key": "mlflow.runName", "value": "b"}]}"#,
        )
        .unwrap();
        let [Event::Params(params), Event::Points(points), Event::Tags(tags), Event::Updated(update)] = &events[..]
        else {
            panic!("{events:?}");
        };
        assert_eq!((params.len(), points.len(), tags.len()), (1, 1, 1));
        assert!(points[0].point.value.is_nan() && points[0].subject.is_none());
        assert_eq!(*update, RunUpdate { name: Some("b".into()), ..RunUpdate::default() });
    }

    #[test]
    fn an_empty_batch_still_needs_an_active_run() {
        for empty in [r#"{"run_id": "r"}"#, r#"{"run_uuid": "r", "metrics": null, "params": [], "tags": []}"#] {
            assert!(events(empty).unwrap().iter().all(Event::needs_active), "{empty}");
            assert_eq!(events(empty).unwrap().len(), 1, "{empty}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (batch, message) in [
            (r#"{"tags": []}"#, "Missing value for required parameter 'run_id'."),
            (r#"{"run_id": "a b"}"#, "Invalid value \"a b\" for parameter 'run_id' supplied."),
            (
                r#"{"run_id": "r", "metrics": [{"key": "m", "value": 1, "timestamp": 1}, {"key": "m", "value": 1}]}"#,
                "Missing value for required parameter 'metrics[1].timestamp'.",
            ),
            (
                r#"{"run_id": "r", "metrics": [{"key": "m", "value": 1.5, "timestamp": -1}]}"#,
                "Invalid value -1 for parameter 'metrics[0].timestamp' supplied: metric 'm' (value=1.5). Timestamp must",
            ),
            (
                r#"{"run_id": "r", "metrics": [{"key": "m?", "value": 1.5, "timestamp": 1}]}"#,
                "Invalid value \"m?\" for parameter 'metrics[0].name' supplied: Names may only contain",
            ),
            (
                r#"{"run_id": "r", "metrics": [{"key": "m", "value": "x", "timestamp": 1}]}"#,
                "Invalid value \"x\" for parameter 'metrics[0].value' supplied:  Hint: Value was of type 'str'.",
            ),
            (r#"{"run_id": "r", "params": [{"key": ""}]}"#, "Missing value for required parameter 'params[0].key'."),
            (r#"{"run_id": "r", "tags": [{"key": "a//b"}]}"#, "Invalid value \"a//b\" for parameter 'tags[0].key'"),
            (
                r#"{"run_id": "r", "params": [{"key": "a"}, {"key": "b"}, {"key": "b"}, {"key": "a"}, {"key": "a"}]}"#,
                "Duplicate parameter keys have been submitted: ['b', 'a'].",
            ),
        ] {
            assert!(refusal(batch).starts_with(message), "{} instead of {message}", refusal(batch));
        }
    }

    #[test]
    fn a_batch_has_limits() {
        let entries = |n: usize| vec![r#"{"key": "k", "value": "1", "timestamp": 1}"#; n].join(",");
        let batch = |metrics, tags| {
            format!(r#"{{"run_id": "r", "metrics": [{}], "tags": [{}]}}"#, entries(metrics), entries(tags))
        };
        assert!(events(&batch(1000, 0)).is_ok() && events(&batch(900, 100)).is_ok());
        assert!(refusal(&batch(1001, 0)).contains("at most 1000 metrics. Got 1001 metrics."));
        assert!(refusal(&batch(0, 101)).contains("at most 100 tags. Got 101 tags."));
        assert!(refusal(&batch(901, 100)).contains("at most 1000 metrics, params, and tags. Got 1001 metrics"));
    }
}
