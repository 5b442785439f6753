//! `/mlflow/metrics/*`.

use axum::{Json, Router, extract::State, routing::get};
use trackside_mlflow_wire as wire;

use crate::{Door, error::Answer, params::Params};

pub(crate) fn routes() -> Router<Door> {
    Router::new().route("/mlflow/metrics/get-history", get(history))
}

async fn history(State(door): State<Door>, Params(query): Params<wire::GetHistory>) -> Answer<wire::HistoryFound> {
    let Some(query) = query.checked()? else { return Ok(Json(wire::HistoryFound::default())) };
    let key = query.key.clone();
    Ok(Json(wire::HistoryFound::of(&key, &door.service.history(query).await?)))
}
