//! Destination: W&B, either a server or directories for `wandb sync`.
//!
//! # What becomes of a run
//!
//! | here | at W&B |
//! | --- | --- |
//! | run id, name | id, display name |
//! | experiment | project, see `trackside_wandb_wire::names`; or the configured one |
//! | param | config; typed where the text says no more than the value, see `trackside_wandb_wire::scalar` |
//! | tag | config, `_trackside.tags.<key>`: W&B's own tags are labels without values |
//! | `mlflow.note.content`, `mlflow.source.name`, `mlflow.source.git.*`, `mlflow.parentRunId` | also notes, program, commit and repository, group |
//! | dataset input | config, `_trackside.datasets.<name>@<digest>` |
//! | user, start, end, exact status | config, `_trackside` |
//! | points | rows of history, see `rows.rs`; the latest also in the summary |
//! | artifact | run file `artifacts/<path>` |
//! | `FINISHED`, `FAILED`, `KILLED` | the end, with exit code 0, 1, 255 |
//!
//! Withheld: deletion and restoring, model links, logged and registered models by [capability](WandbTracker); removal
//! of artifacts, metrics and params whose names W&B reserves, texts of datasets over 64 KiB, and what a point
//! measures beside its run as they come.
//!
//! # Why redelivery is harmless
//!
//! What a batch writes depends on the batch and the memory alone: rows go to the same line numbers (online) or to the
//! same place of the file (offline), and everything else sets values.
//!
//! No line of a history is written again with another content, as the vendor's client never does that: the last row of
//! a run is held back until it is over, see `rows.rs`, and what is too large for the server is sent in more requests,
//! not in other rows. There are two exceptions, when the cuts between batches change. A run that begins again without
//! memory is written anew from line 0; if it then has fewer rows than before, the last of the old ones stay. They
//! repeat points. And a batch that a server accepts while its answer is lost, and refuses for good when it comes again,
//! comes a third time in halves, whose points make other rows where steps do not rise.
//!
//! # What it was tested with
//!
//! Requests are compared with those of the vendor's client 0.31, and that client reads back what a stand-in server was
//! sent and synchronises what is written offline. W&B's own server was never asked.
//!
//! A file per noun: `change.rs` what a batch asks for, `rows.rs` points as rows, `line.rs` rows as text, `memory.rs`
//! what is remembered, `replay/` the way back: files of offline runs at a server.

#![warn(missing_docs)]

mod change;
mod config;
mod line;
mod memory;
mod offline;
mod online;
mod replay;
mod rows;
mod tracker;

pub use config::{Config, Mode};
pub use replay::{Replayed, Replayer};
pub use tracker::WandbTracker;

/// The run file for an artifact. In a folder of their own none takes the name of a file that W&B writes itself.
fn run_file(path: &trackside_core::ArtifactPath) -> String {
    format!("artifacts/{path}")
}
