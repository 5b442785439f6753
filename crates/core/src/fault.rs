//! Faults that every store reports, so that they read alike whichever store answers.
//!
//! The wording is MLflow's (3.17.2) where its clients match on it; see the table of standard messages in
//! the protocol reference. Other protocols show the same texts.

use crate::{
    AssessmentId, AssessmentKind, BundleId, CollectionId, Error, ErrorKind, EvaluationDatasetId, ExperimentId, Key,
    Lifecycle, LoggedModelId, Promotion, PromotionId, RunId, Stage, SweepId, TraceId, VersionNumber, WebhookId,
    store::BinItem,
};

/// No experiment has this id.
pub fn experiment_not_found(id: ExperimentId) -> Error {
    Error::not_found(format!("No Experiment with id={id} exists"))
}

/// An experiment, deleted or not, has this name.
pub fn experiment_exists(name: &Key) -> Error {
    Error::already_exists(format!("Experiment(name={name}) already exists."))
}

/// The experiment must be in use for this.
pub fn experiment_not_active(id: ExperimentId) -> Error {
    Error::conflict(format!("The experiment {id} must be in the 'active' state. Current state is deleted."))
}

/// No run has this id.
pub fn run_not_found(id: &RunId) -> Error {
    Error::not_found(format!("Run with id={id} not found"))
}

/// A run has this id.
pub fn run_exists(id: &RunId) -> Error {
    Error::already_exists(format!("Run with id={id} already exists"))
}

/// The run must be in use for this.
pub fn run_not_active(id: &RunId) -> Error {
    Error::conflict(format!(
        "The run {id} must be in the 'active' state. Current state is {}.",
        Lifecycle::Deleted.as_str()
    ))
}

/// A param was written before with another value.
pub fn param_changed(run: &RunId, key: &Key, old: &str, new: &str) -> Error {
    Error::conflict(format!(
        "Changing param values is not allowed. Param with key='{key}' was already logged with value='{old}' \
         for run ID='{run}'. Attempted logging new value '{new}'."
    ))
}

/// No collection has this id.
pub fn collection_not_found(id: CollectionId) -> Error {
    Error::not_found(format!("no collection of artifacts has the id {id}"))
}

/// A collection of this experiment has this name.
pub fn collection_exists(name: &Key) -> Error {
    Error::already_exists(format!("a collection of artifacts is called '{name}' already"))
}

/// A collection of this name is of another kind, or holds something else.
pub fn collection_differs(name: &Key, kind: &Key) -> Error {
    Error::conflict(format!("the collection '{name}' exists and is not of type '{kind}'"))
}

/// No bundle that is not deleted has this id.
pub fn bundle_not_found(id: BundleId) -> Error {
    Error::not_found(format!("no artifact has the id {id}"))
}

/// Files of a bundle change only until it is committed.
pub fn bundle_not_pending(id: BundleId) -> Error {
    Error::conflict(format!("the artifact {id} is finished or deleted"))
}

/// Only whole bundles are linked.
pub fn bundle_not_committed(id: BundleId) -> Error {
    Error::conflict(format!("the artifact {id} is not finished"))
}

/// No sweep has this id.
pub fn sweep_not_found(id: &SweepId) -> Error {
    Error::not_found(format!("there is no sweep '{id}'"))
}

/// A sweep has this id.
pub fn sweep_exists(id: &SweepId) -> Error {
    Error::already_exists(format!("the sweep '{id}' exists already"))
}

/// The bundle is not in the collection.
pub fn not_a_member(id: BundleId, collection: CollectionId) -> Error {
    Error::not_found(format!("the artifact {id} is not in the collection {collection}"))
}

/// The run has no such tag.
pub fn run_tag_not_found(run: &RunId, key: &Key) -> Error {
    Error::not_found(format!("No tag with name: {key} in run with id {run}"))
}

