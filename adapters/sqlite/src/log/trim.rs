//! Removing entries behind all cursors.

use rusqlite::Connection;

use super::extent::{end, floor};
use crate::{
    SqliteStore,
    error::Result,
    rows::{Columns, execute, integer},
};

/// Entries removed at a time: some 10 ms of the writer, for which other writes wait.
const ENTRIES: usize = 10_000;
/// Bytes removed at a time, for the same reason: SQLite reads the pages of a long entry to give them up.
const BYTES: u64 = 64 * 1024 * 1024;

impl SqliteStore {
    /// Removes all that can be removed, with room for other writes in between.
    pub(super) async fn trim(&self) -> trackside_core::Result<()> {
        while self.write(trim).await? {}
        Ok(())
    }
}

/// Removes a chunk, oldest first; says whether there is more. The last entry behind all cursors stays for its sums
/// as long as any follows it.
pub(super) fn trim(connection: &Connection) -> Result<bool> {
    let end = end(connection)?;
    let below = match floor(connection)? {
        Some(floor) if floor < end => integer(floor.0),
        _ => i64::MAX,
    };
    let sql = "SELECT seq, bytes_to FROM outbox WHERE seq < ?1 ORDER BY seq LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([below, integer(ENTRIES as u64)])?;
    let (mut last, mut first_bytes) = (None, None);
    let mut n_entries = 0;
    let mut full = false;
    while let Some(row) = rows.next()? {
        last = Some(row.get::<_, i64>(0)?);
        let bytes = row.count(1)?;
        n_entries += 1;
        full = n_entries == ENTRIES || bytes.saturating_sub(*first_bytes.get_or_insert(bytes)) >= BYTES;
        if full {
            break;
        }
    }
    drop(rows);
    execute(connection, "DELETE FROM outbox WHERE seq <= ?1", [last])?;
    Ok(full)
}
