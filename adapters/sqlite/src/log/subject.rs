//! Subjects as two columns, `subject_kind` and `subject`; their order is that of `Subject`.

use rusqlite::{Row, types::Type};
use trackside_core::Subject;

use crate::rows::Columns;

const RUN: i64 = 0;
const LOGGED_MODEL: i64 = 1;
const REGISTERED_MODEL: i64 = 2;

/// Both columns.
pub(super) fn columns(subject: &Subject) -> (i64, &str) {
    match subject {
        Subject::Run(id) => (RUN, id.as_str()),
        Subject::LoggedModel(id) => (LOGGED_MODEL, id.as_str()),
        Subject::RegisteredModel(name) => (REGISTERED_MODEL, name.as_str()),
    }
}

/// Reads both, from this one on.
pub(super) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Subject> {
    match row.get(first)? {
        RUN => row.run_id(first + 1).map(Subject::Run),
        LOGGED_MODEL => row.model_id(first + 1).map(Subject::LoggedModel),
        REGISTERED_MODEL => row.key(first + 1).map(Subject::RegisteredModel),
        _ => Err(rusqlite::Error::InvalidColumnType(first, "subject_kind".to_owned(), Type::Integer)),
    }
}
