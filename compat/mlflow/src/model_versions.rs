//! `/mlflow/model-versions/*`.

use axum::{
    Json,
    routing::{delete, get, patch, post},
};
use trackside_core::{Key, ModelVersionChange};
use trackside_mlflow_wire::{self as wire, Failure};
use trackside_service::VersionRequest;

use crate::{Door, authored::Authored, error::Answer, params::Params, routes::Routes, system::Empty};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/mlflow/model-versions/create", post(create))
        .route("/mlflow/model-versions/get", get(by_number))
        .route("/mlflow/model-versions/update", patch(update))
        .route("/mlflow/model-versions/transition-stage", post(transition))
        .route("/mlflow/model-versions/delete", delete(remove))
        .route("/mlflow/model-versions/search", get(search))
        .route("/mlflow/model-versions/get-download-uri", get(download_uri))
        .route("/mlflow/model-versions/set-tag", post(set_tag))
        .route("/mlflow/model-versions/delete-tag", delete(delete_tag))
}

/// Creates a version, then lists it in a tag of its logged model. Whoever dies in between leaves a version that is
/// not listed there, which only the web UI misses.
async fn create(
    Authored(door): Authored,
    Params(body): Params<wire::CreateModelVersion>,
) -> Answer<wire::ModelVersionFound> {
    if let (Some(pattern), Some(source)) = (&door.rules.sources, &body.source)
        && !source.is_empty()
        && !pattern.matches(source)
    {
        return Err(Failure::invalid(format!("Invalid model version source: '{source}'.")).into());
    }
    let new = body.checked()?;
    let request = VersionRequest {
        model: new.model,
        source: new.source,
        run: new.run,
        logged_model: new.logged_model.clone(),
        run_link: Some(new.run_link),
        description: Some(new.description),
        tags: new.tags,
        placeholder: new.is_prompt,
    };
    let created = door.service.create_model_version(request).await?;
    if let Some(id) = new.logged_model {
        let listed = |present: Option<&str>| Ok(wire::with_version(present, &created.model, created.number));
        door.service.update_logged_model_tag(&id, Key::new(wire::MODEL_VERSIONS_TAG)?, listed).await?;
    }
    Ok(Json(wire::ModelVersionFound { model_version: created.into() }))
}

async fn by_number(door: Door, Params(query): Params<wire::ModelVersionByNumber>) -> Answer<wire::ModelVersionFound> {
    let (name, number) = query.checked()?;
    let version = door.service.model_version(&name, number).await?;
    Ok(Json(wire::ModelVersionFound { model_version: version.into() }))
}

async fn update(
    Authored(door): Authored,
    Params(body): Params<wire::UpdateModelVersion>,
) -> Answer<wire::ModelVersionFound> {
    let (name, number, description) = body.checked()?;
    door.service.change_model_version(&name, number, ModelVersionChange::Describe(description)).await?;
    let version = door.service.model_version(&name, number).await?;
    Ok(Json(wire::ModelVersionFound { model_version: version.into() }))
}

async fn transition(
    Authored(door): Authored,
    Params(body): Params<wire::TransitionStage>,
) -> Answer<wire::ModelVersionFound> {
    let (name, number, change) = body.checked()?;
    door.service.change_model_version(&name, number, change).await?;
    let version = door.service.model_version(&name, number).await?;
    Ok(Json(wire::ModelVersionFound { model_version: version.into() }))
}

async fn remove(Authored(door): Authored, Params(body): Params<wire::ModelVersionByNumber>) -> Answer<Empty> {
    let (name, number) = body.checked()?;
    door.service.change_model_version(&name, number, ModelVersionChange::Delete).await?;
    Ok(Json(Empty {}))
}

async fn search(door: Door, Params(query): Params<wire::SearchModelVersions>) -> Answer<wire::ModelVersionsFound> {
    let (query, page) = query.checked()?;
    Ok(Json(door.service.search_model_versions(query, page).await?.into()))
}

async fn download_uri(door: Door, Params(query): Params<wire::ModelVersionByNumber>) -> Answer<wire::DownloadUri> {
    let (name, number) = query.checked_for_download()?;
    let version = door.service.model_version(&name, number).await?;
    Ok(Json(wire::DownloadUri { artifact_uri: version.download_uri().to_owned() }))
}

async fn set_tag(Authored(door): Authored, Params(body): Params<wire::ModelVersionTag>) -> Answer<Empty> {
    let (name, number, tag) = body.checked()?;
    door.service.change_model_version(&name, number, ModelVersionChange::SetTag(tag)).await?;
    Ok(Json(Empty {}))
}

async fn delete_tag(Authored(door): Authored, Params(body): Params<wire::ModelVersionTag>) -> Answer<Empty> {
    let (name, number, tag) = body.checked()?;
    door.service.change_model_version(&name, number, ModelVersionChange::DeleteTag(tag.key)).await?;
    Ok(Json(Empty {}))
}
