//! Whether a run that was repeated came out the same.
//!
//! Pure: histories and digests of both runs go in, a document comes out. `history.rs` are points, `tolerance.rs` how far
//! two of them may lie apart, `metric.rs` and `file.rs` one comparison each, `document.rs` all of them with a verdict.

mod document;
mod file;
mod history;
mod likeness;
mod metric;
#[cfg(test)]
mod tests;
mod text;
mod tolerance;

pub use document::{Reproduction, Side};
pub use file::{FileComparison, FileRole, FileSeen};
pub use history::Sample;
pub use likeness::Likeness;
pub use metric::{MetricComparison, Parting};
pub use tolerance::{Basis, Tolerances};
