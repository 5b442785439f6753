//! Logged models: MLflow 3's record of a model a run made, before any registration.

use crate::{ExperimentId, Key, LoggedModelId, Param, Point, RunId, Tag, Timestamp};

/// How far a logged model has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LoggedModelStatus {
    /// Its files are being uploaded.
    Pending,
    /// Complete.
    Ready,
    /// Its upload failed.
    Failed,
}

impl LoggedModelStatus {
    /// All, in MLflow's numbering from 1.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Ready, Self::Failed];

    /// The name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Ready => "READY",
            Self::Failed => "UPLOAD_FAILED",
        }
    }

    /// The status of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// A logged model.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedModel {
    /// Unique.
    pub id: LoggedModelId,
    /// Where it belongs.
    pub experiment: ExperimentId,
    /// Label; need not be unique.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its status last changed or it was deleted; tags and params do not count.
    pub updated_at: Timestamp,
    /// URI of its files.
    pub artifact_uri: String,
    /// How far it has come.
    pub status: LoggedModelStatus,
    /// Free text, e.g. `Agent`; may be empty.
    pub model_type: String,
    /// The run that made it.
    pub source_run: Option<RunId>,
    /// Sorted by key.
    pub tags: Vec<Tag>,
    /// Sorted by key.
    pub params: Vec<Param>,
    /// Points that name this model, all of them, in the order (key, time, step).
    pub metrics: Vec<ModelMetric>,
}

/// A point that measures a logged model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelMetric {
    /// Which metric.
    pub key: Key,
    /// The measurement.
    pub point: Point,
    /// The run that measured it.
    pub run: RunId,
    /// Name and digest of the dataset it was measured on.
    pub dataset: Option<(String, String)>,
}

/// What is needed to create a logged model. It starts `Pending`.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLoggedModel {
    /// Chosen by the caller.
    pub id: LoggedModelId,
    /// Must exist (`NotFound`) and be active (`Conflict`).
    pub experiment: ExperimentId,
    /// Label.
    pub name: String,
    /// When.
    pub created_at: Timestamp,
    /// URI of its files.
    pub artifact_uri: String,
    /// Free text; may be empty.
    pub model_type: String,
    /// The run that made it; need not exist.
    pub source_run: Option<RunId>,
    /// First tags; a key given twice keeps the last value.
    pub tags: Vec<Tag>,
    /// Params; a key given twice is `Invalid`.
    pub params: Vec<Param>,
}

/// One change of a logged model.
#[derive(Debug, Clone, PartialEq)]
pub enum LoggedModelChange {
    /// Sets the status.
    Status(LoggedModelStatus),
    /// Sets tags.
    SetTags(Vec<Tag>),
    /// Removes a tag, which must exist (`NotFound`).
    DeleteTag(Key),
    /// Adds params; a known key is `Conflict`.
    AddParams(Vec<Param>),
    /// Puts it in the bin; harmless when it is there.
    Delete,
}