/// The experiment has no such tag.
pub fn experiment_tag_not_found(experiment: ExperimentId, key: &Key) -> Error {
    Error::not_found(format!("No tag with name: {key} in experiment with id {experiment}"))
}

/// No logged model has this id.
pub fn logged_model_not_found(id: &LoggedModelId) -> Error {
    Error::not_found(format!("Logged model with ID '{id}' not found."))
}

/// The logged model has no such tag.
pub fn logged_model_tag_not_found(id: &LoggedModelId, key: &Key) -> Error {
    Error::not_found(format!("No tag with key '{key}' found for model with ID '{id}'."))
}

/// The logged model has this param.
pub fn logged_model_param_exists(id: &LoggedModelId, key: &Key) -> Error {
    Error::conflict(format!("Param with key '{key}' was already logged for model with ID '{id}'."))
}

/// No registered model has this name.
pub fn registered_model_not_found(name: &Key) -> Error {
    Error::not_found(format!("Registered Model with name={name} not found"))
}

/// A registered model has this name.
pub fn registered_model_exists(name: &Key) -> Error {
    Error::already_exists(format!("Registered Model (name={name}) already exists."))
}

/// The registered model has no such version.
pub fn model_version_not_found(model: &Key, number: VersionNumber) -> Error {
    Error::not_found(format!("Model Version (name={model}, version={number}) not found"))
}

/// The registered model has a version of this number.
pub fn model_version_exists(model: &Key, number: VersionNumber) -> Error {
    Error::already_exists(format!("Model Version (name={model}, version={number}) already exists."))
}

/// No stage of a model version has this name; `own` are those of the team.
pub fn unknown_stage(text: &str, own: &[Key]) -> Error {
    let known: Vec<&str> = Stage::ALL.iter().map(Stage::as_str).chain(own.iter().map(Key::as_str)).collect();
    Error::invalid(format!("Invalid Model Version stage: {text}. Value must be one of {}.", known.join(", ")))
}

/// There is no such promotion.
pub fn promotion_not_found(id: PromotionId) -> Error {
    Error::not_found(format!("there is no promotion {id}; `trackside models promotions` lists them"))
}

/// The promotion is no longer pending.
pub fn promotion_ended(promotion: &Promotion) -> Error {
    Error::conflict(format!("promotion {} is {} and can no longer be decided", promotion.id, promotion.state.as_str()))
}

/// What was found of a registered model is out of date.
pub fn registry_changed(model: &Key) -> Error {
    Error::conflict(format!("registered model '{model}' was changed while this change of it was looked at"))
}

/// Somebody has to be known for this.
pub fn nobody_in_particular() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "it is not known who asks: make a key with `trackside keys --create NAME`, and set MLFLOW_TRACKING_TOKEN to it",
    )
}

/// The registered model has no such alias.
pub fn alias_not_found(alias: &str) -> Error {
    Error::invalid(format!("Registered model alias {alias} not found."))
}

/// No trace has this id.
pub fn trace_not_found(id: &TraceId) -> Error {
    Error::not_found(format!("Trace with ID '{id}' not found."))
}

/// The trace has no such tag.
pub fn trace_tag_not_found(id: &TraceId, key: &Key) -> Error {
    Error::not_found(format!("No trace tag with key '{key}' for trace with ID '{id}'"))
}

/// No webhook has this id.
pub fn webhook_not_found(id: &WebhookId) -> Error {
    Error::not_found(format!("Webhook with ID {id} not found."))
}

/// A webhook has this id.
pub fn webhook_exists(id: &WebhookId) -> Error {
    Error::already_exists(format!("Webhook with ID {id} already exists."))
}

/// It is on its way out and cannot be restored.
pub fn doomed(item: &BinItem) -> Error {
    Error::conflict(format!("The {item} is being removed for good and cannot be restored."))
}

