//! `/sinks/{name}/log`: what was sent by a sink that sends messages.

use axum::{
    Json,
    extract::{Path, State},
};

use crate::{Admin, refusal::Refusal, shape};

/// Oldest first.
pub(crate) async fn list(
    State(admin): State<Admin>,
    Path(name): Path<String>,
) -> Result<Json<shape::Sendings>, Refusal> {
    let sendings = admin.fanout.sendings(&name).await?.into_iter().map(shape::Sending::from).collect();
    Ok(Json(shape::Sendings { sendings }))
}
