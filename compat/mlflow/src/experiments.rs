//! `/mlflow/experiments/*`.

use axum::{Json, routing::get, routing::post};
use trackside_core::{ErrorKind, ExperimentChange};
use trackside_mlflow_wire::{self as wire, ErrorCode, Failure, request::required};

use crate::{Door, error::Answer, params::Params, routes::Routes, system::Empty};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/mlflow/experiments/create", post(create))
        .route("/mlflow/experiments/get", get(by_id))
        .route("/mlflow/experiments/get-by-name", get(by_name))
        .route("/mlflow/experiments/search", get(search).post(search))
        // What clients before 2.0 search with.
        .route("/mlflow/experiments/list", get(search))
        .route("/mlflow/experiments/delete", post(delete))
        .route("/mlflow/experiments/restore", post(restore))
        .route("/mlflow/experiments/update", post(update))
        .route("/mlflow/experiments/set-experiment-tag", post(set_tag))
        .route("/mlflow/experiments/delete-experiment-tag", post(delete_tag))
}

/// What only the web UI asks for.
pub(crate) fn ui_routes() -> Routes {
    Routes::new().route("/mlflow/experiments/search-datasets", post(search_datasets))
}

async fn create(door: Door, Params(body): Params<wire::CreateExperiment>) -> Answer<wire::ExperimentCreated> {
    let (name, location, tags) = body.checked()?;
    let created = door.service.create_experiment(name, location, tags).await?;
    Ok(Json(wire::ExperimentCreated { experiment_id: created.id.to_string() }))
}

async fn by_id(door: Door, Params(query): Params<wire::ExperimentById>) -> Answer<wire::ExperimentFound> {
    let experiment = door.service.experiment(query.checked()?).await?;
    Ok(Json(wire::ExperimentFound { experiment: experiment.into() }))
}

async fn by_name(door: Door, Params(query): Params<wire::ExperimentByName>) -> Answer<wire::ExperimentFound> {
    let name = required(query.experiment_name, "experiment_name")?;
    let found = door.service.experiment_by_name(&name).await?;
    let absent =
        || Failure::new(ErrorCode::ResourceDoesNotExist, format!("Could not find experiment with name '{name}'"));
    Ok(Json(wire::ExperimentFound { experiment: found.ok_or_else(absent)?.into() }))
}

async fn search(door: Door, Params(body): Params<wire::SearchExperiments>) -> Answer<wire::ExperimentsFound> {
    let (query, page) = body.checked()?;
    Ok(Json(door.service.search_experiments(query, page).await?.into()))
}

async fn delete(door: Door, Params(body): Params<wire::ExperimentById>) -> Answer<Empty> {
    door.service.change_experiment(body.checked()?, ExperimentChange::Delete).await?;
    Ok(Json(Empty {}))
}

async fn restore(door: Door, Params(body): Params<wire::ExperimentById>) -> Answer<Empty> {
    door.service.change_experiment(body.checked()?, ExperimentChange::Restore).await?;
    Ok(Json(Empty {}))
}

/// MLflow answers 500 when the experiment is deleted, which its client retries for minutes; here it is 400.
async fn update(door: Door, Params(body): Params<wire::UpdateExperiment>) -> Answer<Empty> {
    let (id, name) = body.checked()?;
    let renamed = door.service.change_experiment(id, ExperimentChange::Rename(name)).await;
    renamed.map_err(|error| match error.kind() {
        ErrorKind::Conflict => Failure::new(ErrorCode::BadRequest, "Cannot rename a non-active experiment."),
        ErrorKind::AlreadyExists => Failure::from(error).with_code(ErrorCode::BadRequest),
        _ => error.into(),
    })?;
    Ok(Json(Empty {}))
}

async fn set_tag(door: Door, Params(body): Params<wire::ExperimentTag>) -> Answer<Empty> {
    let (id, tag) = body.checked()?;
    door.service.change_experiment(id, ExperimentChange::SetTag(tag)).await?;
    Ok(Json(Empty {}))
}

async fn delete_tag(door: Door, Params(body): Params<wire::ExperimentTag>) -> Answer<Empty> {
    let (id, tag) = body.checked()?;
    door.service.change_experiment(id, ExperimentChange::DeleteTag(tag.key)).await?;
    Ok(Json(Empty {}))
}

async fn search_datasets(door: Door, Params(body): Params<wire::SearchDatasets>) -> Answer<wire::DatasetsFound> {
    let found = door.service.search_datasets(body.checked()?, wire::MAX_DATASET_SUMMARIES).await?;
    Ok(Json(found.into()))
}
