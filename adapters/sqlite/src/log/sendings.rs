//! What sinks have sent.

use std::time::Duration;

use rusqlite::{Connection, params};
use trackside_core::{Sending, store::KEPT_SENDINGS};

use crate::{
    error::Result,
    rows::{Columns, execute, integer},
};

/// Adds some and removes the oldest beyond those that are kept.
pub(super) fn keep(connection: &Connection, sink: i64, sendings: &[Sending]) -> Result<()> {
    if sendings.is_empty() {
        return Ok(());
    }
    for sending in sendings {
        let Sending { at, id, event, text, to, took, error } = sending;
        let took_ms = integer(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        let sql = "INSERT INTO sending (sink, at, id, event, text, receiver, took_ms, error) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        execute(connection, sql, params![sink, at.millis(), id, event, text, to, took_ms, error])?;
    }
    let sql = "DELETE FROM sending WHERE sink = ?1 AND pk <= \
               (SELECT pk FROM sending WHERE sink = ?1 ORDER BY pk DESC LIMIT 1 OFFSET ?2)";
    execute(connection, sql, params![sink, integer(KEPT_SENDINGS as u64)]).map(drop)
}

/// The last of a sink, oldest first.
pub(super) fn last(connection: &Connection, sink: i64, limit: usize) -> Result<Vec<Sending>> {
    let sql = "SELECT at, id, event, text, receiver, took_ms, error FROM sending WHERE sink = ?1 \
               ORDER BY pk DESC LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![sink, integer(limit as u64)], |row| {
        Ok(Sending {
            at: row.instant(0)?,
            id: row.get(1)?,
            event: row.get(2)?,
            text: row.get(3)?,
            to: row.get(4)?,
            took: Duration::from_millis(row.count(5)?),
            error: row.get(6)?,
        })
    })?;
    let mut sendings = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    sendings.reverse();
    Ok(sendings)
}
