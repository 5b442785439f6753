//! Traces: shapes of `/mlflow/traces/*`, both versions, and their conversions.
//!
//! The tags `mlflow.traceName` and `mlflow.artifactLocation` and the metadata for session, tokens, cost and for being
//! described as a whole are fields of core's trace in other clothes (`facts.rs`). MLflow does the same with most of them.
//!
//! Elsewhere: spans and how they arrive (`otlp`), filters (`search/traces.rs`).

mod assessment;
mod assessment_requests;
mod correlation;
mod delete_traces;
pub(crate) mod facts;
mod info;
mod info_v2;
mod instant;
mod links;
mod metric_kind;
mod metrics;
mod pairs;
mod requests;
mod search;
mod trace_artifact;
mod usage;

pub use assessment::{
    Assessment, AssessmentError, AssessmentFound, AssessmentSource, Expectation, Feedback, IssueRef, SerializedValue,
};
pub use assessment_requests::{CreateAssessment, UpdateAssessment};
pub use correlation::{CorrelateFilters, FilterCorrelation};
pub use delete_traces::{DeleteTraces, TracesDeleted};
pub use info::{Location, MlflowExperiment, TraceFound, TraceInfo, TraceInfosFound, TraceOfInfo};
pub use info_v2::{EndTrace, StartTraceV2, TraceFoundV2, TraceInfoV2};
pub use instant::{Elapsed, Instant};
pub use links::{LinkPrompts, LinkTracesToRun, PromptVersionRef};
pub use metrics::{
    MetricAggregation, MetricDataPoint, MetricQuestion, QueryTraceMetrics, ShownMetric, TraceMetricsFound,
};
pub use pairs::Pairs;
pub(crate) use requests::tag;
pub use requests::{BatchGetTraceInfos, BatchGetTraces, GetTrace, StartTrace, TraceTag, existing_trace_id};
pub use search::{SearchTraces, SearchTracesV2, TraceSearch, TracesFound, TracesFoundV2, TracesFoundV3};
pub use trace_artifact::{GetTraceArtifact, TraceArtifact};
pub(crate) use usage::{cost, tokens, written_cost, written_tokens};

/// The tag that says where the spans of a trace are.
pub(crate) const SPANS_LOCATION: &str = "mlflow.trace.spansLocation";
/// Here.
pub(crate) const TRACKING_STORE: &str = "TRACKING_STORE";
/// Metadata with the number of spans.
pub(crate) const SIZE_STATS: &str = "mlflow.trace.sizeStats";
