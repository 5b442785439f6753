//! The bin, and what leaves it for good.
//!
//! Something is removed in three steps: it is doomed, from when on it cannot be restored; its artifacts are removed, which
//! is the caller's business; its rows are, some at a time. What was doomed and not removed is in the bin still, whatever
//! its age, so a crash in between leaves something that is found again.

use std::fmt;

use async_trait::async_trait;

use crate::{ExperimentId, LoggedModelId, Result, RunId, Timestamp};

/// Something that can be in the bin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BinItem {
    /// A run.
    Run(RunId),
    /// A logged model.
    LoggedModel(LoggedModelId),
    /// An experiment.
    Experiment(ExperimentId),
}

impl fmt::Display for BinItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(id) => write!(f, "run {id}"),
            Self::LoggedModel(id) => write!(f, "logged model {id}"),
            Self::Experiment(id) => write!(f, "experiment {id}"),
        }
    }
}

/// Which sort of things to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinKind {
    /// Runs.
    Runs,
    /// Logged models.
    LoggedModels,
    /// Experiments.
    Experiments,
}

/// Something in the bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinEntry {
    /// What.
    pub item: BinItem,
    /// Since when.
    pub deleted_at: Timestamp,
    /// Where its artifacts are; those of an experiment are those of its runs and logged models.
    pub artifact_uri: String,
    /// Where the list goes on behind it.
    pub place: u64,
}

/// What of the bin to list, oldest things first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinQuery {
    /// Things of this sort.
    pub kind: BinKind,
    /// Only those that are there since then or longer, and those that are doomed.
    pub deleted_until: Option<Timestamp>,
    /// Only those of this experiment.
    pub experiment: Option<ExperimentId>,
    /// Only those behind this place.
    pub after: u64,
    /// At most so many.
    pub limit: usize,
}

/// The bin of a system of record.
#[async_trait]
pub trait Bin: fmt::Debug + Send + Sync + 'static {
    /// What is in the bin.
    async fn bin(&self, query: BinQuery) -> Result<Vec<BinEntry>>;

    /// One thing, `None` when it is not in the bin. `NotFound` when there is no such thing.
    async fn binned(&self, item: &BinItem) -> Result<Option<BinEntry>>;

    /// Dooms something: it stays in the bin and cannot be restored. Harmless when it is doomed. `NotFound` when there is
    /// no such thing, `Conflict` when it is not in the bin, or not since that instant or longer, or is an experiment that
    /// has runs or logged models.
    async fn doom(&self, item: &BinItem, deleted_until: Option<Timestamp>) -> Result<()>;

    /// Removes some rows of something that is doomed (`Conflict` otherwise), in a transaction of some milliseconds; says
    /// whether there are more. `NotFound` when there is no such thing.
    async fn purge(&self, item: &BinItem) -> Result<bool>;
}
