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
//! same place of the file (offline), and everything else sets values. A run that begins again without memory is
//! written anew from line 0; if it then has fewer rows than before, the last of the old ones stay. They repeat points.
//!
//! A file per noun: `change.rs` what a batch asks for, `rows.rs` points as rows, `memory.rs` what is remembered.

#![warn(missing_docs)]

mod change;
mod config;
mod memory;
mod offline;
mod online;
mod rows;
mod tracker;

pub use config::{Config, Mode};
pub use tracker::WandbTracker;

/// The run file for an artifact. In a folder of their own none takes the name of a file that W&B writes itself.
fn run_file(path: &trackside_core::ArtifactPath) -> String {
    format!("artifacts/{path}")
}
