//! What the disk and SQLite allow on this machine: the rates that no server here can pass by diligence.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use serde::Serialize;

use crate::stats::float;

/// A page of SQLite, the least that a commit writes.
const APPEND_BYTES: usize = 4096;
/// Long enough for thousands of commits on a fast disk and tens on a slow one.
const WINDOW: Duration = Duration::from_secs(1);
/// Rows between two looks at the clock.
const BURST: u64 = 1_000;
/// The table of the naive limit, and its kind of key.
const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE point (
        run TEXT, key TEXT, time INTEGER, step INTEGER, value REAL, PRIMARY KEY (run, key, time, step, value)
    ) WITHOUT ROWID;
";

/// What one thread that does nothing else reaches per second.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Limits {
    /// Appends of 4 KiB, each followed by fdatasync.
    pub(crate) durable_appends: f64,
    /// Transactions of SQLite that insert a row each, in WAL mode with `synchronous=FULL`: what a server can commit one
    /// request at a time. One that commits several together may answer more.
    pub(crate) durable_commits: f64,
    /// Rows by a prepared insert into a clustered table, all in one transaction.
    pub(crate) bulk_rows: f64,
}

impl Limits {
    /// Takes three seconds; leaves nothing in `directory`.
    pub(crate) fn survey(directory: &Path) -> anyhow::Result<Self> {
        let scratch = tempfile::Builder::new().prefix("trackside-bench-limits-").tempdir_in(directory)?;
        Ok(Self {
            durable_appends: appends(scratch.path())?,
            durable_commits: commits(&scratch.path().join("commits.db"))?,
            bulk_rows: bulk_rows(&scratch.path().join("rows.db"))?,
        })
    }
}

fn appends(directory: &Path) -> anyhow::Result<f64> {
    let path = directory.join("appends");
    let mut file = OpenOptions::new().append(true).create_new(true).open(&path)?;
    let page = [0_u8; APPEND_BYTES];
    let rate = per_second(1, |_| {
        file.write_all(&page)?;
        Ok(file.sync_data()?)
    })?;
    fs::remove_file(path)?;
    Ok(rate)
}

fn commits(path: &Path) -> anyhow::Result<f64> {
    let connection = open(path)?;
    let mut insert = connection.prepare("INSERT INTO point VALUES ('run', 'loss', ?1, ?1, 0.5)")?;
    per_second(1, |number| {
        insert.execute([number])?;
        Ok(())
    })
}

fn bulk_rows(path: &Path) -> anyhow::Result<f64> {
    let mut connection = open(path)?;
    let transaction = connection.transaction()?;
    let rate = {
        let mut insert = transaction.prepare("INSERT INTO point VALUES ('run', 'loss', ?1, ?1, 0.5)")?;
        per_second(BURST, |number| {
            insert.execute([number])?;
            Ok(())
        })?
    };
    transaction.commit()?;
    Ok(rate)
}

fn open(path: &Path) -> anyhow::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

/// How often `act` is done in a second; the clock is looked at after each `burst`. It is told how often it was done.
fn per_second(burst: u64, mut act: impl FnMut(i64) -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let started = Instant::now();
    let mut n_done = 0_u64;
    while started.elapsed() < WINDOW {
        for _ in 0..burst {
            act(n_done.cast_signed())?;
            n_done += 1;
        }
    }
    Ok(float(n_done) / started.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_measured_and_nothing_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let limits = Limits::survey(directory.path()).unwrap();
        assert!(limits.durable_appends > 0.0 && limits.durable_commits > 0.0);
        assert!(limits.bulk_rows >= 1.0);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
