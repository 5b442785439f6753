//! What clients ask about the server itself.

use axum::{Json, response::Html, routing::get};
use serde::Serialize;

use crate::routes::Routes;

/// The version of MLflow whose protocol this is. Clients gate features on it.
pub const MLFLOW_VERSION: &str = "3.17.2";

/// An answer without content.
#[derive(Debug, Serialize)]
pub(crate) struct Empty {}

/// Answer of `server-info`.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the shape of the protocol")]
struct ServerInfo {
    store_type: &'static str,
    workspaces_enabled: bool,
    trace_archival_enabled: bool,
    multipart_uploads_enabled: bool,
    multipart_downloads_enabled: bool,
    presigned_upload_run_id_supported: bool,
    presigned_upload_model_id_supported: bool,
    features_enabled: Features,
}

/// Features the web UI shows menus for.
#[derive(Debug, Serialize)]
struct Features {
    gateway: bool,
}

/// Whether the web UI may send usage data.
#[derive(Debug, Serialize)]
struct TelemetrySettings {
    disable_ui_telemetry: bool,
    disable_ui_events: [&'static str; 0],
    ui_rollout_percentage: u8,
}

/// What became of usage data.
#[derive(Debug, Serialize)]
struct TelemetryAnswer {
    status: &'static str,
}

/// Below no prefix.
pub(crate) fn root_routes() -> Routes {
    Routes::new().route("/version", get(|| async { Html(MLFLOW_VERSION) }))
}

/// Below `/api/3.0` and `/ajax-api/3.0`.
pub(crate) fn routes_v3() -> Routes {
    Routes::new()
        .route("/mlflow/server-info", get(server_info))
        .route("/mlflow/ui-telemetry", get(telemetry_settings).post(telemetry))
}

/// Tells MLflow's web UI to send nothing to its makers.
async fn telemetry_settings() -> Json<TelemetrySettings> {
    Json(TelemetrySettings { disable_ui_telemetry: true, disable_ui_events: [], ui_rollout_percentage: 0 })
}

/// Takes what a page sends all the same, and drops it.
async fn telemetry() -> Json<TelemetryAnswer> {
    Json(TelemetryAnswer { status: "disabled" })
}

async fn server_info() -> Json<ServerInfo> {
    Json(ServerInfo {
        store_type: "SqlStore",
        workspaces_enabled: false,
        trace_archival_enabled: false,
        multipart_uploads_enabled: false,
        multipart_downloads_enabled: false,
        presigned_upload_run_id_supported: true,
        presigned_upload_model_id_supported: true,
        features_enabled: Features { gateway: false },
    })
}
