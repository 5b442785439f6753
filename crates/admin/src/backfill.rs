//! `/sinks/{name}/backfill`: history for a sink. How far it is stands in the sink's own answer.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use trackside_core::{Error, Timestamp};
use trackside_fanout::Selection;

use crate::{Admin, body::Body, refusal::Refusal, shape};

/// Begins one, and answers how many runs it is about.
pub(crate) async fn begin(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    Body(wanted): Body<shape::Backfill>,
) -> Result<(StatusCode, Json<shape::Begun>), Refusal> {
    let total = admin.fanout.backfill(&name, selection(wanted)?).await?;
    Ok((StatusCode::ACCEPTED, Json(shape::Begun { total })))
}

/// Ends it where it is.
pub(crate) async fn cancel(State(admin): State<Admin>, Path(name): Path<String>) -> Result<Json<shape::Done>, Refusal> {
    admin.fanout.cancel_backfill(&name).await?;
    Ok(Json(shape::Done {}))
}

fn selection(wanted: shape::Backfill) -> Result<Selection, Error> {
    match wanted {
        shape::Backfill { all: true, experiment: None, since_ms: None } => Ok(Selection::All),
        shape::Backfill { all: false, experiment: Some(name), since_ms: None } => Ok(Selection::Experiment(name)),
        shape::Backfill { all: false, experiment: None, since_ms: Some(millis) } => {
            Ok(Selection::Since(Timestamp::from_millis(millis)))
        }
        _ => Err(Error::invalid("exactly one is needed of \"all\": true, \"experiment\" and \"since_ms\"")),
    }
}
