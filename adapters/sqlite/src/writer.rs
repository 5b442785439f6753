//! The one thread that writes, and group commit.
//!
//! A commit costs a flush of the disk, which takes as long for one request as for hundreds. So the writer takes
//! a request, begins a transaction, runs what else is waiting in the same transaction, commits, and only then
//! answers all of them. It never waits for company: a single client's request is committed at once, and while
//! it is flushed those of others gather.
//!
//! Each request runs in a savepoint. One that fails or panics is undone alone. Only when the commit itself fails,
//! or SQLite gives up the whole transaction (a full disk), does every request of the group fail. A request that has
//! nothing left to refuse once it writes goes without a savepoint, which costs as much as a point: SQLite copies each
//! page that is changed within one. Should it fail after its first change all the same (a damaged page), the group
//! fails.
//!
//! After a commit those who wait for entries of the log hear of new ones (`log/publisher.rs`).
//!
//! A request whose caller is gone is carried out all the same. The queue is bounded: callers wait for a place.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::{
    config::Config,
    error::{Failure, Result},
    log::Publisher,
    rows::execute,
};

/// What the writer has done since it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Transactions committed.
    pub commits: u64,
    /// Requests served, failed ones included.
    pub jobs: u64,
}

#[derive(Debug, Default)]
struct Counters {
    commits: AtomicU64,
    jobs: AtomicU64,
}

/// The callers' end of the queue. When the last one is dropped the writer finishes what is queued and ends.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
    counters: Arc<Counters>,
}

impl Writer {
    /// Starts the thread on a connection of its own.
    pub(crate) fn start(connection: Connection, publisher: Publisher, config: &Config) -> std::io::Result<Self> {
        let (queue, requests) = mpsc::channel(config.queue);
        let counters = Arc::new(Counters::default());
        let desk = Desk { connection, publisher, config: config.clone(), counters: Arc::clone(&counters) };
        thread::Builder::new().name("trackside-sqlite-writer".to_owned()).spawn(move || desk.serve(requests))?;
        Ok(Self { queue, counters })
    }

    /// Runs a write; `Ok` when it is committed. Dropping the future once it is queued does not stop it.
    pub(crate) async fn write<T, F>(&self, undo: Undo, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let request = Request { work: Some(work), result: None, undo, reply };
        self.queue.send(Message::Job(Box::new(request))).await.map_err(|_| Failure::Closed)?;
        answer.await.map_err(|_| Failure::Closed)?
    }

    /// The same for a thread that is none of the runtime's.
    pub(crate) fn write_blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let request = Request { work: Some(work), result: None, undo: Undo::Alone, reply };
        self.queue.blocking_send(Message::Job(Box::new(request))).map_err(|_| Failure::Closed)?;
        answer.blocking_recv().map_err(|_| Failure::Closed)?
    }

    /// A way to the queue that does not keep the writer from ending.
    pub(crate) fn downgrade(&self) -> WeakWriter {
        WeakWriter { queue: self.queue.downgrade(), counters: Arc::clone(&self.counters) }
    }

    /// Finishes what is queued, refuses what comes later, moves the WAL into the file and closes it.
    pub(crate) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        // Either end may be gone: then the store was closed before.
        if self.queue.send(Message::Close(reply)).await.is_ok() {
            closed.await.ok();
        }
    }

    /// What it has done so far.
    pub(crate) fn stats(&self) -> Stats {
        Stats {
            commits: self.counters.commits.load(Ordering::Relaxed),
            jobs: self.counters.jobs.load(Ordering::Relaxed),
        }
    }
}

/// See [`Writer::downgrade`].
#[derive(Debug, Clone)]
pub(crate) struct WeakWriter {
    queue: mpsc::WeakSender<Message>,
    counters: Arc<Counters>,
}

impl WeakWriter {
    /// `None` when the writer ends.
    pub(crate) fn upgrade(&self) -> Option<Writer> {
        Some(Writer { queue: self.queue.upgrade()?, counters: Arc::clone(&self.counters) })
    }
}

