//! `/config/reload`.

use axum::{Json, extract::State};

use crate::{Admin, refusal::Refusal, shape};

/// Reads the configuration again. Faults are answered whole, and change nothing.
pub(crate) async fn reload(State(admin): State<Admin>) -> Result<Json<shape::Reloaded>, Refusal> {
    Ok(Json(admin.reload.reload().await?))
}
