//! A step of a sink, written as a whole.

use rusqlite::{Connection, params};
use trackside_core::{
    Error, Sending, Seq, Subject, Timestamp, Withheld,
    store::{Mark, Progress},
    stored,
};

use super::{dead_letters, extent, marks, sendings, sink, trim::trim};
use crate::{
    error::Result,
    rows::{execute, integer},
};

/// A step whose dead letters have been put into their stored form, which needs no connection.
#[derive(Debug)]
pub(super) struct Step {
    position: Seq,
    window_end: Option<Seq>,
    delivered: u64,
    withheld: Withheld,
    marks: Vec<(Subject, Option<Mark>)>,
    /// Time, reason and batch.
    dead: Vec<(Timestamp, String, String)>,
    settled: Vec<u64>,
    sendings: Vec<Sending>,
}

impl From<Progress> for Step {
    fn from(progress: Progress) -> Self {
        let Progress { position, window_end, delivered, withheld, marks, dead, settled, sendings } = progress;
        let dead = dead.into_iter().map(|letter| (letter.at, letter.reason, stored::encode(&letter.batch))).collect();
        Self { position, window_end, delivered, withheld, marks, dead, settled, sendings }
    }
}

/// Takes a step, then removes a chunk of what is behind all cursors.
pub(super) fn advance(connection: &Connection, name: &str, step: &Step) -> Result<()> {
    let sink = sink::require(connection, name)?;
    let (position, mut withheld) = sink::standing(connection, sink)?;
    let end = extent::end(connection)?;
    if step.position < position || step.position > end {
        let message = format!(
            "the cursor of sink '{name}' cannot move from {} to {}, the log ends at {}",
            position.0, step.position.0, end.0
        );
        return Err(Error::invalid(message).into());
    }
    withheld.extend(&step.withheld);
    execute(
        connection,
        "UPDATE sink SET position = ?2, window_end = ?3, delivered = delivered + ?4, withheld = ?5 WHERE pk = ?1",
        params![
            sink,
            integer(step.position.0),
            step.window_end.map(|end| integer(end.0)),
            integer(step.delivered),
            sink::withheld_text(&withheld),
        ],
    )?;
    for (subject, mark) in &step.marks {
        marks::set(connection, sink, subject, mark.as_ref())?;
    }
    dead_letters::remove(connection, sink, Some(&step.settled))?;
    for (at, reason, batch) in &step.dead {
        let sql = "INSERT INTO dead_letter (sink, at, reason, batch) VALUES (?1, ?2, ?3, ?4)";
        execute(connection, sql, params![sink, at.millis(), reason, batch])?;
    }
    sendings::keep(connection, sink, &step.sendings)?;
    trim(connection).map(drop)
}
