//! A trace without its spans, in version 3.

use serde::{Deserialize, Serialize};
use trackside_core::{self as core, NewTrace, TraceState};

use super::{
    Assessment, Pairs, facts,
    instant::{Elapsed, Instant},
    requests::trace_id,
};
use crate::{
    Choice, Failure,
    experiment::experiment_id,
    object::{object, objects},
    request::missing,
    search::python,
};

/// The states, numbered from one; zero is none of them.
const STATES: [(&str, TraceState); 3] =
    [("OK", TraceState::Ok), ("ERROR", TraceState::Error), ("IN_PROGRESS", TraceState::InProgress)];

/// Types of locations, numbered from one. Of a trace there is only the first.
const LOCATIONS: [(&str, &str); 2] =
    [("MLFLOW_EXPERIMENT", "MLFLOW_EXPERIMENT"), ("INFERENCE_TABLE", "INFERENCE_TABLE")];

/// A trace without its spans.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TraceInfo {
    /// Chosen by the client.
    #[serde(alias = "traceId", skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// What the application calls the request.
    #[serde(alias = "clientRequestId", skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<String>,
    /// Where it belongs.
    #[serde(alias = "traceLocation", deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub trace_location: Option<Location>,
    /// Beginning of the request.
    #[serde(alias = "requestPreview", skip_serializing_if = "Option::is_none")]
    pub request_preview: Option<String>,
    /// Beginning of the response.
    #[serde(alias = "responsePreview", skip_serializing_if = "Option::is_none")]
    pub response_preview: Option<String>,
    /// When the request came.
    #[serde(alias = "requestTime", skip_serializing_if = "Option::is_none")]
    pub request_time: Option<Instant>,
    /// How long it took.
    #[serde(alias = "executionDuration", skip_serializing_if = "Option::is_none")]
    pub execution_duration: Option<Elapsed>,
    /// How far it has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Choice>,
    /// Written once, as clients mean it.
    #[serde(alias = "traceMetadata", skip_serializing_if = "Pairs::is_empty")]
    pub trace_metadata: Pairs,
    /// Mutable.
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    pub tags: Pairs,
    /// What is thought of it.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub assessments: Option<Vec<Assessment>>,
}

/// Where a trace belongs.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Location {
    /// `MLFLOW_EXPERIMENT`; others are of hosted services.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Choice>,
    /// The experiment.
    #[serde(alias = "mlflowExperiment", deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub mlflow_experiment: Option<MlflowExperiment>,
}

impl Location {
    /// The experiment, which must be there, and be what the type says.
    fn experiment(self) -> Result<String, Failure> {
        let experiment = self.mlflow_experiment.and_then(|experiment| experiment.experiment_id);
        let experiment =
            experiment.ok_or_else(|| missing("trace.trace_info.trace_location.mlflow_experiment.experiment_id"))?;
        match self.kind.as_ref().and_then(|kind| kind.among(LOCATIONS)).unwrap_or("TRACE_LOCATION_TYPE_UNSPECIFIED") {
            "MLFLOW_EXPERIMENT" => Ok(experiment),
            kind => Err(Failure::invalid(format!(
                "Trace location type TraceLocationType.{kind} does not match the provided location \
                 MlflowExperimentLocation(experiment_id={}).",
                python::text(&experiment)
            ))),
        }
    }
}

/// An experiment as a location.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MlflowExperiment {
    /// A decimal number.
    #[serde(alias = "experimentId", skip_serializing_if = "Option::is_none")]
    pub experiment_id: Option<String>,
}

impl TraceInfo {
    /// What to write; where its files are is up to the service. Of MLflow's requests the id may be empty and the
    /// location must not be missing; here both must be there.
    pub(super) fn checked(self) -> Result<NewTrace, Failure> {
        let id = self.trace_id.filter(|id| !id.is_empty()).ok_or_else(|| missing("trace.trace_info.trace_id"))?;
        let experiment = self.trace_location.unwrap_or_default().experiment()?;
        Ok(NewTrace {
            id: trace_id(&id)?,
            experiment: experiment_id(&experiment)?,
            client_request_id: self.client_request_id,
            requested_at: self.request_time.unwrap_or_default().0,
            duration: self.execution_duration.map(|Elapsed(millis)| millis),
            state: self.state.and_then(|state| state.among(STATES)).unwrap_or(TraceState::Unspecified),
            request_preview: self.request_preview,
            response_preview: self.response_preview,
            is_described: true,
            artifact_uri: String::new(),
            facts: facts::facts(self.trace_metadata, self.tags)?,
        })
    }
}

impl From<core::Trace> for TraceInfo {
    fn from(mut trace: core::Trace) -> Self {
        let experiment = MlflowExperiment { experiment_id: Some(trace.experiment.to_string()) };
        let assessments: Vec<_> = trace.assessments.drain(..).map(Assessment::from).collect();
        let assessments = Some(assessments).filter(|assessments| !assessments.is_empty());
        Self {
            trace_metadata: facts::shown_metadata(&mut trace),
            tags: facts::shown_tags(&mut trace),
            trace_id: Some(trace.id.to_string()),
            client_request_id: trace.client_request_id,
            trace_location: Some(Location {
                kind: Some(Choice::Name("MLFLOW_EXPERIMENT".to_owned())),
                mlflow_experiment: Some(experiment),
            }),
            request_preview: trace.request_preview,
            response_preview: trace.response_preview,
            request_time: Some(Instant(trace.requested_at)),
            execution_duration: trace.duration.map(Elapsed),
            state: Some(Choice::Name(trace.state.as_str().to_owned())),
            assessments,
        }
    }
}

/// A trace of which only the info is told.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TraceOfInfo {
    /// Required.
    #[serde(alias = "traceInfo", deserialize_with = "object")]
    pub trace_info: Option<TraceInfo>,
}

/// Answer to one trace.
#[derive(Debug, Serialize)]
pub struct TraceFound {
    /// The trace.
    pub trace: TraceOfInfo,
}

impl From<core::Trace> for TraceFound {
    fn from(trace: core::Trace) -> Self {
        Self { trace: TraceOfInfo { trace_info: Some(trace.into()) } }
    }
}

/// Answer of `traces/batchGetInfos`.
#[derive(Debug, Serialize)]
pub struct TraceInfosFound {
    /// Absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trace_infos: Vec<TraceInfo>,
}

impl From<Vec<core::Trace>> for TraceInfosFound {
    fn from(traces: Vec<core::Trace>) -> Self {
        Self { trace_infos: traces.into_iter().map(TraceInfo::from).collect() }
    }
}
