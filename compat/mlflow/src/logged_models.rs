//! `/mlflow/logged-models` and below.

use axum::{
    Json,
    extract::Path,
    response::Response,
    routing::{delete, get, patch, post},
};
use http::HeaderMap;
use trackside_core::{Key, LoggedModelChange};
use trackside_mlflow_wire::{self as wire, logged_model_id};
use trackside_service::LoggedModelRequest;

use crate::{
    Door, download,
    error::{Answer, MlflowError},
    params::Params,
    routes::Routes,
    system::Empty,
};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/mlflow/logged-models", post(create))
        .route("/mlflow/logged-models/search", post(search))
        .route("/mlflow/logged-models/{id}", get(by_id).patch(finalize).delete(remove))
        .route("/mlflow/logged-models/{id}/tags", patch(set_tags))
        .route("/mlflow/logged-models/{id}/tags/{key}", delete(delete_tag))
        .route("/mlflow/logged-models/{id}/params", post(add_params))
        .route("/mlflow/logged-models/{id}/artifacts/directories", get(list_artifacts))
        .route("/mlflow/logged-models/{id}/artifacts/files", get(artifact))
}

async fn create(door: Door, Params(body): Params<wire::CreateLoggedModel>) -> Answer<wire::LoggedModelFound> {
    let wire::NewLoggedModel { experiment, name, model_type, source_run, params, tags } = body.checked()?;
    let request = LoggedModelRequest { experiment, name, model_type, source_run, tags, params };
    let model = door.service.create_logged_model(request).await?;
    Ok(Json(wire::LoggedModelFound { model: model.into() }))
}

async fn search(door: Door, Params(body): Params<wire::SearchLoggedModels>) -> Answer<wire::LoggedModelsFound> {
    let wire::LoggedModelSearch { experiments, query, page, scope } = body.checked()?;
    let found = door.service.search_logged_models(experiments, query, page).await?;
    Ok(Json(wire::LoggedModelsFound::of(&scope, found)))
}

async fn by_id(
    door: Door,
    Path(id): Path<String>,
    Params(query): Params<wire::GetLoggedModel>,
) -> Answer<wire::LoggedModelFound> {
    let model = door.service.logged_model(&logged_model_id(&id)?, query.checked()).await?;
    Ok(Json(wire::LoggedModelFound { model: model.into() }))
}

async fn finalize(
    door: Door,
    Path(id): Path<String>,
    Params(body): Params<wire::FinalizeLoggedModel>,
) -> Answer<wire::LoggedModelFound> {
    let id = logged_model_id(&id)?;
    door.service.change_logged_model(&id, LoggedModelChange::Status(body.checked(&id)?)).await?;
    let model = door.service.logged_model(&id, true).await?;
    Ok(Json(wire::LoggedModelFound { model: model.into() }))
}

async fn remove(door: Door, Path(id): Path<String>) -> Answer<Empty> {
    door.service.change_logged_model(&logged_model_id(&id)?, LoggedModelChange::Delete).await?;
    Ok(Json(Empty {}))
}

async fn set_tags(door: Door, Path(id): Path<String>, Params(body): Params<wire::SetLoggedModelTags>) -> Answer<Empty> {
    let change = LoggedModelChange::SetTags(body.checked()?);
    door.service.change_logged_model(&logged_model_id(&id)?, change).await?;
    Ok(Json(Empty {}))
}

async fn delete_tag(door: Door, Path((id, key)): Path<(String, String)>) -> Answer<Empty> {
    let change = LoggedModelChange::DeleteTag(Key::new(key)?);
    door.service.change_logged_model(&logged_model_id(&id)?, change).await?;
    Ok(Json(Empty {}))
}

async fn add_params(
    door: Door,
    Path(id): Path<String>,
    Params(body): Params<wire::LogLoggedModelParams>,
) -> Answer<Empty> {
    let id = logged_model_id(&id)?;
    door.service.change_logged_model(&id, LoggedModelChange::AddParams(body.checked(&id)?)).await?;
    Ok(Json(Empty {}))
}

async fn list_artifacts(
    door: Door,
    Path(id): Path<String>,
    Params(query): Params<wire::ListLoggedModelArtifacts>,
) -> Answer<wire::ArtifactsFound> {
    let directory = query.checked()?;
    let (root, entries) = door.service.list_model_artifacts(&logged_model_id(&id)?, &directory).await?;
    Ok(Json(wire::ArtifactsFound::below(root, entries)))
}

async fn artifact(
    door: Door,
    Path(id): Path<String>,
    headers: HeaderMap,
    Params(query): Params<wire::GetLoggedModelArtifact>,
) -> Result<Response, MlflowError> {
    let path = query.checked()?;
    let file = door.service.model_artifact(&logged_model_id(&id)?, &path).await?;
    download::send(file, &headers).await
}
