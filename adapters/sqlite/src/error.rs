//! What can go wrong in this crate, and what callers hear of it.
//!
//! SQLite's result codes are read here and nowhere else: <https://www.sqlite.org/rescode.html>.

use std::sync::Arc;

use rusqlite::ErrorCode;
use trackside_core::{Error, ErrorKind};

/// Shorthand within this crate.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a read or a write failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The request, or the state it met.
    #[error(transparent)]
    Domain(#[from] Error),
    /// SQLite, or a row that does not hold what was written.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The transaction that the request shared with others could not begin or commit.
    #[error(transparent)]
    Group(Arc<rusqlite::Error>),
    /// Another request of the same transaction failed so badly that SQLite rolled all of it back.
    #[error("the transaction was rolled back by a failure in another request")]
    Neighbour,
    /// The code that served the request panicked.
    #[error("the request panicked: {0}")]
    Panic(String),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let (kind, message) = match failure {
            Failure::Domain(error) => return error,
            Failure::Sqlite(ref error) => meaning(error),
            Failure::Group(ref error) => meaning(error),
            Failure::Neighbour => (ErrorKind::Unavailable, "the write was rolled back, nothing was written: try again"),
            Failure::Panic(_) => (ErrorKind::Internal, "the store failed to serve the request"),
            Failure::Closed => (ErrorKind::Unavailable, "the store is closed"),
        };
        Self::new(kind, message).with_source(failure)
    }
}

/// Kind and text for clients. Codes without a line of their own are faults of ours.
fn meaning(error: &rusqlite::Error) -> (ErrorKind, &'static str) {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};

    match error {
        FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) => {
            (ErrorKind::Corrupt, "the database holds a row that Trackside did not write")
        }
        _ => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                (ErrorKind::Unavailable, "the database is locked by another process: try again")
            }
            Some(ErrorCode::DiskFull) => (ErrorKind::Unavailable, "the disk of the database is full"),
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::FileLockingProtocolFailed) => {
                (ErrorKind::Unavailable, "the file of the database cannot be read or written")
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                (ErrorKind::Unavailable, "the file of the database may not be written")
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                (ErrorKind::Corrupt, "the database is damaged")
            }
            Some(ErrorCode::TooBig) => (ErrorKind::Invalid, "a value is longer than the database can hold"),
            _ => (ErrorKind::Internal, "the database failed to serve the request"),
        },
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;
    use trackside_core::{Retry, fault};

    use super::*;

    fn sqlite(code: i32) -> Error {
        Failure::Sqlite(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).into()
    }

    #[test]
    fn a_full_disk_and_a_lock_are_worth_another_try() {
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_BUSY, ffi::SQLITE_IOERR_FSYNC] {
            let error = sqlite(code);
            assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Later), "{error}");
        }
    }

    #[test]
    fn damage_and_our_own_faults_are_told_apart() {
        assert_eq!(sqlite(ffi::SQLITE_CORRUPT).kind(), ErrorKind::Corrupt);
        assert_eq!(sqlite(ffi::SQLITE_CONSTRAINT_FOREIGNKEY).kind(), ErrorKind::Internal);
    }

    #[test]
    fn domain_errors_pass_unchanged() {
        let error = Error::from(Failure::from(fault::alias_not_found("best")));
        assert_eq!(error.message(), "Registered model alias best not found.");
    }
}
