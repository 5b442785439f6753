//! Fan-out: every change of the system of record reaches every sink, in order per subject, once in effect.
//!
//! - The store logs each change in the transaction that makes it ([`trackside_core::store::Outbox`]). A sink is a
//!   cursor over that log and one task (`worker.rs`). There is no second queue.
//! - A task (`engine.rs`) takes a window of entries, writes down where it ends, merges entries per subject, delivers the
//!   subjects (`window.rs`, `job.rs`, `sender.rs`), and moves the cursor with everything it learnt in one transaction
//!   (`step.rs`). Between, it tells the destination which subjects live (`signs.rs`), and to let go of what it holds back
//!   (`release.rs`).
//! - Failures of the destination are retried for ever, with growing pauses and a breaker (`breaker.rs`). What it
//!   refuses is halved until the culprit stands alone (`split.rs`) and becomes a dead letter (`dead_letters.rs`); each
//!   halving is written down first.
//! - A subject whose beginning is no longer in the log is sent from the store (`history.rs`, `registry_history.rs`):
//!   when it first appears, in a backfill (`backfill.rs`), or after a full log cost it its place (`cap.rs`).

#![warn(missing_docs)]

mod backfill;
mod breaker;
mod cap;
mod dead_letters;
mod engine;
mod fanout;
mod health;
mod history;
mod job;
pub mod local;
mod memory_log;
mod policy;
mod registry_history;
mod release;
mod selection;
mod sender;
mod signs;
mod split;
mod status;
mod step;
mod window;
mod worker;

pub use fanout::{Fanout, Parts, Retried, Sink};
pub use memory_log::MemoryLog;
pub use policy::{Limits, Policy, WhenFull};
pub use selection::Selection;
pub use status::{BackfillStatus, LastError, SinkState, SinkStatus};
