//! `/sinks/{name}/pause` and `…/resume`. Both answer with the sink as it stands then.

use axum::{
    Json,
    extract::{Path, State},
};

use crate::{Admin, refusal::Refusal, shape, sinks};

/// Stops delivering, also over restarts.
pub(crate) async fn pause(State(admin): State<Admin>, Path(name): Path<String>) -> Result<Json<shape::Sink>, Refusal> {
    admin.fanout.pause(&name).await?;
    sinks::find(&admin, &name).await.map(Json)
}

/// Goes on, at once.
pub(crate) async fn resume(State(admin): State<Admin>, Path(name): Path<String>) -> Result<Json<shape::Sink>, Refusal> {
    admin.fanout.resume(&name).await?;
    sinks::find(&admin, &name).await.map(Json)
}
