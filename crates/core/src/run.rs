//! Runs: one execution of training code.

use crate::{
    ArtifactEntry, ArtifactPath, DatasetInput, Document, ExperimentId, Key, Kind, LatestMetric, Lifecycle, Lines,
    LoggedModelId, ModelOutput, Param, RunId, Tag, Timestamp,
};

/// How a run stands. Any status may follow any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// Going on.
    Running,
    /// Waiting to start.
    Scheduled,
    /// Ended well.
    Finished,
    /// Ended by an error.
    Failed,
    /// Ended from outside.
    Killed,
}

impl RunStatus {
    /// All, in MLflow's numbering from 1.
    pub const ALL: [Self; 5] = [Self::Running, Self::Scheduled, Self::Finished, Self::Failed, Self::Killed];

    /// The name, as stored and as MLflow writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Scheduled => "SCHEDULED",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
        }
    }

    /// The status of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// What is known of a run itself.
#[derive(Debug, Clone, PartialEq)]
pub struct RunInfo {
    /// Unique.
    pub id: RunId,
    /// Where it belongs.
    pub experiment: ExperimentId,
    /// Label; need not be unique.
    pub name: String,
    /// Who started it, as the client says; may be empty.
    pub user: String,
    /// How it stands.
    pub status: RunStatus,
    /// When it started, as the client says.
    pub started_at: Timestamp,
    /// When it ended, as the client says.
    pub ended_at: Option<Timestamp>,
    /// URI of its artifacts. Never changes.
    pub artifact_uri: String,
    /// In use or in the bin.
    pub lifecycle: Lifecycle,
}

/// A run with everything but its metric history.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Of the run itself.
    pub info: RunInfo,
    /// Latest point per metric, sorted by key.
    pub metrics: Vec<LatestMetric>,
    /// Sorted by key.
    pub params: Vec<Param>,
    /// Sorted by key.
    pub tags: Vec<Tag>,
    /// Datasets read, in the order they were logged.
    pub dataset_inputs: Vec<DatasetInput>,
    /// Models read, in the order they were logged.
    pub model_inputs: Vec<LoggedModelId>,
    /// Models made, in the order they were logged.
    pub model_outputs: Vec<ModelOutput>,
}

/// What is needed to create a run. It starts `Running` and `Active`.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Chosen by the caller, so that a repeated creation is an `AlreadyExists` and not a second run.
    pub id: RunId,
    /// Must exist (`NotFound`) and be active (`Conflict`).
    pub experiment: ExperimentId,
    /// Label.
    pub name: String,
    /// Who started it; may be empty.
    pub user: String,
    /// When it started.
    pub started_at: Timestamp,
    /// URI of its artifacts.
    pub artifact_uri: String,
    /// First tags; a key given twice is `Invalid`.
    pub tags: Vec<Tag>,
}

/// New values of some fields of a run; `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunUpdate {
    /// New status.
    pub status: Option<RunStatus>,
    /// New end.
    pub ended_at: Option<Timestamp>,
    /// New label.
    pub name: Option<String>,
}

/// One thing that happens to an existing run. What a store appends and a destination mirrors.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Writes params. Another value for a known key is a `Conflict`; the same value is harmless.
    Params(Vec<Param>),
    /// Sets params whatever they were; of a key given twice the last value stays.
    ParamsReplaced(Vec<Param>),
    /// Adds points; exact repetitions are harmless.
    Points(Vec<crate::MetricPoint>),
    /// Sets tags; of a key given twice the last value stays.
    Tags(Vec<Tag>),
    /// Removes a tag, which must exist (`NotFound`).
    TagDeleted(Key),
    /// Adds inputs; repetitions are harmless.
    DatasetInputs(Vec<DatasetInput>),
    /// Adds model inputs; repetitions are harmless.
    ModelInputs(Vec<LoggedModelId>),
    /// Adds model outputs; repetitions are harmless.
    ModelOutputs(Vec<ModelOutput>),
    /// Changes status, end or label.
    Updated(RunUpdate),
    /// The run goes on: its status is `Running`, and it has no end.
    Resumed,
    /// Keeps a document of the run in place of the one of that name. It is not mirrored.
    Document(Document),
    /// Keeps lines of the run. They are not mirrored.
    Lines(Lines),
    /// Puts the run in the bin; harmless when it is there.
    Deleted(Timestamp),
    /// Takes the run out of the bin; harmless when it is not there.
    Restored,
    /// A file was stored under this path, perhaps in place of another. Its bytes are not in the store: the event
    /// changes nothing there and is for those who mirror it.
    ArtifactStored(ArtifactEntry),
    /// A file or directory was removed. As above.
    ArtifactDeleted(ArtifactPath),
}

impl Event {
    /// Whether the run must be active for this event (`Conflict` otherwise).
    pub const fn needs_active(&self) -> bool {
        !matches!(self, Self::Deleted(_) | Self::Restored | Self::ArtifactStored(_) | Self::ArtifactDeleted(_))
    }

    /// What a destination must be able to represent for this event; `None` when all can.
    pub const fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Params(_) | Self::ParamsReplaced(_) => Kind::Params,
            Self::Points(_) => Kind::Points,
            Self::Tags(_) | Self::TagDeleted(_) => Kind::Tags,
            Self::DatasetInputs(_) => Kind::Datasets,
            Self::ModelInputs(_) | Self::ModelOutputs(_) => Kind::ModelLinks,
            Self::Deleted(_) | Self::Restored => Kind::Deletion,
            Self::ArtifactStored(_) | Self::ArtifactDeleted(_) => Kind::Artifacts,
            Self::Updated(_) | Self::Resumed | Self::Document(_) | Self::Lines(_) => return None,
        })
    }

    /// Whether destinations are told of it.
    pub const fn is_mirrored(&self) -> bool {
        !matches!(self, Self::Document(_) | Self::Lines(_))
    }

    /// How many params, points, tags or inputs it holds; one for anything else.
    pub const fn n_items(&self) -> usize {
        match self {
            Self::Params(params) | Self::ParamsReplaced(params) => params.len(),
            Self::Points(points) => points.len(),
            Self::Tags(tags) => tags.len(),
            Self::DatasetInputs(inputs) => inputs.len(),
            Self::ModelInputs(models) => models.len(),
            Self::ModelOutputs(outputs) => outputs.len(),
            _ => 1,
        }
    }
}
