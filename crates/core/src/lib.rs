//! The domain of Trackside: what runs, metrics and models are, how they are searched, and the traits of
//! those who store or mirror them.
//!
//! No I/O and no runtime: stores implement [`Store`], destinations implement [`TrackerInterface`], both in
//! crates of their own. Words are those of the field; what a protocol calls them is its wire crate's business.
//!
//! # Adding to it
//!
//! A new kind of thing gets a module for its type, its `New…` and its `…Change`, and a trait in [`store`] of the
//! same shape as the others. A new thing that happens to runs is a variant of [`Event`] and, when destinations
//! may be unable to represent it, a flag of [`Capability`].

#![warn(missing_docs)]

mod api_key;
mod artifact;
mod artifact_source;
mod assessment;
mod batch;
mod bundle;
mod capability;
mod clock;
mod dataset;
mod error;
mod evaluation;
mod experiment;
pub mod fault;
mod hook_message;
mod id;
mod instant;
mod json;
mod key;
pub mod ledger;
mod logged_model;
mod metric;
mod promotion;
pub mod query;
mod registry;
mod run;
mod run_record;
mod scorer;
mod span;
pub mod store;
mod store_tracker;
pub mod stored;
mod sweep;
mod timestamp;
mod trace;
mod tracker;
mod webhook;

pub use api_key::{ApiKey, KeyDigest};
pub use artifact::{ArtifactEntry, ArtifactPath};
pub use artifact_source::{ArtifactBytes, ArtifactSource};
pub use assessment::{
    Assessment, AssessmentChange, AssessmentError, AssessmentId, AssessmentKind, AssessmentUpdate, AssessorKind,
    Judgement, NewAssessment,
};
pub use batch::{
    Batch, LoggedModelBatch, LoggedModelCreated, RegisteredModelBatch, RegistryEvent, RunBatch, RunStarted, Seq,
    Subject,
};
pub use bundle::{
    Bundle, BundleChange, BundleFile, BundleId, BundleNumber, BundleRelation, BundleState, Collection,
    CollectionChange, CollectionId, CollectionRole, Member, NewBundle, NewCollection, WhichMember,
};
pub use capability::{Capability, Kind, Withheld};
pub use clock::{Clock, IdSource, RandomIds, SystemClock};
pub use dataset::{Dataset, DatasetInput, DatasetSummary, ModelOutput};
pub use error::{Error, ErrorKind, Result, Retry};
pub use evaluation::{
    EvaluationDataset, EvaluationDatasetChange, EvaluationDatasetId, EvaluationRecord, EvaluationRecordId,
    EvaluationSchema, NewEvaluationDataset, NewEvaluationRecord, RecordSource, RecordSourceKind, Upserted,
};
pub use experiment::{ArtifactLocation, Experiment, ExperimentChange, Lifecycle, NewExperiment};
pub use hook_message::{HookAnswer, HookMessage, HookSender};
pub use id::{ExperimentId, LoggedModelId, RunId};
pub use instant::Instant;
pub use json::{Json, MAX_JSON_DEPTH, Object};
pub use key::{Key, KeyValue, MAX_KEY_BYTES, Param, Tag};
pub use logged_model::{LoggedModel, LoggedModelChange, LoggedModelStatus, ModelMetric, NewLoggedModel};
pub use metric::{LatestMetric, MetricPoint, MetricSubject, Point};
pub use promotion::{
    NewPromotion, Promotion, PromotionChange, PromotionEvent, PromotionId, PromotionState, PromotionStep, Target, Vote,
};
pub use query::{Page, PageRequest, PageToken, Query};
pub use registry::{
    ModelVersion, ModelVersionChange, NewModelVersion, NewRegisteredModel, RegisteredModel, RegisteredModelChange,
    Stage, VersionNumber,
};
pub use run::{Event, NewRun, Run, RunInfo, RunStatus, RunUpdate};
pub use run_record::{Document, Line, LineExtent, LineQuery, Lines, MAX_LINE_NUMBER, NumberedLine};
pub use scorer::{
    NewScorerVersion, OnlineScoring, ScorerChange, ScorerId, ScorerSchedule, ScorerVersion, WhichVersions,
};
pub use span::{Span, SpanStatus, SpanUsage, total_usage};
pub use store::Store;
pub use store_tracker::StoreTracker;
pub use sweep::{NewSweep, Sweep, SweepChange, SweepId, SweepState};
pub use timestamp::Timestamp;
pub use trace::{
    Cost, NewTrace, SpanBatch, Token, Trace, TraceChange, TraceFacts, TraceId, TraceLinks, TraceSelection, TraceState,
    Usage,
};
pub use tracker::{Delivered, Sending, TrackerInterface};
pub use webhook::{
    HookEvent, NewWebhook, PROMPT_TAG, Webhook, WebhookChange, WebhookId, WebhookSecret, WebhookStatus, WebhookUpdate,
    is_prompt, uuid,
};
