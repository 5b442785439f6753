//! How large the log is and how far cursors are behind: differences of running sums, never a scan.

use rusqlite::{Connection, OptionalExtension};
use trackside_core::{
    Seq,
    store::{Lag, LogSize},
};

use crate::{
    error::Result,
    rows::{Columns, integer, number},
};

/// Position of the last entry ever written; the log may be empty by now.
pub(super) fn end(connection: &Connection) -> Result<Seq> {
    let end = number(connection, "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'", [])?;
    Ok(Seq(end.unwrap_or(0).unsigned_abs()))
}

/// The position of the slowest cursor: nobody sees entries up to here. `None` when there is no cursor.
pub(super) fn floor(connection: &Connection) -> Result<Option<Seq>> {
    let sql = "SELECT position FROM sink ORDER BY position LIMIT 1";
    Ok(number(connection, sql, [])?.map(|position| Seq(position.unsigned_abs())))
}

/// What lies after a position.
pub(super) fn lag(connection: &Connection, position: Seq) -> Result<Lag> {
    let (items, bytes) = sums(connection, position)?;
    let end = end(connection)?;
    let (items_to_end, bytes_to_end) = sums(connection, end)?;
    let sql = "SELECT at FROM outbox WHERE seq > ?1 ORDER BY seq LIMIT 1";
    let mut oldest = connection.prepare_cached(sql)?;
    Ok(Lag {
        // Positions have no gaps.
        entries: end.0.saturating_sub(position.0),
        items: items_to_end.saturating_sub(items),
        bytes: bytes_to_end.saturating_sub(bytes),
        since: oldest.query_row([integer(position.0)], |row| row.instant(0)).optional()?,
    })
}

/// How large the log is: what the slowest cursor has yet to pass.
pub(super) fn size(connection: &Connection) -> Result<LogSize> {
    let end = end(connection)?;
    let held = lag(connection, floor(connection)?.unwrap_or(end))?;
    Ok(LogSize { end, entries: held.entries, bytes: held.bytes })
}

/// Items and bytes in all entries up to a position. Nothing is removed above the slowest cursor, and the entry
/// there only with all others: then the sums begin at zero again.
fn sums(connection: &Connection, position: Seq) -> Result<(u64, u64)> {
    let sql = "SELECT items_to, bytes_to FROM outbox WHERE seq <= ?1 ORDER BY seq DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let sums = statement.query_row([integer(position.0)], |row| Ok((row.count(0)?, row.count(1)?))).optional()?;
    Ok(sums.unwrap_or_default())
}
