//! Entries on their way in and out of the table.

use rusqlite::{Connection, Row, params};
use trackside_core::{Batch, Error, Seq, Subject, Timestamp, store::Entry, stored};

use super::subject;
use crate::{
    error::Result,
    rows::{Columns, execute, integer},
};

/// An entry before it has its position. Making one is the costly part, and needs no connection.
#[derive(Debug)]
pub(crate) struct Draft {
    subject: Subject,
    items: u64,
    text: String,
}

impl Draft {
    /// The entry of what happened. The position in the batch does not matter.
    pub(crate) fn of(batch: &Batch) -> Self {
        Self { subject: batch.subject(), items: batch.n_items(), text: stored::encode(batch) }
    }

    /// Appends it to the log.
    pub(super) fn insert(&self, connection: &Connection, at: Timestamp) -> Result<()> {
        let (kind, subject) = subject::columns(&self.subject);
        execute(
            connection,
            "INSERT INTO outbox (subject_kind, subject, at, items_to, bytes_to, batch) VALUES (?1, ?2, ?3, \
             ifnull((SELECT items_to FROM outbox ORDER BY seq DESC LIMIT 1), 0) + ?4, \
             ifnull((SELECT bytes_to FROM outbox ORDER BY seq DESC LIMIT 1), 0) + ?5, ?6)",
            params![kind, subject, at.millis(), integer(self.items), integer(self.text.len() as u64), self.text],
        )?;
        Ok(())
    }
}

/// Reads an entry from the columns seq, at and batch.
pub(super) fn read(row: &Row<'_>) -> Result<Entry> {
    let text = row.get_ref(2)?.as_str().map_err(|_| Error::internal("an entry of the log is not text"))?;
    let mut batch = stored::decode(text)?;
    batch.set_last(Seq(row.count(0)?));
    Ok(Entry { at: row.instant(1)?, bytes: text.len() as u64, batch })
}
