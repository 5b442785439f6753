//! Requests for traces, but searches.

use compact_str::CompactString;
use serde::Deserialize;
use trackside_core::{ExperimentId, Key, NewTrace, TraceChange, TraceId};

use super::{
    CreateAssessment, SPANS_LOCATION,
    facts::{self, ARTIFACTS_TAG, NAME_TAG},
    info::TraceOfInfo,
};
use crate::{
    ErrorCode, Failure, Flag, Texts,
    experiment::experiment_id,
    names::{self, MAX_KEY_CHARS},
    object::object,
    request::{missing, required},
};

/// Tags that only the server writes. The last may be deleted.
const SERVER_TAGS: [&str; 4] = [ARTIFACTS_TAG, SPANS_LOCATION, "mlflow.trace.archiveLocation", FAILURE_TAG];
const FAILURE_TAG: &str = "mlflow.trace.archivalFailure";
/// Longest value of a tag, in characters; the rest is cut.
pub(crate) const MAX_TAG_CHARS: usize = 8000;
/// Most traces of one request. MLflow has no limit; its web UI asks for at most 500.
const MAX_TRACES: usize = 10_000;

/// The id of a new trace.
pub(super) fn trace_id(text: &str) -> Result<TraceId, Failure> {
    Ok(TraceId::parse(text)?)
}

/// The id of a trace that exists. What cannot be one is not found.
pub fn existing_trace_id(text: &str) -> Result<TraceId, Failure> {
    TraceId::parse(text)
        .map_err(|_| Failure::new(ErrorCode::ResourceDoesNotExist, format!("Trace with ID '{text}' not found.")))
}

/// `POST traces`, version 3.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StartTrace {
    /// Required.
    #[serde(deserialize_with = "object")]
    pub trace: Option<TraceOfInfo>,
}

impl StartTrace {
    /// What is thought of the trace already.
    pub fn take_assessments(&mut self) -> Vec<CreateAssessment> {
        let info = self.trace.as_mut().and_then(|trace| trace.trace_info.as_mut());
        let told = info.and_then(|info| info.assessments.take()).unwrap_or_default();
        told.into_iter().map(|assessment| CreateAssessment { assessment: Some(assessment) }).collect()
    }

    /// What to write.
    pub fn checked(self) -> Result<NewTrace, Failure> {
        let trace = self.trace.ok_or_else(|| missing("trace"))?;
        trace.trace_info.unwrap_or_default().checked()
    }
}

/// `GET traces/get`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GetTrace {
    /// Required.
    #[serde(alias = "traceId")]
    pub trace_id: Option<String>,
    /// Whether spans may be missing.
    #[serde(alias = "allowPartial")]
    pub allow_partial: Option<Flag>,
}

impl GetTrace {
    /// Which trace, and whether spans may be missing.
    pub fn checked(self) -> Result<(TraceId, bool), Failure> {
        let id = required(self.trace_id, "trace_id")?;
        let absent = |_| Failure::new(ErrorCode::ResourceDoesNotExist, format!("Trace with ID {id} is not found."));
        let allow_partial = self.allow_partial.unwrap_or_default().0;
        TraceId::parse(&id).map(|id| (id, allow_partial)).map_err(absent)
    }
}

/// `GET traces/batchGet`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BatchGetTraces {
    /// Required.
    #[serde(alias = "traceIds")]
    pub trace_ids: Option<Texts>,
    /// Only traces of these.
    #[serde(alias = "experimentIds")]
    pub experiment_ids: Option<Texts>,
}

impl BatchGetTraces {
    /// Which traces, of which experiments.
    pub fn checked(self) -> Result<(Vec<TraceId>, Option<Vec<ExperimentId>>), Failure> {
        let ids = self.trace_ids.ok_or_else(|| missing("trace_ids"))?;
        Ok((trace_ids(&ids.0, "trace_ids")?, experiments(self.experiment_ids)?))
    }
}

/// `POST traces/batchGetInfos`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BatchGetTraceInfos {
    /// Required.
    #[serde(alias = "traceIds")]
    pub trace_ids: Option<Vec<String>>,
    /// Only traces of these.
    #[serde(alias = "experimentIds")]
    pub experiment_ids: Option<Vec<String>>,
}

impl BatchGetTraceInfos {
    /// Which traces, of which experiments.
    pub fn checked(self) -> Result<(Vec<TraceId>, Option<Vec<ExperimentId>>), Failure> {
        let ids = required(self.trace_ids, "trace_ids")?;
        Ok((trace_ids(&ids, "trace_ids")?, experiments(self.experiment_ids.map(Texts))?))
    }
}

fn experiments(ids: Option<Texts>) -> Result<Option<Vec<ExperimentId>>, Failure> {
    ids.map(|ids| ids.0.iter().map(|id| experiment_id(id)).collect()).transpose()
}

/// Ids to look up. What cannot be an id is none of a trace.
pub(super) fn trace_ids(texts: &[String], parameter: &str) -> Result<Vec<TraceId>, Failure> {
    if texts.len() > MAX_TRACES {
        let n = texts.len();
        return Err(Failure::invalid(format!("'{parameter}' names {n} traces, at most {MAX_TRACES} are allowed")));
    }
    Ok(texts.iter().filter_map(|text| TraceId::parse(text).ok()).collect())
}

/// `PATCH traces/<id>/tags`, and without a value `DELETE traces/<id>/tags`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TraceTag {
    /// Required.
    pub key: Option<CompactString>,
    /// Absent counts as empty.
    pub value: Option<String>,
}

