//! Reading domain values from columns. What does not parse was not written by us: `Corrupt`.

use rusqlite::{Connection, OptionalExtension, Params, Row, RowIndex, types::Type};
use trackside_core::{Error, Key, KeyValue, Lifecycle, LoggedModelId, Point, RunId, Timestamp};

use crate::error::Result;

/// Typed access to the columns of a row.
pub(crate) trait Columns {
    /// A text in a form of its own, such as the name of a status.
    fn parsed<T>(&self, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> rusqlite::Result<T>;
    /// A key or name.
    fn key(&self, column: impl RowIndex) -> rusqlite::Result<Key>;
    /// A number that is never negative.
    fn count(&self, column: impl RowIndex) -> rusqlite::Result<u64>;
    /// Milliseconds since the epoch.
    fn instant(&self, column: impl RowIndex) -> rusqlite::Result<Timestamp>;
    /// Deleted if there is an instant.
    fn lifecycle(&self, deleted_at: &str) -> rusqlite::Result<Lifecycle>;
    /// The id of a run.
    fn run_id(&self, column: impl RowIndex) -> rusqlite::Result<RunId>;
    /// The id of a run, where there may be none.
    fn optional_run_id(&self, column: &str) -> rusqlite::Result<Option<RunId>>;
    /// The id of a logged model.
    fn model_id(&self, column: impl RowIndex) -> rusqlite::Result<LoggedModelId>;
    /// Two columns from this one on: key and value.
    fn key_value(&self, first: usize) -> rusqlite::Result<KeyValue>;
    /// Four columns from this one on: step, time, and a value as [`stored`] has it.
    fn point(&self, first: usize) -> rusqlite::Result<Point>;
}

impl Columns for Row<'_> {
    fn parsed<T>(&self, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> rusqlite::Result<T> {
        let text: String = self.get(column)?;
        parse(&text).ok_or_else(|| unreadable(Error::internal(format!("{column} holds '{text}'"))))
    }

    fn key(&self, column: impl RowIndex) -> rusqlite::Result<Key> {
        Key::new(self.get_ref(column)?.as_str().map_err(unreadable)?).map_err(unreadable)
    }

    fn count(&self, column: impl RowIndex) -> rusqlite::Result<u64> {
        let number: i64 = self.get(column)?;
        u64::try_from(number).map_err(unreadable)
    }

    fn instant(&self, column: impl RowIndex) -> rusqlite::Result<Timestamp> {
        self.get(column).map(Timestamp::from_millis)
    }

    fn lifecycle(&self, deleted_at: &str) -> rusqlite::Result<Lifecycle> {
        let deleted_at: Option<i64> = self.get(deleted_at)?;
        Ok(if deleted_at.is_some() { Lifecycle::Deleted } else { Lifecycle::Active })
    }

    fn run_id(&self, column: impl RowIndex) -> rusqlite::Result<RunId> {
        RunId::parse(&self.get::<_, String>(column)?).map_err(unreadable)
    }

    fn optional_run_id(&self, column: &str) -> rusqlite::Result<Option<RunId>> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| RunId::parse(&text)).transpose().map_err(unreadable)
    }

    fn model_id(&self, column: impl RowIndex) -> rusqlite::Result<LoggedModelId> {
        LoggedModelId::parse(&self.get::<_, String>(column)?).map_err(unreadable)
    }

    fn key_value(&self, first: usize) -> rusqlite::Result<KeyValue> {
        Ok(KeyValue { key: self.key(first)?, value: self.get(first + 1)? })
    }

    fn point(&self, first: usize) -> rusqlite::Result<Point> {
        let value = match self.get(first + 3)? {
            0 => self.get(first + 2)?,
            NEGATIVE_ZERO => -0.0,
            _ => f64::NAN,
        };
        Ok(Point { step: self.get(first)?, time: self.instant(first + 1)?, value })
    }
}

/// A value as it is stored: NaN would become NULL, so it is a flag beside a zero.
pub(crate) fn nan_apart(value: f64) -> (f64, bool) {
    if value.is_nan() { (0.0, true) } else { (value, false) }
}

/// In the column that says whether a value is NaN: it is -0.0.
const NEGATIVE_ZERO: i64 = -1;

/// A value as it is stored where its sign counts also when it is zero: SQLite stores -0.0 as 0. The flag comes before
/// that of the other zero, so that the order of (value, flag) is that of places.
pub(crate) fn stored(value: f64) -> (f64, i64) {
    match nan_apart(value) {
        (0.0, false) if value.is_sign_negative() => (0.0, NEGATIVE_ZERO),
        (value, is_nan) => (value, is_nan.into()),
    }
}

/// A count as it is stored; what SQLite cannot hold is never reached.
pub(crate) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A bound on a number of rows as it is bound to a statement.
pub(crate) fn bound(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The first column of the only row, if there is one. The statement is kept prepared.
pub(crate) fn number(connection: &Connection, sql: &str, params: impl Params) -> Result<Option<i64>> {
    // `query_one` runs to the end, where SQLite checks the foreign keys of an INSERT … RETURNING; `query_row` does not.
    Ok(connection.prepare_cached(sql)?.query_one(params, |row| row.get(0)).optional()?)
}

/// Runs a statement and returns how many rows it changed. The statement is kept prepared.
pub(crate) fn execute(connection: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    Ok(connection.prepare_cached(sql)?.execute(params)?)
}

/// A value that was not written by us.
pub(crate) fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
}
