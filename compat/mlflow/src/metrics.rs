//! `/mlflow/metrics/*`.

use axum::{Json, response::IntoResponse, routing::get};
use http::header::CONTENT_TYPE;
use trackside_mlflow_wire as wire;

use crate::{
    Door,
    error::{Answer, MlflowError},
    params::Params,
    routes::Routes,
};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/mlflow/metrics/get-history", get(history))
        .route("/mlflow/metrics/get-history-bulk-interval", get(samples))
}

/// What only the web UI asks for.
pub(crate) fn ui_routes() -> Routes {
    Routes::new().route("/mlflow/metrics/get-history-bulk", get(histories))
}

async fn history(door: Door, Params(query): Params<wire::GetHistory>) -> Answer<wire::HistoryFound> {
    let Some(query) = query.checked()? else { return Ok(Json(wire::HistoryFound::default())) };
    let key = query.key.clone();
    Ok(Json(wire::HistoryFound::of(&key, &door.service.history(query).await?)))
}

async fn samples(
    door: Door,
    Params(query): Params<wire::GetHistoryBulkInterval>,
) -> Answer<wire::HistoryBulkIntervalFound> {
    let (key, queries) = query.checked()?;
    Ok(Json(wire::HistoryBulkIntervalFound::of(key, door.service.samples(queries).await?)))
}

async fn histories(door: Door, Params(query): Params<wire::GetHistoryBulk>) -> Result<impl IntoResponse, MlflowError> {
    let (runs, key, limit) = query.checked()?;
    let found = door.service.histories(runs, &key, limit).await?;
    Ok(([(CONTENT_TYPE, "application/json")], wire::HistoryBulkFound::of(key, found).to_json()))
}
