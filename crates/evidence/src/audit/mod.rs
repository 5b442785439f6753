//! Verdicts: whether what a run depended on is still there, and the same.
//!
//! Each dimension is judged on its own, from the record and from what is there now. What is not known is never taken for
//! the same. A file per dimension; `report.rs` puts them together.

mod artifacts;
mod code;
mod data;
mod environment;
mod execution;
mod finding;
mod html;
mod observed;
mod parameters;
mod randomness;
mod report;
#[cfg(test)]
mod tests;
mod text;

pub use finding::{Evidence, Finding, Verdict};
pub use observed::{ArtifactNow, CodeNow, DataNow, Observed};
pub use report::{Overall, Report};
pub(crate) use {finding::listed, text::capitalised};
