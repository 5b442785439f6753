//! The gateway to language models, which this server does not have: to the web UI it has no endpoints.
//!
//! Where the operator names another server for it, requests to that are checked as MLflow checks them (3.17.2,
//! `gateway_proxy_handler`), but go nowhere.

use axum::{
    Json,
    response::{IntoResponse, Response},
    routing::get,
};
use http::Method;
use serde::{Deserialize, Serialize};
use trackside_mlflow_wire::{ErrorCode, Failure};

use crate::{Door, error::MlflowError, params::Params, routes::Routes};

/// What a gateway offers.
#[derive(Debug, Serialize)]
struct Endpoints {
    endpoints: [(); 0],
}

/// A request to be passed on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Proxied {
    gateway_path: Option<String>,
}

/// What only the web UI asks for.
pub(crate) fn ui_routes() -> Routes {
    Routes::new().route("/mlflow/gateway-proxy", get(proxied).post(proxied))
}

async fn proxied(
    door: Door,
    method: Method,
    request: Result<Params<Proxied>, MlflowError>,
) -> Result<Response, MlflowError> {
    if !door.rules.deployments {
        return Ok(Json(Endpoints { endpoints: [] }).into_response());
    }
    let Params(Proxied { gateway_path }) = request?;
    let Some(path) = gateway_path.filter(|path| !path.is_empty()) else {
        return Err(Failure::invalid("Deployments proxy request must specify a gateway_path.").into());
    };
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    let is_known = match (&method, &parts[..]) {
        (&Method::POST, ["gateway", name, "invocations"]) => !name.is_empty(),
        (&Method::POST, _) => false,
        (_, parts) => parts == ["api", "2.0", "endpoints"],
    };
    if !is_known {
        return Err(Failure::invalid(format!("Invalid gateway_path: {path} for method: {method}")).into());
    }
    Err(Failure::new(ErrorCode::NotImplemented, "This server does not pass requests on to a gateway.").into())
}
