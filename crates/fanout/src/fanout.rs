//! The handle: which sinks there are, and everything a user can ask of them.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use trackside_core::{
    ArtifactSource, Clock, Error, ErrorKind, IdSource, Result, Sending, Store, TrackerInterface,
    store::{Cursor, CursorChange, DeadLetter, KEPT_SENDINGS, Log},
};

use crate::{
    Limits, Policy, Selection, SinkStatus,
    backfill::Backfill,
    worker::{Command, Handle, worker},
};

/// A destination and how to treat it.
#[derive(Debug, Clone)]
pub struct Sink {
    /// What it is, e.g. `mlflow`.
    pub type_name: &'static str,
    /// The destination.
    pub tracker: Arc<dyn TrackerInterface>,
    /// How patient to be with it.
    pub policy: Policy,
}

/// What fan-out works with.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The log and the cursors.
    pub log: Arc<dyn Log>,
    /// The system of record, whose history new sinks are sent.
    pub store: Option<Arc<dyn Store>>,
    /// What artifacts runs have, for the same purpose.
    pub artifacts: Option<Arc<dyn ArtifactSource>>,
    /// The present instant.
    pub clock: Arc<dyn Clock>,
    /// Randomness for pauses.
    pub ids: Arc<dyn IdSource>,
    /// The bounds of the log.
    pub limits: Limits,
}

/// What came of trying dead letters again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retried {
    /// Delivered after all, or to be sent again whole, or no longer true; gone from the list.
    pub delivered: u64,
    /// Still in the list, with a new reason: refused again, or other events of its subject are being delivered.
    pub failed: u64,
}

/// All sinks. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Fanout(Arc<Inner>);

struct Inner {
    parts: Arc<Parts>,
    /// Never held over an await.
    workers: Mutex<BTreeMap<String, Handle>>,
    tasks: TaskTracker,
    end: CancellationToken,
    /// One change of the set of sinks or of a cursor at a time. The cursor of a sink that has a worker is written by
    /// that worker alone.
    changes: tokio::sync::Mutex<()>,
}

impl Fanout {
    /// Without sinks. Cursors of earlier processes hold their place in the log and are `NotConfigured`.
    pub fn start(parts: Parts) -> Self {
        let fanout = Self(Arc::new(Inner {
            parts: Arc::new(parts),
            workers: Mutex::default(),
            tasks: TaskTracker::new(),
            end: CancellationToken::new(),
            changes: tokio::sync::Mutex::default(),
        }));
        let (watch, end) = (fanout.clone().watch_cap(), fanout.0.end.clone());
        fanout.0.tasks.spawn(async move {
            tokio::select! {
                () = end.cancelled() => {}
                () = watch => {}
            }
        });
        fanout
    }

    /// Adds a sink and starts delivering, or replaces the one of that name at its place in the log.
    pub async fn put(&self, sink: Sink) -> Result<()> {
        let _turn = self.0.changes.lock().await;
        let name = sink.tracker.name().to_owned();
        self.0.parts.log.open_cursor(&name).await?;
        self.stop(&name).await;
        let (handle, task) = worker(sink, Arc::clone(&self.0.parts));
        self.0.tasks.spawn(task);
        self.workers().insert(name, handle);
        Ok(())
    }

    /// Stops delivering to a sink; its place in the log is kept. Harmless when there is none.
    pub async fn withdraw(&self, name: &str) -> Result<()> {
        let _turn = self.0.changes.lock().await;
        self.stop(name).await;
        Ok(())
    }

    /// Forgets a sink that is not configured: its place in the log, its memories and its dead letters.
    /// `Conflict` while it is configured, `NotFound` when there is no such sink.
    pub async fn forget(&self, name: &str) -> Result<()> {
        let _turn = self.0.changes.lock().await;
        if self.worker(name).is_some() {
            return Err(Error::conflict(format!(
                "sink {name} is in use: take it out of the configuration and reload first"
            )));
        }
        self.require(name).await?;
        self.0.parts.log.close_cursor(name).await
    }

    /// All sinks, by name.
    pub async fn status(&self) -> Result<Vec<SinkStatus>> {
        let now = self.0.parts.clock.now();
        let cursors = self.0.parts.log.cursors().await?;
        Ok(cursors.into_iter().map(|cursor| SinkStatus::new(self.worker(&cursor.sink).as_ref(), cursor, now)).collect())
    }

    /// The last messages that a sink has sent or tried to send, oldest first. `NotFound` when there is no such sink.
    pub async fn sendings(&self, name: &str) -> Result<Vec<Sending>> {
        self.0.parts.log.sendings(name, KEPT_SENDINGS).await
    }

    /// How large the log is, in bytes.
    pub async fn log_bytes(&self) -> Result<u64> {
        Ok(self.0.parts.log.log_size().await?.bytes)
    }

    /// Stops delivering until resumed, also over restarts. `NotFound` when there is no such sink.
    pub async fn pause(&self, name: &str) -> Result<()> {
        let _turn = self.0.changes.lock().await;
        self.change(name, CursorChange::Paused(true)).await
    }

