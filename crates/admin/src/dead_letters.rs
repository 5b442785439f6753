//! `/dead-letters` and `/sinks/{name}/dead-letters`: batches that could not be delivered.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use serde::Deserialize;
use trackside_core::Error;

use crate::{Admin, body::Body, refusal::Refusal, shape};

/// Letters on a page when the client does not say.
const DEFAULT_LIMIT: usize = 100;
/// Most letters on a page. Each may hold a window of the log, so few are read at once when batches are asked for.
const MAX_LIMIT: usize = 1000;
const MAX_LIMIT_WITH_BATCHES: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
    #[serde(default)]
    batches: bool,
}

type Asked = Result<Query<Page>, QueryRejection>;

/// Of one sink.
pub(crate) async fn of_sink(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Json<shape::DeadLetters>, Refusal> {
    list(&admin, Some(&name), asked).await
}

/// Of all sinks.
pub(crate) async fn of_all(State(admin): State<Admin>, asked: Asked) -> Result<Json<shape::DeadLetters>, Refusal> {
    list(&admin, None, asked).await
}

/// Tries these again, or all.
pub(crate) async fn retry(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    Body(which): Body<shape::Letters>,
) -> Result<Json<shape::Retried>, Refusal> {
    Ok(Json(admin.fanout.retry_dead_letters(&name, ids(which)?).await?.into()))
}

/// Removes these, or all.
pub(crate) async fn discard(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    Body(which): Body<shape::Letters>,
) -> Result<Json<shape::Discarded>, Refusal> {
    let discarded = admin.fanout.discard_dead_letters(&name, ids(which)?).await?;
    Ok(Json(shape::Discarded { discarded }))
}

async fn list(admin: &Admin, name: Option<&str>, asked: Asked) -> Result<Json<shape::DeadLetters>, Refusal> {
    let Query(page) = asked.map_err(|error| Refusal::unreadable(error.status(), error.body_text()))?;
    let most = if page.batches { MAX_LIMIT_WITH_BATCHES } else { MAX_LIMIT };
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, most);
    let letters = admin.fanout.dead_letters(name, page.after, limit).await?;
    // A full page may have more behind it.
    let next = (letters.len() == limit).then(|| letters.last().map(|letter| letter.id)).flatten();
    let letters = letters.into_iter().map(|letter| shape::DeadLetter::new(letter, page.batches)).collect();
    Ok(Json(shape::DeadLetters { dead_letters: letters, next_after: next }))
}

fn ids(which: shape::Letters) -> Result<Option<Vec<u64>>, Error> {
    match which {
        shape::Letters { all: true, ids: None } => Ok(None),
        shape::Letters { all: false, ids: Some(ids) } if !ids.is_empty() => Ok(Some(ids)),
        _ => Err(Error::invalid("exactly one is needed of \"all\": true and \"ids\", a list of numbers")),
    }
}
