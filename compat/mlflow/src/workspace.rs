//! Workspaces, which this server does not have: a client that names one must not be served another's data. So no
//! handler gets at the door for such a request.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::request::Parts;
use trackside_mlflow_wire::{ErrorCode, Failure};

use crate::{Door, error::MlflowError};

/// The header in which clients name a workspace.
const HEADER: &str = "x-mlflow-workspace";

impl FromRequestParts<Self> for Door {
    type Rejection = Response;

    async fn from_request_parts(head: &mut Parts, door: &Self) -> Result<Self, Self::Rejection> {
        let named = head.headers.get(HEADER).map(|value| value.as_bytes().trim_ascii());
        if named.is_none_or(|name| name.is_empty() || name == b"default") {
            return Ok(door.clone());
        }
        let message = "Workspace APIs are not available: workspaces are not enabled on this server";
        Err(MlflowError(Failure::new(ErrorCode::FeatureDisabled, message)).into_response())
    }
}
