//! Dead letters. Elsewhere: the step of a sink that adds and settles them (`progress.rs`).

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use trackside_core::{
    Error, Result, Timestamp,
    store::{DeadLetter, DeadLetters, NewDeadLetter},
    stored,
};

use super::sink;
use crate::{
    SqliteStore, error,
    rows::{Columns, execute, integer},
};

#[async_trait]
impl DeadLetters for SqliteStore {
    async fn dead_letters(&self, sink: Option<&str>, after: u64, limit: usize) -> Result<Vec<DeadLetter>> {
        let sink = sink.map(str::to_owned);
        self.read(move |connection| list(connection, sink.as_deref(), after, limit)).await
    }

    async fn discard_dead_letters(&self, sink: &str, ids: Option<Vec<u64>>) -> Result<u64> {
        let sink = sink.to_owned();
        self.write(move |connection| match sink::pk(connection, &sink)? {
            Some(sink) => remove(connection, sink, ids.as_deref()),
            None => Ok(0),
        })
        .await
    }

    async fn return_dead_letter(&self, id: u64, at: Timestamp, reason: &str) -> Result<()> {
        let reason = reason.to_owned();
        self.write(move |connection| {
            let sql = "UPDATE dead_letter SET at = ?2, reason = ?3 WHERE id = ?1";
            execute(connection, sql, params![integer(id), at.millis(), reason]).map(drop)
        })
        .await
    }
}

/// Removes dead letters of a sink, these or all; says how many there were.
pub(super) fn remove(connection: &Connection, sink: i64, ids: Option<&[u64]>) -> error::Result<u64> {
    let Some(ids) = ids else {
        return Ok(execute(connection, "DELETE FROM dead_letter WHERE sink = ?1", [sink])? as u64);
    };
    let mut removed = 0;
    for id in ids {
        let sql = "DELETE FROM dead_letter WHERE sink = ?1 AND id = ?2";
        removed += execute(connection, sql, [sink, integer(*id)])? as u64;
    }
    Ok(removed)
}

fn list(connection: &Connection, sink: Option<&str>, after: u64, limit: usize) -> error::Result<Vec<DeadLetter>> {
    let sink = match sink {
        None => None,
        Some(name) => match sink::pk(connection, name)? {
            None => return Ok(Vec::new()),
            found => found,
        },
    };
    let of = if sink.is_some() { "dead_letter.sink = ?3" } else { "?3 IS NULL" };
    let sql = format!(
        "SELECT dead_letter.id, sink.name, dead_letter.at, dead_letter.reason, dead_letter.batch \
         FROM dead_letter JOIN sink ON sink.pk = dead_letter.sink WHERE dead_letter.id > ?1 AND {of} \
         ORDER BY dead_letter.id LIMIT ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![integer(after), integer(limit as u64), sink])?;
    let mut letters = Vec::new();
    while let Some(row) = rows.next()? {
        letters.push(read(row)?);
    }
    Ok(letters)
}

fn read(row: &Row<'_>) -> error::Result<DeadLetter> {
    let text = row.get_ref(4)?.as_str().map_err(|_| Error::internal("a dead letter is not text"))?;
    let letter = NewDeadLetter { at: row.instant(2)?, reason: row.get(3)?, batch: stored::decode(text)? };
    Ok(DeadLetter { id: row.count(0)?, sink: row.get(1)?, letter })
}
