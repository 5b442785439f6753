//! A page of rows, by their primary keys, whose parts are read with one query per table instead of one per row.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use crate::error::Result;

/// Primary keys in the order of the page.
#[derive(Debug)]
pub(crate) struct Owners {
    /// As a JSON array: one bound value whatever the length, so that the statement stays prepared.
    json: String,
    positions: HashMap<i64, usize>,
}

impl Owners {
    /// The rows of a page; no key twice.
    pub(crate) fn new(keys: &[i64]) -> Self {
        let positions = keys.iter().enumerate().map(|(position, key)| (*key, position)).collect();
        Self { json: json_array(keys), positions }
    }

    /// Reads the rows themselves, in the order of the page. `columns` and `from` may use `page.value`, the key.
    pub(crate) fn rows<T>(
        &self,
        connection: &Connection,
        columns: &str,
        from: &str,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let sql = format!("SELECT {columns} FROM json_each(?1) AS page JOIN {from} ORDER BY page.key");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map([&self.json], read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Reads parts of the rows. The first column is the owner, whose position in the page `take` is given; the
    /// condition on the owner replaces `{owners}`.
    pub(crate) fn parts(
        &self,
        connection: &Connection,
        sql: &str,
        mut take: impl FnMut(usize, &Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<()> {
        if self.positions.is_empty() {
            return Ok(());
        }
        let sql = sql.replace("{owners}", "IN (SELECT value FROM json_each(?1))");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([&self.json])?;
        while let Some(row) = rows.next()? {
            take(self.positions[&row.get(0)?], row)?;
        }
        Ok(())
    }
}

/// `[1,2,3]`
pub(crate) fn json_array(numbers: &[i64]) -> String {
    let numbers: Vec<_> = numbers.iter().map(i64::to_string).collect();
    format!("[{}]", numbers.join(","))
}
