//! `/mlflow/registered-models/alias`.

use axum::{Json, routing::get};
use trackside_core::{ErrorKind, RegisteredModelChange, fault};
use trackside_mlflow_wire as wire;

use crate::{Door, authored::Authored, error::Answer, params::Params, routes::Routes, system::Empty};

pub(crate) fn routes() -> Routes {
    Routes::new().route("/mlflow/registered-models/alias", get(version).post(set).delete(remove))
}

async fn version(door: Door, Params(query): Params<wire::AliasByName>) -> Answer<wire::ModelVersionFound> {
    let (name, alias) = query.checked()?;
    let version = door.service.model_version_by_alias(&name, alias.as_str()).await?;
    Ok(Json(wire::ModelVersionFound { model_version: version.into() }))
}

/// MLflow looks for the version alone, so that it is what is missing even when the model is.
async fn set(Authored(door): Authored, Params(body): Params<wire::SetAlias>) -> Answer<Empty> {
    let (name, alias, number) = body.checked()?;
    let set = door.service.change_registered_model(&name, RegisteredModelChange::SetAlias(alias, number)).await;
    set.map_err(|error| match error.kind() {
        ErrorKind::NotFound => fault::model_version_not_found(&name, number),
        _ => error,
    })?;
    Ok(Json(Empty {}))
}

async fn remove(Authored(door): Authored, Params(body): Params<wire::AliasByName>) -> Answer<Empty> {
    let (name, alias) = body.checked()?;
    door.service.change_registered_model(&name, RegisteredModelChange::DeleteAlias(alias)).await?;
    Ok(Json(Empty {}))
}
