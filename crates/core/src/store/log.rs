//! The log of events and the cursors over it: what fan-out needs of a system of record.
//!
//! An entry is one batch as it was applied; points that were there already are not in it, because a client that
//! repeats a request has not logged them twice. It is written in the same transaction as the state it changes, so the
//! log has every acknowledged change and no other. While there is no cursor nothing is logged. A cursor is the
//! position up to which one sink has everything; entries behind all cursors are removed.

use std::fmt;

use async_trait::async_trait;

use crate::{Batch, Result, Sending, Seq, Subject, Timestamp, Withheld};

/// One change, as it is logged.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What happened; its `last` is the position of the entry.
    pub batch: Batch,
    /// When it was logged.
    pub at: Timestamp,
    /// Size in the log.
    pub bytes: u64,
}

/// Which entries to read, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRange {
    /// Only later ones.
    pub after: Seq,
    /// None later than this.
    pub until: Option<Seq>,
    /// Of this subject alone.
    pub subject: Option<Subject>,
    /// No further entry once so many bytes are reached; the first one is read whatever its size.
    pub max_bytes: u64,
}

/// How large the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogSize {
    /// Position of the last entry ever written.
    pub end: Seq,
    /// Entries held.
    pub entries: u64,
    /// Bytes held.
    pub bytes: u64,
}

/// The log of what happened.
#[async_trait]
pub trait Outbox: fmt::Debug + Send + Sync + 'static {
    /// Whether changes are logged, which is when there is a cursor. Costs nothing: those who would have to prepare
    /// an event for the log alone ask first.
    fn is_logging(&self) -> bool;

    /// How large the log is.
    async fn log_size(&self) -> Result<LogSize>;

    /// Entries in order. Reads are cheap whatever the size of the log.
    async fn read_log(&self, range: LogRange) -> Result<Vec<Entry>>;

    /// Returns once there is an entry after this position, which may be at once; an error when the store is closed.
    /// May be dropped at any time.
    async fn wait_log(&self, after: Seq) -> Result<()>;

    /// Whether writes that would be logged are refused (`Throttled`) until told otherwise: what an operator may
    /// choose for a log that has grown too large.
    fn refuse_writes(&self, refuse: bool);
}

/// How far a sink is, and what became of what it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Name of the sink.
    pub sink: String,
    /// Everything up to here was delivered, withheld or declared dead.
    pub position: Seq,
    /// Everything up to here may have been delivered in part: the end of the window that was begun. A window is
    /// delivered again as it was cut the first time.
    pub window_end: Option<Seq>,
    /// Whether a user has paused it.
    pub paused: bool,
    /// Items delivered so far, see [`Batch::n_items`].
    pub delivered: u64,
    /// Items withheld so far.
    pub withheld: Withheld,
    /// Dead letters that wait for a decision.
    pub dead: u64,
    /// Subjects marked as lost.
    pub lost: u64,
    /// A backfill under way, in fan-out's own form.
    pub backfill: Option<String>,
    /// Entries, items and bytes after the position.
    pub lag: Lag,
}

/// What a sink has yet to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lag {
    /// Entries.
    pub entries: u64,
    /// Items in them.
    pub items: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the oldest was logged.
    pub since: Option<Timestamp>,
}

/// What is known of a subject at a sink.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mark {
    /// Entries up to here were delivered in another way, as history, and are passed over.
    pub upto: Seq,
    /// What the sink asked to be told, see [`crate::Delivered::memory`].
    pub memory: Option<String>,
    /// Whether the peer must hear of it from time to time.
    pub keep_alive: bool,
    /// How far its history has been sent, in fan-out's own form, while that goes on. Without it, a mark means that the
    /// sink knows the subject, or that all of it that is not delivered yet lies in the log.
    pub catch_up: Option<String>,
    /// Entries were dropped before they were delivered: its whole history must be sent again.
    pub lost: bool,
    /// How what is under way of it, entries of a window or a part of its history, was cut because it was refused as
    /// a whole. In order; each number is the place, in the list of pieces as it then was, of the piece that was
    /// halved. Whoever goes on after a crash makes the same pieces of it.
    pub cuts: Vec<u32>,
}

/// Which marks to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkFilter {
    /// With [`Mark::keep_alive`].
    KeepAlive,
    /// With [`Mark::catch_up`].
    CatchingUp,
    /// With [`Mark::lost`].
    Lost,
}

