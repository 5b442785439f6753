//! `/mlflow/registered-models/*`. Aliases are in `aliases.rs`.

use axum::{
    Json,
    routing::{delete, get, patch, post},
};
use trackside_core::{ErrorKind, RegisteredModelChange};
use trackside_mlflow_wire as wire;

use crate::{Door, authored::Authored, error::Answer, params::Params, routes::Routes, system::Empty};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/mlflow/registered-models/create", post(create))
        .route("/mlflow/registered-models/get", get(by_name))
        .route("/mlflow/registered-models/rename", post(rename))
        .route("/mlflow/registered-models/update", patch(update))
        .route("/mlflow/registered-models/delete", delete(remove))
        // MLflow takes only GET; its R client sends POST.
        .route("/mlflow/registered-models/search", get(search).post(search))
        // What clients before 2.0 search with.
        .route("/mlflow/registered-models/list", get(search))
        .route("/mlflow/registered-models/get-latest-versions", get(latest_versions).post(latest_versions))
        .route("/mlflow/registered-models/set-tag", post(set_tag))
        .route("/mlflow/registered-models/delete-tag", delete(delete_tag))
}

async fn create(
    Authored(door): Authored,
    Params(body): Params<wire::CreateRegisteredModel>,
) -> Answer<wire::RegisteredModelFound> {
    let (name, description, tags) = body.checked()?;
    match door.service.create_registered_model(name.clone(), description, tags.clone()).await {
        Ok(created) => Ok(Json(wire::RegisteredModelFound { registered_model: created.into() })),
        Err(taken) if taken.kind() == ErrorKind::AlreadyExists => {
            let present = door.service.registered_model(&name).await?;
            Err(wire::name_taken(&name, &present.tags, &tags).into())
        }
        Err(other) => Err(other.into()),
    }
}

async fn by_name(door: Door, Params(query): Params<wire::RegisteredModelByName>) -> Answer<wire::RegisteredModelFound> {
    let model = door.service.registered_model(&query.checked()?).await?;
    Ok(Json(wire::RegisteredModelFound { registered_model: model.into() }))
}

async fn rename(
    Authored(door): Authored,
    Params(body): Params<wire::RenameRegisteredModel>,
) -> Answer<wire::RegisteredModelFound> {
    let (name, new_name) = body.checked()?;
    door.service.change_registered_model(&name, RegisteredModelChange::Rename(new_name.clone())).await?;
    let model = door.service.registered_model(&new_name).await?;
    Ok(Json(wire::RegisteredModelFound { registered_model: model.into() }))
}

async fn update(
    Authored(door): Authored,
    Params(body): Params<wire::UpdateRegisteredModel>,
) -> Answer<wire::RegisteredModelFound> {
    let (name, description) = body.checked()?;
    door.service.change_registered_model(&name, RegisteredModelChange::Describe(description)).await?;
    let model = door.service.registered_model(&name).await?;
    Ok(Json(wire::RegisteredModelFound { registered_model: model.into() }))
}

async fn remove(Authored(door): Authored, Params(body): Params<wire::RegisteredModelByName>) -> Answer<Empty> {
    door.service.change_registered_model(&body.checked()?, RegisteredModelChange::Delete).await?;
    Ok(Json(Empty {}))
}

async fn search(
    door: Door,
    Params(query): Params<wire::SearchRegisteredModels>,
) -> Answer<wire::RegisteredModelsFound> {
    let (query, page) = query.checked()?;
    Ok(Json(door.service.search_registered_models(query, page).await?.into()))
}

async fn latest_versions(door: Door, Params(query): Params<wire::LatestVersions>) -> Answer<wire::ModelVersionsFound> {
    let (name, stages) = query.checked()?;
    Ok(Json(door.service.latest_versions(&name, &stages).await?.into()))
}

async fn set_tag(Authored(door): Authored, Params(body): Params<wire::RegisteredModelTag>) -> Answer<Empty> {
    let (name, tag) = body.checked()?;
    door.service.change_registered_model(&name, RegisteredModelChange::SetTag(tag)).await?;
    Ok(Json(Empty {}))
}

async fn delete_tag(Authored(door): Authored, Params(body): Params<wire::RegisteredModelTag>) -> Answer<Empty> {
    let (name, tag) = body.checked()?;
    door.service.change_registered_model(&name, RegisteredModelChange::DeleteTag(tag.key)).await?;
    Ok(Json(Empty {}))
}