/// It must be in the bin for this.
pub fn not_in_bin(item: &BinItem) -> Error {
    Error::conflict(match item {
        BinItem::Run(id) => format!(
            "Run {id} is not in `deleted` lifecycle stage. Only runs in `deleted` lifecycle stage can be deleted."
        ),
        BinItem::LoggedModel(id) => format!(
            "Logged model {id} is not in `deleted` lifecycle stage. Only logged models in `deleted` lifecycle stage can be \
             deleted."
        ),
        BinItem::Experiment(id) => format!(
            "Experiments ['{id}'] are not in the deleted lifecycle stage. Only experiments in the deleted lifecycle stage \
             can be hard-deleted."
        ),
    })
}

/// It must have been in the bin for longer.
pub fn too_young(item: &BinItem) -> Error {
    Error::conflict(format!("The {item} has not been deleted for long enough."))
}

/// It must be empty for this.
pub fn experiment_not_empty(id: ExperimentId) -> Error {
    Error::conflict(format!("The experiment {id} still has runs or logged models."))
}

/// The experiment has no scorer of this name, or none with versions.
pub fn scorer_not_found(experiment: ExperimentId, name: &Key) -> Error {
    Error::not_found(format!("Scorer with name '{name}' not found for experiment {experiment}."))
}

/// The scorer has no such version.
pub fn scorer_version_not_found(experiment: ExperimentId, name: &Key, number: i64) -> Error {
    Error::not_found(format!("Scorer with name '{name}' and version {number} not found for experiment {experiment}."))
}

/// No evaluation dataset has this id.
pub fn evaluation_dataset_not_found(id: &EvaluationDatasetId) -> Error {
    Error::not_found(format!("Evaluation dataset with id '{id}' not found"))
}

/// The same, when tags are set.
pub fn tagged_evaluation_dataset_not_found(id: &EvaluationDatasetId) -> Error {
    Error::not_found(format!("Could not find evaluation dataset with ID {id}"))
}

/// The same, when experiments are added or removed.
pub fn moved_evaluation_dataset_not_found(id: &EvaluationDatasetId) -> Error {
    Error::not_found(format!("Dataset '{id}' not found"))
}

/// An evaluation dataset has this id.
pub fn evaluation_dataset_exists(id: &EvaluationDatasetId) -> Error {
    Error::already_exists(format!("Evaluation dataset with id '{id}' already exists"))
}

/// An evaluation dataset is to belong to an experiment that does not exist.
pub fn no_such_experiment(id: impl std::fmt::Display) -> Error {
    Error::not_found(format!("No Experiment with id={id}"))
}

/// The trace has no such assessment.
pub fn assessment_not_found(trace: &TraceId, id: &AssessmentId) -> Error {
    Error::not_found(format!("Assessment with ID '{id}' not found for trace '{trace}'"))
}

/// No trace has this id, when an assessment of it is looked up.
pub fn assessed_trace_not_found(id: &TraceId) -> Error {
    Error::not_found(format!("Trace with request_id '{id}' not found"))
}

/// An assessment has this id.
pub fn assessment_exists(id: &AssessmentId) -> Error {
    Error::already_exists(format!("Assessment with ID '{id}' already exists."))
}

/// An assessment is to say what is of another kind, namely this one.
pub fn other_judgement(kind: AssessmentKind) -> Error {
    Error::conflict(match kind {
        AssessmentKind::Expectation => "Cannot update expectation value on a Feedback assessment.",
        AssessmentKind::Feedback => "Cannot update feedback value on an Expectation assessment.",
        AssessmentKind::Issue => "Cannot update an issue on another assessment.",
    })
}

/// A key is given twice where it may not be.
pub fn duplicate_key(what: &str, key: &Key) -> Error {
    Error::invalid(format!("{what} '{key}' is given more than once"))
}

/// A page token that no store made.
pub fn invalid_page_token() -> Error {
    Error::new(ErrorKind::Invalid, "Invalid page token, could not base64-decode")
}
