//! The gateway to language models, which this server does not have: to the web UI it has no endpoints.

use axum::{Json, routing::get};
use serde::Serialize;

use crate::routes::Routes;

/// What a gateway offers.
#[derive(Debug, Serialize)]
struct Endpoints {
    endpoints: [(); 0],
}

/// What only the web UI asks for.
pub(crate) fn ui_routes() -> Routes {
    Routes::new().route("/mlflow/gateway-proxy", get(endpoints).post(endpoints))
}

async fn endpoints() -> Json<Endpoints> {
    Json(Endpoints { endpoints: [] })
}
