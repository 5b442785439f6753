//! `/sinks` and `/sinks/{name}`: how sinks stand, and forgetting one.

use axum::{
    Json,
    extract::{Path, State},
};
use trackside_core::Error;

use crate::{Admin, refusal::Refusal, shape};

/// All sinks, by name, those included that are no longer configured.
pub(crate) async fn list(State(admin): State<Admin>) -> Result<Json<shape::Sinks>, Refusal> {
    let sinks = admin.fanout.status().await?.into_iter().map(shape::Sink::from).collect();
    Ok(Json(shape::Sinks { sinks, log_bytes: admin.fanout.log_bytes().await? }))
}

/// One sink.
pub(crate) async fn one(State(admin): State<Admin>, Path(name): Path<String>) -> Result<Json<shape::Sink>, Refusal> {
    find(&admin, &name).await.map(Json)
}

/// Forgets a sink that is not configured: its place in the log, its memories and its dead letters.
pub(crate) async fn remove(State(admin): State<Admin>, Path(name): Path<String>) -> Result<Json<shape::Done>, Refusal> {
    admin.fanout.forget(&name).await?;
    Ok(Json(shape::Done {}))
}

pub(crate) async fn find(admin: &Admin, name: &str) -> Result<shape::Sink, Refusal> {
    let found = admin.fanout.status().await?.into_iter().find(|sink| sink.name == name);
    let found = found.ok_or_else(|| Error::not_found(format!("there is no sink called '{name}'")))?;
    Ok(found.into())
}