    /// Goes on, at once: an open breaker lets a try through.
    pub async fn resume(&self, name: &str) -> Result<()> {
        let _turn = self.0.changes.lock().await;
        self.change(name, CursorChange::Paused(false)).await?;
        if let Some(worker) = self.worker(name) {
            worker.send(Command::Encourage).await;
        }
        Ok(())
    }

    /// Begins to send history, beside live traffic. `Conflict` while another backfill of that sink goes on,
    /// `NotFound` when the sink or the experiment does not exist, `Unsupported` when it takes no history. Returns how many runs there are.
    pub async fn backfill(&self, name: &str, selection: Selection) -> Result<u64> {
        let _turn = self.0.changes.lock().await;
        let cursor = self.require(name).await?;
        let Some(store) = &self.0.parts.store else {
            return Err(Error::new(ErrorKind::Unsupported, "there is no store to take history from"));
        };
        if self.worker(name).is_some_and(|worker| !worker.sink.tracker.takes_history()) {
            let message = format!("sink {name} tells of what happens and mirrors nothing: it takes no history");
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        if cursor.backfill.is_some() {
            return Err(Error::conflict(format!("a backfill of sink {name} is under way: wait for it or cancel it")));
        }
        let backfill = Backfill::begin(store.as_ref(), &selection).await?;
        self.change(name, CursorChange::Backfill(Some(backfill.write()))).await?;
        Ok(backfill.total())
    }

    /// Ends a backfill where it is. Harmless when there is none.
    pub async fn cancel_backfill(&self, name: &str) -> Result<()> {
        let _turn = self.0.changes.lock().await;
        self.change(name, CursorChange::Backfill(None)).await
    }

    /// Dead letters in order, after this number, at most so many; of one sink or of all.
    pub async fn dead_letters(&self, name: Option<&str>, after: u64, limit: usize) -> Result<Vec<DeadLetter>> {
        if let Some(name) = name {
            self.require(name).await?;
        }
        self.0.parts.log.dead_letters(name, after, limit).await
    }

    /// Tries dead letters of a sink again, these or all, in order. Of changeable things (tags, status, name) only
    /// what still holds is sent, so that a late letter does not overwrite what came after it.
    pub async fn retry_dead_letters(&self, name: &str, ids: Option<Vec<u64>>) -> Result<Retried> {
        self.require(name).await?;
        let worker = self.worker(name).ok_or_else(|| Error::conflict(format!("sink {name} is not configured")))?;
        worker.ask(|reply| Command::Retry(ids, reply)).await
    }

    /// Removes dead letters of a sink, these or all. Returns how many.
    pub async fn discard_dead_letters(&self, name: &str, ids: Option<Vec<u64>>) -> Result<u64> {
        self.require(name).await?;
        self.0.parts.log.discard_dead_letters(name, ids).await
    }

    /// Lets each sink catch up until the deadline, then stops all. Those that fail or are paused are not waited for.
    /// What was not delivered stays in the log.
    pub async fn close(&self, deadline: Duration) {
        let _turn = self.0.changes.lock().await;
        let workers = std::mem::take(&mut *self.workers());
        workers.values().for_each(Handle::drain);
        let drained = async {
            for worker in workers.values() {
                worker.ended.cancelled().await;
            }
        };
        if tokio::time::timeout(deadline, drained).await.is_err() {
            tracing::info!("sinks have not caught up: the rest is delivered after the next start");
        }
        for worker in workers.values() {
            worker.stop().await;
        }
        self.0.end.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    pub(crate) async fn detach(&self, name: &str) -> Result<u64> {
        let _turn = self.0.changes.lock().await;
        match self.worker(name) {
            Some(worker) => worker.ask(Command::Detach).await,
            None => self.0.parts.log.detach(name).await,
        }
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0.parts
    }

    /// The caller holds `changes`.
    async fn change(&self, name: &str, change: CursorChange) -> Result<()> {
        match self.worker(name) {
            Some(worker) => worker.ask(|reply| Command::Change(change, reply)).await,
            None => self.0.parts.log.change_cursor(name, change).await,
        }
    }

    async fn stop(&self, name: &str) {
        let worker = self.workers().remove(name);
        if let Some(worker) = worker {
            worker.stop().await;
        }
    }

    async fn require(&self, name: &str) -> Result<Cursor> {
        let cursors = self.0.parts.log.cursors().await?;
        cursors.into_iter().find(|cursor| cursor.sink == name).ok_or_else(|| unknown(name))
    }

    fn worker(&self, name: &str) -> Option<Handle> {
        self.workers().get(name).cloned()
    }

    fn workers(&self) -> MutexGuard<'_, BTreeMap<String, Handle>> {
        self.0.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Fanout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fanout").field("sinks", &self.workers().keys().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

fn unknown(name: &str) -> Error {
    Error::not_found(format!("there is no sink called '{name}'"))
}
