//! What the server knows of a run: asked by a client before it resumes one, and before it changes its config.

use serde::{Deserialize, Serialize};

use crate::graphql::Operation;

/// Asks.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RunResumeStatus {
    /// Where the run is.
    pub project: String,
    /// Whose project that is.
    pub entity: Option<String>,
    /// Id of the run.
    pub name: String,
}

impl Operation for RunResumeStatus {
    const NAME: &'static str = "RunResumeStatus";
    const QUERY: &'static str = "\
query RunResumeStatus($project: String, $entity: String, $name: String!) { \
model(name: $project, entityName: $entity) { id name bucket(name: $name, missingOk: true) { \
id name config historyLineCount } } }";
    type Data = RunResumeStatusData;
}

/// The outcome.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RunResumeStatusData {
    /// The project; `None` when there is no such.
    pub model: Option<Model>,
}

/// A project.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Model {
    /// The run; `None` when there is no such.
    pub bucket: Option<KnownBucket>,
}

/// What is known of a run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownBucket {
    /// The whole [`crate::config::Document`] as text.
    pub config: Option<String>,
    /// How many rows of history there are.
    pub history_line_count: Option<u64>,
}