enum Message {
    Job(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// What becomes of a request that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undo {
    /// It is undone alone, whatever it has written.
    Alone,
    /// It has written nothing: it refuses, if at all, before its first change.
    Nothing,
}

/// A request of any type.
trait Job: Send {
    /// What becomes of it when it fails.
    fn undo(&self) -> Undo;
    /// Does the work and keeps the result; says whether it shall stay.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Sends the caller the result, or word that the group was lost.
    fn answer(self: Box<Self>, lost: Option<&Lost>);
}

/// Why no request of a group was written.
enum Lost {
    /// The transaction could not begin or commit.
    Transaction(Arc<rusqlite::Error>),
    /// A request made SQLite roll back more than its savepoint.
    Neighbour,
}

struct Request<T, F> {
    work: Option<F>,
    result: Option<Result<T>>,
    undo: Undo,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Job for Request<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T> + Send,
{
    fn undo(&self) -> Undo {
        self.undo
    }

    fn run(&mut self, connection: &Connection) -> bool {
        let work = self.work.take().expect("a request runs once");
        let result = catch_unwind(AssertUnwindSafe(|| work(connection)))
            .unwrap_or_else(|panic| Err(Failure::Panic(panic_text(panic.as_ref()))));
        self.result.insert(result).is_ok()
    }

    fn answer(self: Box<Self>, lost: Option<&Lost>) {
        let answer = match (lost, self.result) {
            (None, Some(result)) => result,
            // The cause itself is worth more than its consequence. Other results, refusals too, may rest on what
            // a neighbour wrote and is lost.
            (Some(_), Some(Err(cause @ (Failure::Sqlite(_) | Failure::Panic(_))))) => Err(cause),
            (Some(Lost::Transaction(cause)), _) => Err(Failure::Group(Arc::clone(cause))),
            (Some(Lost::Neighbour), _) | (None, None) => Err(Failure::Neighbour),
        };
        // The caller may have gone.
        self.reply.send(answer).ok();
    }
}

/// The writer's end of the queue.
struct Desk {
    connection: Connection,
    publisher: Publisher,
    config: Config,
    counters: Arc<Counters>,
}

impl Desk {
    fn serve(self, mut requests: mpsc::Receiver<Message>) {
        let mut closing = None;
        while let Some(message) = requests.blocking_recv() {
            let close = match message {
                Message::Job(first) => self.group(first, &mut requests),
                Message::Close(reply) => Some(reply),
            };
            if close.is_some() {
                // What was queued before this instant is still received.
                requests.close();
                closing = closing.or(close);
            }
        }
        // Closing the last connection would do the same, but not if another process has the file open. A reader
        // may prevent it; the next process to open the file then reads the WAL.
        if let Err(error) = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
            tracing::warn!(%error, "the WAL could not be moved into the database");
        }
        drop(self.connection);
        if let Some(reply) = closing {
            reply.send(()).ok();
        }
    }

    /// Serves a request and those waiting behind it. Returns a request to close that it met.
    fn group(&self, first: Box<dyn Job>, requests: &mut mpsc::Receiver<Message>) -> Option<oneshot::Sender<()>> {
        let mut group = vec![first];
        let mut close = None;
        let written = execute(&self.connection, "BEGIN IMMEDIATE", []).map_err(lost).and_then(|_| {
            let begun = Instant::now();
            self.publisher.begin(&self.connection).map_err(lost)?;
            self.run(&mut group[0])?;
            while group.len() < self.config.group_max_jobs && begun.elapsed() < self.config.group_max_time {
                match requests.try_recv() {
                    Ok(Message::Job(job)) => group.push(job),
                    Ok(Message::Close(reply)) => {
                        close = Some(reply);
                        break;
                    }
                    Err(_) => break,
                }
                let last = group.len() - 1;
                self.run(&mut group[last])?;
            }
            execute(&self.connection, "COMMIT", []).map_err(lost)
        });
        self.counters.jobs.fetch_add(group.len() as u64, Ordering::Relaxed);
        match &written {
            Ok(_) => {
                self.counters.commits.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(jobs = group.len(), "committed");
            }
            Err(_) if self.connection.is_autocommit() => {}
            Err(_) => {
                // Nothing can be done about a rollback that fails; the next BEGIN will say so.
                execute(&self.connection, "ROLLBACK", []).ok();
            }
        }
        self.publisher.end(&self.connection);
        for job in group {
            job.answer(written.as_ref().err());
        }
        close
    }

    /// Runs a request, in its savepoint if it needs one, which stays or is undone.
    fn run(&self, job: &mut Box<dyn Job>) -> Result<(), Lost> {
        if job.undo() == Undo::Nothing {
            let before = self.connection.total_changes();
            let stays = job.run(&self.connection) || self.connection.total_changes() == before;
            return if stays { Ok(()) } else { Err(Lost::Neighbour) };
        }
        execute(&self.connection, "SAVEPOINT job", []).map_err(lost)?;
        if !job.run(&self.connection) {
            if self.connection.is_autocommit() {
                return Err(Lost::Neighbour);
            }
            execute(&self.connection, "ROLLBACK TO job", []).map_err(lost)?;
        }
        execute(&self.connection, "RELEASE job", []).map_err(lost).map(drop)
    }
}

/// Why a statement of the writer itself failed.
fn lost(failure: Failure) -> Lost {
    match failure {
        Failure::Sqlite(error) => Lost::Transaction(Arc::new(error)),
        _ => Lost::Neighbour,
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
