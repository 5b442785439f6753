//! The rows of a run, a logged model or the traces of an experiment, some at a time. Points are many and go first; when
//! none are left the rest follows by its foreign keys and triggers.

use rusqlite::{Connection, params};

use crate::{
    error::Result,
    rows::{bound, execute, number},
};

/// Rows that one transaction removes. A chunk is some tens of KiB on pages of its own, so it counts as many.
const ROWS: usize = 2_000;
const ROWS_OF_A_CHUNK: usize = 20;
/// A block of lines has up to some hundred KiB.
const ROWS_OF_A_BLOCK: usize = 40;
/// Spans or traces that one transaction removes: each is some KiB, in several tables.
const SPANS: usize = 200;

/// Removes some of a run; whether there is more.
pub(super) fn run(connection: &Connection, run: i64) -> Result<bool> {
    let mut room = ROWS;
    let measured = "DELETE FROM model_metric WHERE pk IN (SELECT pk FROM model_metric WHERE run = ?1 LIMIT ?2)";
    room -= remove(connection, measured, run, room)?;
    let blocks = "DELETE FROM line_block WHERE pk IN (SELECT pk FROM line_block WHERE run = ?1 LIMIT ?2)";
    let cost = ROWS_OF_A_BLOCK * remove(connection, blocks, run, room.div_ceil(ROWS_OF_A_BLOCK))?;
    room = room.saturating_sub(cost);
    while room > 0 {
        let Some(series) = number(connection, "SELECT pk FROM series WHERE run = ?1 LIMIT 1", [run])? else {
            // Params, tags and inputs follow.
            execute(connection, "DELETE FROM run WHERE pk = ?1", [run])?;
            return Ok(false);
        };
        room = room.saturating_sub(some_of_a_series(connection, series, room)?);
    }
    Ok(true)
}

/// Removes some of a logged model; whether there is more.
pub(super) fn logged_model(connection: &Connection, model: i64) -> Result<bool> {
    let sql = "DELETE FROM model_metric WHERE pk IN (SELECT pk FROM model_metric WHERE model = ?1 LIMIT ?2)";
    if remove(connection, sql, model, ROWS)? == ROWS {
        return Ok(true);
    }
    execute(connection, "DELETE FROM logged_model WHERE pk = ?1", [model])?;
    Ok(false)
}

/// Removes some of the traces of an experiment; whether there are more.
pub(super) fn traces(connection: &Connection, experiment: i64) -> Result<bool> {
    let spans = "DELETE FROM span WHERE pk IN (SELECT span.pk FROM trace JOIN span ON span.trace = trace.pk \
                 WHERE trace.experiment = ?1 LIMIT ?2)";
    let room = SPANS - remove(connection, spans, experiment, SPANS)?;
    let traces = "DELETE FROM trace WHERE pk IN (SELECT pk FROM trace WHERE experiment = ?1 LIMIT ?2)";
    // Tags, metadata and links follow. With spans left there is no room.
    Ok(room == 0 || remove(connection, traces, experiment, room)? == room)
}

/// Removes points of a series, and the series itself when there is room left. Returns what that cost.
fn some_of_a_series(connection: &Connection, series: i64, room: usize) -> Result<usize> {
    let chunks =
        "DELETE FROM chunk WHERE series = ?1 AND first IN (SELECT first FROM chunk WHERE series = ?1 LIMIT ?2)";
    let mut cost = ROWS_OF_A_CHUNK * remove(connection, chunks, series, room.div_ceil(ROWS_OF_A_CHUNK))?;
    let late = "DELETE FROM point WHERE (series, time, step, value, is_nan) IN \
                (SELECT series, time, step, value, is_nan FROM point WHERE series = ?1 LIMIT ?2)";
    cost += remove(connection, late, series, room.saturating_sub(cost))?;
    if cost >= room {
        return Ok(cost);
    }
    // Its place among the runs, if it has one now, is found by its latest value.
    let rank = "DELETE FROM rank WHERE (metric, is_nan, value, run) IN \
                (SELECT s.metric, l.is_nan > 0, l.value, s.run FROM series AS s JOIN latest AS l ON l.pk = s.pk \
                WHERE s.pk = ?1)";
    execute(connection, rank, [series])?;
    // Its tail and its blocks follow.
    execute(connection, "DELETE FROM series WHERE pk = ?1", [series])?;
    Ok(cost + ROWS_OF_A_CHUNK)
}

fn remove(connection: &Connection, sql: &str, owner: i64, most: usize) -> Result<usize> {
    execute(connection, sql, params![owner, bound(most)])
}
