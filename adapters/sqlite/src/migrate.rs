//! Versions of the schema, and the way from one to the next.
//!
//! The version is SQLite's `user_version`. Migrations are append-only: a released one never changes, and
//! `tests/golden/v<n>.sql` proves that a database of each released version still opens.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use trackside_core::{Error, ErrorKind};

use crate::{
    error::{Failure, Result},
    inspect::{APPLICATION_ID, refuse_foreign},
};

/// The n-th leads from version n to version n + 1.
pub(crate) const MIGRATIONS: [&str; 12] = [
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_log.sql"),
    include_str!("migrations/0003_chunks.sql"),
    include_str!("migrations/0004_fewer_pages.sql"),
    include_str!("migrations/0005_webhooks.sql"),
    include_str!("migrations/0006_traces.sql"),
    include_str!("migrations/0007_evaluation.sql"),
    include_str!("migrations/0008_run_records.sql"),
    include_str!("migrations/0009_bundles_and_sweeps.sql"),
    include_str!("migrations/0010_collections_and_ledger.sql"),
    include_str!("migrations/0011_promotions.sql"),
    include_str!("migrations/0012_sendings.sql"),
];
/// The version that this release writes.
#[expect(clippy::cast_possible_wrap, clippy::cast_possible_truncation, reason = "a handful")]
const LATEST: i32 = MIGRATIONS.len() as i32;

/// How long to wait before another try at a locked file.
const PAUSE: Duration = Duration::from_millis(5);

/// Brings the database up to date and into WAL mode.
///
/// `Unsupported` when it was written by a newer release. Safe when several processes open the same file at once:
/// one migrates, the others wait for its lock, at most for `patience`, and find the work done.
pub(crate) fn migrate(connection: &mut Connection, path: &Path, patience: Duration) -> Result<()> {
    let begun = Instant::now();
    loop {
        match try_migrate(connection, path) {
            // SQLite itself waits for most locks, but not when it must raise one it holds, as a change of the
            // journal mode does.
            Err(Failure::Sqlite(error)) if is_busy(&error) && begun.elapsed() < patience => thread::sleep(PAUSE),
            other => return other,
        }
    }
}

/// Every step may be repeated.
fn try_migrate(connection: &mut Connection, path: &Path) -> Result<()> {
    refuse_foreign(connection, path)?;
    if pending(connection, path)?.is_empty() {
        return use_wal(connection, path);
    }
    let transaction = Transaction::new(connection, TransactionBehavior::Exclusive)?;
    refuse_foreign(&transaction, path)?;
    for migration in pending(&transaction, path)? {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", LATEST)?;
    transaction.commit()?;
    // Only now: the mark that the file is ours must be in the file itself, where `inspect` looks, not in a WAL.
    use_wal(connection, path)
}

/// The migrations that are still to run.
fn pending(connection: &Connection, path: &Path) -> Result<&'static [&'static str]> {
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version..)).ok_or_else(|| {
        let message = format!(
            "{} has schema version {version}, this Trackside knows versions up to {LATEST}: start the release \
             that wrote it or a newer one",
            path.display()
        );
        Error::new(ErrorKind::Unsupported, message).into()
    })
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn use_wal(connection: &Connection, path: &Path) -> Result<()> {
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode == "wal" {
        return Ok(());
    }
    let message = format!("{} lies on a file system that cannot share memory, as SQLite's WAL needs", path.display());
    Err(Error::new(ErrorKind::Unsupported, message).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_refused_for_want_of_a_wal() {
        let mut connection = Connection::open_in_memory().unwrap();
        let refused = Error::from(migrate(&mut connection, Path::new("memory"), Duration::ZERO).unwrap_err());
        assert_eq!(refused.kind(), ErrorKind::Unsupported);
        assert!(refused.message().contains("WAL"), "{refused}");
    }
}
