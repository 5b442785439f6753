//! Datasets that runs read, and models that runs read or write.

use crate::{ExperimentId, Key, LoggedModelId, Tag};

/// A dataset, identified within an experiment by name and digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// What it is called.
    pub name: Key,
    /// Digest as the client computed it.
    pub digest: String,
    /// Kind of source, e.g. `local`, `http`, `code`.
    pub source_type: String,
    /// Where it comes from, usually JSON.
    pub source: String,
    /// Columns, usually JSON.
    pub schema: Option<String>,
    /// Statistics, usually JSON.
    pub profile: Option<String>,
}

/// A dataset as input of a run. One edge per run and dataset; the first writer's tags stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetInput {
    /// What was read. The first writer's source, schema and profile stay.
    pub dataset: Dataset,
    /// E.g. `mlflow.data.context` = `training`.
    pub tags: Vec<Tag>,
}

/// A dataset in one of the contexts in which runs of an experiment have read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetSummary {
    /// Whose runs read it.
    pub experiment: ExperimentId,
    /// What it is called.
    pub name: Key,
    /// Digest as the client computed it.
    pub digest: String,
    /// The value of the input's tag `mlflow.data.context`.
    pub context: Option<String>,
}

/// A logged model as output of a run. One edge per run and model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelOutput {
    /// Which model.
    pub model: LoggedModelId,
    /// The step at which it was made.
    pub step: i64,
}
