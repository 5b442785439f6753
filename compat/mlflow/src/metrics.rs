//! `/mlflow/metrics/*`.

use axum::routing::get;
use http::{HeaderName, header::CONTENT_TYPE};
use trackside_mlflow_wire as wire;

use crate::{Door, error::MlflowError, params::Params, routes::Routes};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .route("/mlflow/metrics/get-history", get(history))
        .route("/mlflow/metrics/get-history-bulk-interval", get(samples))
}

/// What only the web UI asks for.
pub(crate) fn ui_routes() -> Routes {
    Routes::new().route("/mlflow/metrics/get-history-bulk", get(histories))
}

async fn history(door: Door, Params(query): Params<wire::GetHistory>) -> Result<Json, MlflowError> {
    let Some(query) = query.checked()? else { return Ok(json(b"{}".to_vec())) };
    let key = query.key.clone();
    Ok(json(wire::HistoryPage::of(key, door.service.history(query).await?).to_json()))
}

async fn samples(door: Door, Params(query): Params<wire::GetHistoryBulkInterval>) -> Result<Json, MlflowError> {
    let (key, queries) = query.checked()?;
    Ok(json(wire::HistoryBulkIntervalFound::of(key, door.service.samples(queries).await?).to_json()))
}

async fn histories(door: Door, Params(query): Params<wire::GetHistoryBulk>) -> Result<Json, MlflowError> {
    let (runs, key, limit) = query.checked()?;
    let found = door.service.histories(runs, &key, limit).await?;
    Ok(json(wire::HistoryBulkFound::of(key, found).to_json()))
}

/// An answer that is JSON already.
type Json = ([(HeaderName, &'static str); 1], Vec<u8>);

fn json(bytes: Vec<u8>) -> Json {
    ([(CONTENT_TYPE, "application/json")], bytes)
}
