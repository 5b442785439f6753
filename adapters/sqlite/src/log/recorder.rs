//! Whether changes are logged, and logging them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rusqlite::Connection;
use trackside_core::{Batch, Clock, Error, ErrorKind};

use super::{Draft, extent};
use crate::error::Result;

/// Shared by the callers and the writer. The flags are only changed on the writer's thread, but for `refusing`; they
/// guard no other memory, and what a caller was answered came through a channel, so relaxed order is enough.
#[derive(Debug)]
pub(crate) struct Recorder {
    clock: Arc<dyn Clock>,
    /// Whether there is a cursor.
    on: AtomicBool,
    /// Whether what would be logged is refused.
    refusing: AtomicBool,
    /// Whether the transaction under way has something to do with the log.
    touched: AtomicBool,
}

impl Recorder {
    /// One that logs nothing until it is told that there is a cursor.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, on: AtomicBool::default(), refusing: AtomicBool::default(), touched: AtomicBool::default() }
    }

    /// Whether changes are logged. May change before a job runs.
    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// See [`trackside_core::store::Outbox::refuse_writes`].
    pub(super) fn refuse(&self, refuse: bool) {
        self.refusing.store(refuse, Ordering::Relaxed);
    }

    /// `Throttled` when changes are logged and that is not wanted now: what has to be logged need not be begun.
    pub(crate) fn admit(&self) -> Result<()> {
        if self.is_on() && self.refusing.load(Ordering::Relaxed) {
            let message = "the log of undelivered events has reached its limit: nothing is written until the \
                           destinations have caught up or an operator gives them up";
            return Err(Error::new(ErrorKind::Throttled, message).into());
        }
        Ok(())
    }

    /// Logs a change if changes are logged. To be called by the job that made it, after it was made.
    pub(crate) fn record(&self, connection: &Connection, change: impl FnOnce() -> Result<Batch>) -> Result<()> {
        if self.is_on() { self.write(connection, &Draft::of(&change()?)) } else { Ok(()) }
    }

    /// The same for an entry that may have been made before the job.
    pub(crate) fn record_draft(&self, connection: &Connection, draft: Option<Draft>, change: Batch) -> Result<()> {
        match draft {
            Some(draft) if self.is_on() => self.write(connection, &draft),
            // The last cursor was closed in between.
            Some(_) => Ok(()),
            None => self.record(connection, || Ok(change)),
        }
    }

    fn write(&self, connection: &Connection, draft: &Draft) -> Result<()> {
        self.admit()?;
        self.touch();
        draft.insert(connection, self.clock.now())
    }

    /// Reads from the database whether there is a cursor.
    pub(crate) fn look(&self, connection: &Connection) -> Result<()> {
        self.on.store(extent::floor(connection)?.is_some(), Ordering::Relaxed);
        Ok(())
    }

    /// Has the log looked at when the transaction is over, which may yet fail.
    pub(crate) fn touch(&self) {
        self.touched.store(true, Ordering::Relaxed);
    }

    /// Whether the log is to be looked at; forgets it.
    pub(super) fn take_touched(&self) -> bool {
        self.touched.swap(false, Ordering::Relaxed)
    }
}
