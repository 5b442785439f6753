//! The log of changes and the cursors over it: what fan-out reads and moves.
//!
//! - A change is logged by the job that makes it, hence in its savepoint: an entry is there if and only if the
//!   change is (`recorder.rs`). While there is no cursor this costs the look at a flag.
//! - What the writer does for the log around each of its transactions is in `publisher.rs`.
//! - Entries carry running sums, so that the size of the log and the lag of a sink are differences of two rows
//!   (`extent.rs`).
//! - Entries behind all cursors cannot be seen any more; they are removed a chunk at a time (`trim.rs`).

pub(crate) mod change;
mod cursors;
mod dead_letters;
mod entry;
mod extent;
mod marks;
mod outbox;
mod progress;
mod publisher;
mod recorder;
mod sendings;
mod sink;
mod subject;
mod trim;

pub(crate) use self::{entry::Draft, publisher::Publisher, recorder::Recorder};