impl TraceTag {
    /// The change that sets the tag.
    pub fn set(self) -> Result<TraceChange, Failure> {
        let key = required(self.key, "key")?;
        if SERVER_TAGS.contains(&key.as_str()) {
            return Err(Failure::invalid(format!("Tag '{key}' is immutable and cannot be set on a trace.")));
        }
        let (key, value) = tag(key, self.value.unwrap_or_default())?;
        if key.as_str() == NAME_TAG {
            return Ok(TraceChange::SetName(facts::name(value)?));
        }
        Ok(TraceChange::SetTag(trackside_core::Tag { key, value }))
    }

    /// The change that removes the tag.
    pub fn delete(self) -> Result<TraceChange, Failure> {
        let key = required(self.key, "key")?;
        if SERVER_TAGS.contains(&key.as_str()) && key != FAILURE_TAG {
            return Err(Failure::invalid(format!("Tag '{key}' is immutable and cannot be deleted on a trace.")));
        }
        let key = Key::new(key)?;
        Ok(if key.as_str() == NAME_TAG { TraceChange::DeleteName(key) } else { TraceChange::DeleteTag(key) })
    }
}

/// Checks a tag; a long value is cut.
pub(crate) fn tag(key: CompactString, value: String) -> Result<(Key, String), Failure> {
    let key = names::key(key, "key")?;
    names::max_chars(key.as_str(), MAX_KEY_CHARS, "key")?;
    Ok((key, names::truncated(value, MAX_TAG_CHARS)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{TraceFound, request::from_value};

    fn trace(info: &Value) -> Result<NewTrace, Failure> {
        from_value::<StartTrace>(&json!({"trace": {"trace_info": info}}))?.checked()
    }

    fn located(mut info: Value) -> Value {
        info["trace_location"] = json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "1"}});
        info
    }

    #[test]
    fn what_mlflow_keeps_in_columns_are_fields() {
        let new = trace(&located(json!({
            "trace_id": "tr-1", "request_time": "2025-01-02T03:04:05Z", "execution_duration": "1.5s", "state": 2,
            "trace_metadata": {"mlflow.trace.session": "s", "mlflow.trace.tokenUsage": "{\"input_tokens\": 1}",
                "mlflow.trace.infoFinalized": "no", "a": "b"},
            "tags": {"mlflow.traceName": "n", "mlflow.artifactLocation": "file:///", "c": "d"},
        })))
        .unwrap();
        assert_eq!((new.state, new.duration), (trackside_core::TraceState::Error, Some(1500)));
        assert_eq!((new.facts.name.as_deref(), new.facts.session.as_deref()), (Some("n"), Some("s")));
        assert_eq!(new.facts.usage.tokens[0], Some(1));
        assert_eq!((new.facts.metadata.len(), new.facts.tags.len()), (1, 1));
    }

    #[test]
    fn a_trace_needs_an_id_and_a_place() {
        for bad in [
            json!({}),
            json!({"trace_id": "a"}),
            located(json!({})),
            located(json!({"trace_id": ""})),
            located(json!({"trace_id": "../a"})),
            located(json!({"trace_id": "a", "request_time": "x"})),
            located(json!({"trace_id": "a", "tags": {"k": 5}})),
        ] {
            assert!(trace(&bad).is_err(), "{bad}");
        }
        let refused = from_value::<StartTrace>(&json!({})).unwrap().checked().unwrap_err();
        assert!(refused.message.contains("parameter 'trace'"), "{}", refused.message);
    }

    #[test]
    fn long_texts_are_shown_cut() {
        let new = trace(&located(json!({
            "trace_id": "tr-1", "trace_metadata": {"k": "v".repeat(300)}, "tags": {"t".repeat(300): "v".repeat(5000)},
        })))
        .unwrap();
        let stored = trackside_core::Trace {
            id: new.id,
            experiment: new.experiment,
            client_request_id: None,
            name: None,
            session: None,
            requested_at: new.requested_at,
            duration: None,
            state: new.state,
            request_preview: None,
            response_preview: None,
            usage: new.facts.usage,
            artifact_uri: "x".to_owned(),
            is_described: true,
            metadata: new.facts.metadata,
            tags: new.facts.tags,
            assessments: Vec::new(),
        };
        let shown = serde_json::to_value(TraceFound::from(stored)).unwrap();
        let info = &shown["trace"]["trace_info"];
        assert_eq!(info["trace_metadata"]["k"].as_str().map(str::len), Some(250));
        assert_eq!(info["trace_metadata"]["mlflow.trace.infoFinalized"], "true");
        assert_eq!(info["tags"]["t".repeat(250)].as_str().map(str::len), Some(4096));
        assert_eq!(info["request_time"], "1970-01-01T00:00:00Z");
    }

    #[test]
    fn tags_of_the_server_are_its_own() {
        let tag = |key: &str| TraceTag { key: Some(key.into()), value: Some("v".to_owned()) };
        assert!(tag("mlflow.trace.spansLocation").set().is_err());
        assert!(tag("mlflow.trace.spansLocation").delete().is_err());
        assert!(tag("mlflow.trace.archivalFailure").delete().is_ok());
        assert_eq!(tag(NAME_TAG).set().unwrap(), TraceChange::SetName("v".to_owned()));
        assert!(tag("a?").set().is_err() && tag("a?").delete().is_ok());
    }
}
