//! The pool of reading connections. A read is one snapshot of what was committed before it began.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::Connection;
use tokio::{sync::Semaphore, task};

use crate::{
    config::Config,
    connection::open_reader,
    error::{Failure, Result},
};

/// Connections that cannot write, opened when they are first needed.
#[derive(Clone)]
pub(crate) struct Readers(Arc<Pool>);

struct Pool {
    path: PathBuf,
    config: Config,
    /// One permit per connection that may be in use; closed with the store.
    permits: Arc<Semaphore>,
    /// Held for a push or a pop only; nothing is locked inside.
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// A pool that opens this file, which must exist by the time of the first read.
    pub(crate) fn new(path: PathBuf, config: Config) -> Self {
        let permits = Arc::new(Semaphore::new(config.readers));
        Self(Arc::new(Pool { path, config, permits, idle: Mutex::default() }))
    }

    /// Runs a read within one transaction, off the runtime's own threads.
    ///
    /// Dropping the future lets a read that has begun finish unheard; its connection goes back to the pool.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let pool = Arc::clone(&self.0);
        let permit = Arc::clone(&pool.permits).acquire_owned().await.map_err(|_| Failure::Closed)?;
        let read = task::spawn_blocking(move || {
            let connection = pool.take()?;
            let result = in_snapshot(&connection, work);
            pool.idle().push(connection);
            drop(permit);
            result
        });
        // A panicking read takes its connection with it; the next one opens another.
        read.await.map_err(|gone| if gone.is_panic() { Failure::Panic(gone.to_string()) } else { Failure::Closed })?
    }

    /// Lets reads that have begun finish, refuses others, and closes the connections.
    pub(crate) async fn close(&self) {
        let all = u32::try_from(self.0.config.readers).unwrap_or(u32::MAX);
        let finished = self.0.permits.acquire_many(all).await;
        self.0.permits.close();
        drop(finished);
        self.0.idle().clear();
    }
}

impl Pool {
    fn take(&self) -> Result<Connection> {
        match self.idle().pop() {
            Some(connection) => Ok(connection),
            None => open_reader(&self.path, &self.config),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let closed = self.0.permits.is_closed();
        f.debug_struct("Readers").field("path", &self.0.path).field("closed", &closed).finish_non_exhaustive()
    }
}

fn in_snapshot<T>(connection: &Connection, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    // Deferred: the snapshot is taken by the first statement. Dropping it ends it.
    let snapshot = connection.unchecked_transaction()?;
    work(&snapshot)
}
