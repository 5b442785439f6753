//! A trace in version 2, and the requests that begin and end one.

use serde::{Deserialize, Serialize};
use trackside_core::{self as core, NewTrace, Timestamp, TraceChange, TraceId, TraceState};

use super::{Pairs, facts};
use crate::{Choice, Failure, Int, Tag, experiment::experiment_id, object::objects};

/// The statuses, numbered from one; zero is none of them.
const STATUSES: [(&str, TraceState); 3] =
    [("OK", TraceState::Ok), ("ERROR", TraceState::Error), ("IN_PROGRESS", TraceState::InProgress)];

/// A trace without its spans.
#[derive(Debug, Serialize)]
pub struct TraceInfoV2 {
    /// Unique.
    pub request_id: String,
    /// A decimal number.
    pub experiment_id: String,
    /// When the request came, in ms since the epoch.
    pub timestamp_ms: Int,
    /// How long it took, in ms; 0 if it is not over.
    pub execution_time_ms: Int,
    /// How far it has come.
    pub status: &'static str,
    /// Absent when there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_metadata: Vec<Tag>,
    /// Absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

impl From<core::Trace> for TraceInfoV2 {
    fn from(mut trace: core::Trace) -> Self {
        let list = |pairs: Pairs| -> Vec<Tag> {
            pairs.0.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect()
        };
        Self {
            request_metadata: list(facts::shown_metadata(&mut trace)),
            tags: list(facts::shown_tags(&mut trace)),
            request_id: trace.id.to_string(),
            experiment_id: trace.experiment.to_string(),
            timestamp_ms: Int(trace.requested_at.millis()),
            execution_time_ms: Int(trace.duration.unwrap_or_default()),
            status: match trace.state {
                TraceState::Unspecified => "TRACE_STATUS_UNSPECIFIED",
                state => state.as_str(),
            },
        }
    }
}

/// Answer to one trace.
#[derive(Debug, Serialize)]
pub struct TraceFoundV2 {
    /// The trace.
    pub trace_info: TraceInfoV2,
}

impl From<core::Trace> for TraceFoundV2 {
    fn from(trace: core::Trace) -> Self {
        Self { trace_info: trace.into() }
    }
}

/// `POST traces`, version 2.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StartTraceV2 {
    /// Where it belongs.
    #[serde(alias = "experimentId")]
    pub experiment_id: Option<String>,
    /// When the request came, in ms since the epoch.
    #[serde(alias = "timestampMs")]
    pub timestamp_ms: Option<Int>,
    /// Written once.
    #[serde(alias = "requestMetadata", deserialize_with = "objects")]
    pub request_metadata: Option<Vec<Tag>>,
    /// Mutable.
    #[serde(deserialize_with = "objects")]
    pub tags: Option<Vec<Tag>>,
}

impl StartTraceV2 {
    /// What to write, once there is an id.
    pub fn checked(self) -> Result<impl FnOnce(TraceId) -> NewTrace + Send, Failure> {
        let experiment = experiment_id(&self.experiment_id.unwrap_or_default())?;
        let facts = facts::facts(pairs(self.request_metadata), pairs(self.tags))?;
        let requested_at = Timestamp::from_millis(self.timestamp_ms.unwrap_or_default().0);
        Ok(move |id| NewTrace {
            id,
            experiment,
            client_request_id: None,
            requested_at,
            duration: None,
            state: TraceState::InProgress,
            request_preview: None,
            response_preview: None,
            is_described: false,
            artifact_uri: String::new(),
            facts,
        })
    }
}

/// `PATCH traces/<id>`, version 2.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EndTrace {
    /// When it was over, in ms since the epoch.
    #[serde(alias = "timestampMs")]
    pub timestamp_ms: Option<Int>,
    /// How it went.
    pub status: Option<Choice>,
    /// Merged into what is there.
    #[serde(alias = "requestMetadata", deserialize_with = "objects")]
    pub request_metadata: Option<Vec<Tag>>,
    /// Merged into what is there.
    #[serde(deserialize_with = "objects")]
    pub tags: Option<Vec<Tag>>,
}

impl EndTrace {
    /// The change.
    pub fn checked(self) -> Result<TraceChange, Failure> {
        Ok(TraceChange::End {
            at: Timestamp::from_millis(self.timestamp_ms.unwrap_or_default().0),
            state: self.status.and_then(|status| status.among(STATUSES)).unwrap_or(TraceState::Unspecified),
            facts: Box::new(facts::facts(pairs(self.request_metadata), pairs(self.tags))?),
        })
    }
}

fn pairs(list: Option<Vec<Tag>>) -> Pairs {
    let pair = |tag: Tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default());
    Pairs(list.unwrap_or_default().into_iter().map(pair).collect())
}
