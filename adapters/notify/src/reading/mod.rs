//! From batches to what is to be told. Pure: the same batch with the same memory gives the same.

mod registered_model;
mod run;

use trackside_core::{Batch, Timestamp};

use crate::{EventKind, memory::Memory, notice::About};

/// The tag that says since when nothing was written of a run that is said to run.
const STALE: &str = "trackside.stale";
/// The tag with the verdict of an audit, and the one that says when it was.
const AUDIT: &str = "trackside.audit";
const AUDIT_AT: &str = "trackside.audit.at";

/// Something that is to be told; names of runs, and who did it if the batch does not say, are yet to be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) event: EventKind,
    /// `None` when nothing in the batch says when.
    pub(crate) at: Option<Timestamp>,
    pub(crate) about: About,
    pub(crate) reason: Option<String>,
    /// Who did it, where the batch says so.
    pub(crate) by: Option<String>,
    /// With the event and the subject, what makes it different from any other.
    pub(crate) mark: String,
}

/// What a batch tells; the memory becomes that for the batch after it.
pub(crate) fn read(batch: &Batch, memory: &mut Memory) -> Vec<Found> {
    match batch {
        Batch::Run(batch) => run::read(batch),
        Batch::RegisteredModel(batch) => registered_model::read(batch, memory),
        Batch::LoggedModel(_) => Vec::new(),
    }
}

/// Whether a verdict of an audit is one to tell of.
fn fails(verdict: &str) -> bool {
    matches!(verdict, "drifted" | "missing")
}
