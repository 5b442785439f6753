//! Sinks as rows: finding them and reading their cursors.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row};
use trackside_core::{
    Error, Kind, Seq, Withheld,
    store::{Cursor, Lag},
};

use super::extent;
use crate::{
    error::Result,
    rows::{Columns, number},
};

/// The primary key of a sink, if it has a cursor.
pub(super) fn pk(connection: &Connection, name: &str) -> Result<Option<i64>> {
    number(connection, "SELECT pk FROM sink WHERE name = ?1", [name])
}

/// The primary key of a sink; `NotFound` when it has no cursor.
pub(super) fn require(connection: &Connection, name: &str) -> Result<i64> {
    Ok(pk(connection, name)?.ok_or_else(|| not_found(name))?)
}

/// Position and counts of a sink.
pub(super) fn standing(connection: &Connection, sink: i64) -> Result<(Seq, Withheld)> {
    let mut statement = connection.prepare_cached("SELECT position, withheld FROM sink WHERE pk = ?1")?;
    Ok(statement.query_row([sink], |row| Ok((Seq(row.count("position")?), row.parsed("withheld", withheld)?)))?)
}

/// The cursor of one sink; `NotFound` when there is none.
pub(super) fn cursor(connection: &Connection, name: &str) -> Result<Cursor> {
    let sql = format!("{CURSOR} WHERE name = ?1");
    let found = connection.prepare_cached(&sql)?.query_row([name], read).optional()?;
    with_lag(connection, found.ok_or_else(|| not_found(name))?)
}

/// All cursors, by name.
pub(super) fn cursors(connection: &Connection) -> Result<Vec<Cursor>> {
    let sql = format!("{CURSOR} ORDER BY name");
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map([], read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    found.into_iter().map(|cursor| with_lag(connection, cursor)).collect()
}

/// Counts as they are stored.
pub(super) fn withheld_text(withheld: &Withheld) -> String {
    let counts: BTreeMap<_, _> = withheld.iter().map(|(kind, n)| (kind.as_str(), n)).collect();
    serde_json::to_string(&counts).expect("texts and numbers always make JSON")
}

const CURSOR: &str = "SELECT name, position, window_end, paused, delivered, withheld, backfill, \
                      (SELECT count(*) FROM dead_letter WHERE sink = sink.pk) AS dead, \
                      (SELECT count(*) FROM sink_mark INDEXED BY sink_mark_lost WHERE sink = sink.pk AND lost = 1) AS lost FROM sink";

fn read(row: &Row<'_>) -> rusqlite::Result<Cursor> {
    let window_end = row.get::<_, Option<i64>>("window_end")?;
    Ok(Cursor {
        sink: row.get("name")?,
        position: Seq(row.count("position")?),
        window_end: window_end.map(|_| row.count("window_end").map(Seq)).transpose()?,
        paused: row.get("paused")?,
        delivered: row.count("delivered")?,
        withheld: row.parsed("withheld", withheld)?,
        dead: row.count("dead")?,
        lost: row.count("lost")?,
        backfill: row.get("backfill")?,
        lag: Lag::default(),
    })
}

fn withheld(text: &str) -> Option<Withheld> {
    let counts: BTreeMap<String, u64> = serde_json::from_str(text).ok()?;
    let mut withheld = Withheld::default();
    for (kind, n) in counts {
        withheld.add(Kind::parse(&kind)?, n);
    }
    Some(withheld)
}

fn with_lag(connection: &Connection, cursor: Cursor) -> Result<Cursor> {
    Ok(Cursor { lag: extent::lag(connection, cursor.position)?, ..cursor })
}

fn not_found(name: &str) -> Error {
    Error::not_found(format!("no sink named '{name}' has a cursor"))
}
