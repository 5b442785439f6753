//! Tags at the server that are ours, and those whose value is an id.

/// Tag of a run: its id at the source.
pub(crate) const RUN: &str = "trackside.run_id";
/// Tag of a run: the id of the run above it at the source.
pub(crate) const PARENT: &str = "trackside.parent_run_id";
/// Tag of a logged model: its id at the source.
pub(crate) const MODEL: &str = "trackside.model_id";
/// Tag of a logged model: the run that made it, by its id at the source, where the server did not know it yet.
pub(crate) const SOURCE_RUN: &str = "trackside.source_run_id";
/// Tag of a model version: its number at the source.
pub(crate) const VERSION: &str = "trackside.version";
/// Tag of a model version: the last stage it had of those that the server does not know.
pub(crate) const STAGE: &str = "trackside.stage";
/// MLflow's tag of a run for the id of the run above it.
pub(crate) const MLFLOW_PARENT: &str = "mlflow.parentRunId";

/// Whether a source's tag of this name would stand in the way of ours.
pub(crate) fn is_ours(key: &str) -> bool {
    [RUN, PARENT, MODEL, SOURCE_RUN, VERSION].contains(&key)
}

/// A filter for what has this value of a tag. Ids have no quotes.
pub(crate) fn filter(key: &str, id: &str) -> String {
    format!("tags.`{key}` = '{id}'")
}
