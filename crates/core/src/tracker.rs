//! The trait of destinations.

use std::{fmt, time::Duration};

use async_trait::async_trait;

use crate::{Batch, Capability, Result, Subject, Timestamp, Withheld};

/// A message that a destination has tried to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// When.
    pub at: Timestamp,
    /// The id of the message, the same on every try.
    pub id: String,
    /// What sort of message it is, e.g. `run.failed`.
    pub event: String,
    /// What it says, on one line.
    pub text: String,
    /// To whom; never a secret.
    pub to: String,
    /// How long it took.
    pub took: Duration,
    /// Why it failed; `None` when it was taken.
    pub error: Option<String>,
}

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivered {
    /// What the destination wants to be told with the next batch of this subject: its own text, such as the id
    /// the peer gave, or how far a file has grown. `None` for nothing.
    pub memory: Option<String>,
    /// What the destination had to leave out although its capability allows the kind, e.g. a file of a type it
    /// cannot show.
    pub withheld: Withheld,
    /// Whether the peer must hear of this subject from time to time; see [`TrackerInterface::keep_alive`]. Or whether
    /// the memory holds something back; see [`TrackerInterface::release`].
    pub keep_alive: bool,
}

impl Delivered {
    /// Everything arrived; this is to be remembered.
    pub fn remembering(memory: impl Into<String>) -> Self {
        Self { memory: Some(memory.into()), ..Self::default() }
    }
}

/// A destination that mirrors tracking events.
///
/// Implementations classify errors and no more: they do not retry, sleep or buffer. They keep nothing that must
/// survive the process: what they have to know of a subject they return as its *memory*, which the caller keeps
/// in the same transaction as the position up to which it has delivered, and hands in with the next batch.
#[async_trait]
pub trait TrackerInterface: fmt::Debug + Send + Sync + 'static {
    /// Name in configuration, logs and metric labels: lower-case, unique within the process.
    fn name(&self) -> &str;

    /// What this destination can represent. A batch that holds anything else is `Unsupported`, whole.
    fn capability(&self) -> Capability;

    /// Proves that the destination can be reached with these credentials. Writes nothing.
    async fn probe(&self) -> Result<()>;

    /// Delivers one batch, `memory` being what the batch before it returned. Batches of one subject come in
    /// turn, those of different subjects may come at once.
    ///
    /// **The same batch with the same memory, delivered any number of times, has the effect of once**, also when
    /// earlier tries failed half-way, were cut off by dropping the future, or were made by a process that died.
    /// What follows is then delivered with the memory of the last try.
    ///
    /// A batch that begins its subject, without memory, may find the subject there: from such a try, or because
    /// the caller's memory was lost and it sends the whole history again.
    ///
    /// Events of a run without memory that does not begin in this batch, and that the destination does not find
    /// by its id either, are `NotFound`. `Unauthenticated` and `Denied` say that the credentials are at fault,
    /// other permanent errors that this batch is.
    async fn deliver(&self, batch: &Batch, memory: Option<&str>) -> Result<Delivered>;

    /// Makes everything delivered so far durable; only then may the caller forget it.
    async fn flush(&self) -> Result<()>;

    /// How often to call [`Self::keep_alive`]; `None` when the peer does not need it.
    fn keep_alive_interval(&self) -> Option<Duration> {
        None
    }

    /// Tells the peer that a subject lives, when its last delivery asked for that. `quiet` is how long nothing was
    /// delivered of it, or less: a destination that holds something back may let it go, and then returns its new
    /// memory. Called again when that could not be kept, with the memory from before.
    async fn keep_alive(&self, _subject: &Subject, _memory: Option<&str>, _quiet: Duration) -> Result<Option<String>> {
        Ok(None)
    }

    /// Whether it wants the histories of subjects that began before it was there. One that tells of what happens, and
    /// mirrors nothing, does not: it is given their events without a beginning, and no backfill.
    fn takes_history(&self) -> bool {
        true
    }

    /// How often to call [`Self::release`]: at the beginning, and whenever the time since the epoch is a multiple of this.
    /// `None` for a destination that holds nothing back.
    fn release_interval(&self) -> Option<Duration> {
        None
    }

    /// Lets go, in one go, of what memories hold back: these are all subjects whose last delivery asked to be kept alive,
    /// with their memories. Nothing is under way of any of them. Returns what becomes of each, in their order; `None` for
    /// one that stays as it is.
    ///
    /// Like a delivery, this may be repeated with the same memories, and has the effect of once.
    async fn release(&self, held: &[(Subject, Option<String>)]) -> Result<Vec<Option<Delivered>>> {
        Ok(vec![None; held.len()])
    }

    /// The messages that were sent or tried since the last call, oldest first, for a destination that sends such. They are
    /// for people to look at: some may be missing.
    fn take_sendings(&self) -> Vec<Sending> {
        Vec::new()
    }
}