/// A batch that can never be delivered, or so it seemed.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDeadLetter {
    /// When it was given up.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// What was to be delivered.
    pub batch: Batch,
}

/// A dead letter in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// Its number, unique in the store and growing.
    pub id: u64,
    /// For which sink.
    pub sink: String,
    /// When and why it was given up, and what it holds.
    pub letter: NewDeadLetter,
}

/// A step of a sink, made durable as a whole.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// The new position, not before the old one.
    pub position: Seq,
    /// The end of the window that is begun next.
    pub window_end: Option<Seq>,
    /// Items delivered since the last step.
    pub delivered: u64,
    /// Items withheld since the last step.
    pub withheld: Withheld,
    /// New marks; `None` forgets one.
    pub marks: Vec<(Subject, Option<Mark>)>,
    /// Batches given up since the last step.
    pub dead: Vec<NewDeadLetter>,
    /// Dead letters delivered after all; unknown numbers are passed over.
    pub settled: Vec<u64>,
    /// Messages that were sent or tried since the last step. Of a sink the last [`KEPT_SENDINGS`] are kept.
    pub sendings: Vec<Sending>,
}

/// How many messages of a sink are kept to be looked at.
pub const KEPT_SENDINGS: usize = 1_000;

/// A change of a cursor that a user asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CursorChange {
    /// Pauses or resumes.
    Paused(bool),
    /// Begins, moves on or ends a backfill.
    Backfill(Option<String>),
}

/// The positions of sinks. A method that names a sink without cursor is `NotFound`.
#[async_trait]
pub trait Cursors: fmt::Debug + Send + Sync + 'static {
    /// All of them, by name.
    async fn cursors(&self) -> Result<Vec<Cursor>>;

    /// The cursor of a sink, created at the end of the log where there is none. From then on everything is logged.
    async fn open_cursor(&self, sink: &str) -> Result<Cursor>;

    /// Forgets a sink: its cursor, marks, dead letters and what it has sent. Harmless when there is none.
    async fn close_cursor(&self, sink: &str) -> Result<()>;

    /// Applies one change.
    async fn change_cursor(&self, sink: &str, change: CursorChange) -> Result<()>;

    /// Moves a cursor with all that belongs to the step, then removes entries behind all cursors. `Invalid` when
    /// the position is before the old one or after the end of the log.
    async fn advance(&self, sink: &str, progress: Progress) -> Result<()>;

    /// What is known of these subjects, in their order.
    async fn marks(&self, sink: &str, subjects: Vec<Subject>) -> Result<Vec<Option<Mark>>>;

    /// Marks of one sort by subject, after this one, at most so many.
    async fn marks_where(
        &self,
        sink: &str,
        filter: MarkFilter,
        after: Option<Subject>,
        limit: usize,
    ) -> Result<Vec<(Subject, Mark)>>;

    /// The last messages that a sink has sent or tried to send, at most so many, oldest first.
    async fn sendings(&self, sink: &str, limit: usize) -> Result<Vec<Sending>>;

    /// Gives up all that a sink has yet to get: the subjects concerned are marked as lost, and how far their histories
    /// were and how they were cut is forgotten; the cursor moves to the end, entries behind all cursors are removed.
    /// Returns how many subjects are marked now and were not before.
    async fn detach(&self, sink: &str) -> Result<u64>;
}

/// The dead letters of all sinks.
#[async_trait]
pub trait DeadLetters: fmt::Debug + Send + Sync + 'static {
    /// In order of their numbers, after this one, at most so many; of one sink or of all.
    async fn dead_letters(&self, sink: Option<&str>, after: u64, limit: usize) -> Result<Vec<DeadLetter>>;

    /// Removes dead letters of a sink, these or all. Returns how many there were.
    async fn discard_dead_letters(&self, sink: &str, ids: Option<Vec<u64>>) -> Result<u64>;

    /// Gives a dead letter a new time and reason after another try. Harmless when it is gone.
    async fn return_dead_letter(&self, id: u64, at: Timestamp, reason: &str) -> Result<()>;
}

/// A name for all that fan-out needs; it has no methods of its own.
pub trait Log: Outbox + Cursors + DeadLetters {}

impl<T: Outbox + Cursors + DeadLetters> Log for T {}
