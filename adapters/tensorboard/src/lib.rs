//! Destination: TensorBoard event files, one directory per run, safe to append to while TensorBoard reads.
//!
//! Redelivery is harmless because the place of every byte is known: a run has one file at a time, its memory says
//! how long the file was, and a batch is always encoded to the same bytes. A batch that comes again finds its own
//! bytes there and writes what is missing.
//!
//! What is where: metric points are scalars; params and how the run ended are a session of the HPARAMS tab; what
//! TensorBoard has no place for (tags, datasets, the name, params again) is under TEXT; PNG and JPEG artifacts are
//! under IMAGES. Directories are
//! called `<experiment>/<name>-<beginning of the id>`.
//!
//! Object storage is not written to: it cannot append, so a file would have to be sent whole each time. The live
//! view of `trackside serve` needs no files at all.

#![warn(missing_docs)]

mod card;
mod config;
mod dirty;
mod error;
mod layout;
mod memory;
mod picture;
mod probe;
mod run_file;
mod story;
mod tag;
mod telling;
mod tracker;
mod turns;

#[cfg(test)]
mod conformance;

pub use config::Config;
pub use tracker::TensorBoardTracker;
