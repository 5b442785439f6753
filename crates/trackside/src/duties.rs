//! Who delivers: of all servers on one database, one.
//!
//! Each may answer clients, but two that deliver to the same sink or webhook would do it twice. Who does holds a lock on
//! a file beside the database, which the system releases however the process ends; the others wait for it.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::Context;

/// How often a server that waits looks again.
const PAUSE: Duration = Duration::from_secs(1);

/// The duties of the servers on a database: sinks, webhooks, retention.
#[derive(Debug)]
pub(crate) struct Duties {
    file: File,
    path: PathBuf,
    taken: AtomicBool,
}

impl Duties {
    /// Of the servers on this database. Takes nothing yet.
    pub(crate) fn of(database: &Path) -> anyhow::Result<Self> {
        let mut path = OsString::from(database);
        path.push("-duties");
        let path = PathBuf::from(path);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        Ok(Self {
            file: file.with_context(|| format!("cannot open {}", path.display()))?,
            path,
            taken: AtomicBool::new(false),
        })
    }

    /// Whether they are this process's from here on, until it drops them.
    pub(crate) fn try_take(&self) -> bool {
        if self.taken.load(Ordering::Relaxed) {
            return true;
        }
        match self.file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return false,
            // Better twice than never.
            Err(TryLockError::Error(error)) => {
                tracing::warn!(file = %self.path.display(), %error, "cannot be locked; another server may deliver too");
            }
        }
        self.taken.store(true, Ordering::Relaxed);
        true
    }

    /// Waits until they are.
    pub(crate) async fn take(&self) {
        while !self.try_take() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_has_them_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("trackside.db");
        let [first, second] = [Duties::of(&database).unwrap(), Duties::of(&database).unwrap()];
        assert!(first.try_take() && !second.try_take());
        // What one has, it still has.
        first.take().await;
        drop(first);
        second.take().await;
    }
}
