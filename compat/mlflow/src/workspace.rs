//! Workspaces, which this server does not have: a client that names one must not be served another's data.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use trackside_mlflow_wire::{ErrorCode, Failure};

use crate::error::MlflowError;

/// The header in which clients name a workspace.
const HEADER: &str = "x-mlflow-workspace";

/// Refuses requests for any workspace but `default`; only `server-info` says that there are none.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    let named = request.headers().get(HEADER).map(|value| value.as_bytes().trim_ascii());
    let harmless = named.is_none_or(|name| name.is_empty() || name == b"default");
    if harmless || request.uri().path().ends_with("/mlflow/server-info") {
        return next.run(request).await;
    }
    let message = "Workspace APIs are not available: workspaces are not enabled on this server";
    MlflowError(Failure::new(ErrorCode::FeatureDisabled, message)).into_response()
}
