//! What is kept of a run beside what everybody sees: documents and streams, under these names.

use trackside_core::{Key, LineExtent, Result};

/// The config as it came.
pub(crate) const CONFIG: &str = "wandb.config";
/// The summary as it came.
pub(crate) const SUMMARY: &str = "wandb.summary";
/// Rows of metrics.
pub(crate) const HISTORY: &str = "wandb.history";
/// Rows of system metrics.
pub(crate) const EVENTS: &str = "wandb.events";
/// The console.
pub(crate) const OUTPUT: &str = "wandb.output";

/// A name as a key.
pub(crate) fn key(name: &str) -> Result<Key> {
    Key::new(name)
}

/// How many lines a stream has: behind the last of whoever is furthest.
pub(crate) fn end(extents: &[LineExtent], stream: &str) -> u64 {
    of(extents, stream).map(|extent| extent.end).max().unwrap_or(0)
}

/// The extents of a stream.
pub(crate) fn of<'a>(extents: &'a [LineExtent], stream: &'a str) -> impl Iterator<Item = &'a LineExtent> {
    extents.iter().filter(move |extent| extent.stream.as_str() == stream)
}
