//! Experiments: named groups of runs.

use crate::{ExperimentId, Key, Tag, Timestamp};

/// Whether a thing is in use or in the bin, from which it can be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lifecycle {
    /// In use.
    Active,
    /// In the bin.
    Deleted,
}

impl Lifecycle {
    /// `active` or `deleted`, as stored and as MLflow writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }
}

/// An experiment. Its name is unique among all, deleted ones included.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Given by the store, in order of creation.
    pub id: ExperimentId,
    /// Unique name.
    pub name: Key,
    /// URI under which the artifacts of its runs lie. Never changes.
    pub artifact_location: String,
    /// In use or in the bin.
    pub lifecycle: Lifecycle,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last renamed, deleted or restored; tags and runs do not count.
    pub updated_at: Timestamp,
    /// Sorted by key.
    pub tags: Vec<Tag>,
}

/// Where a new experiment keeps artifacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactLocation {
    /// This URI, as it stands.
    At(String),
    /// `<root>/<id of the experiment>`.
    Under(String),
}

/// What is needed to create an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct NewExperiment {
    /// Unique name.
    pub name: Key,
    /// Where its artifacts lie.
    pub artifact_location: ArtifactLocation,
    /// When.
    pub created_at: Timestamp,
    /// First tags; a key given twice keeps the last value.
    pub tags: Vec<Tag>,
}

/// One change of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub enum ExperimentChange {
    /// Needs an active experiment (`Conflict`) and a free name (`AlreadyExists`).
    Rename(Key),
    /// Puts it and its active runs in the bin; needs an active experiment (`NotFound`).
    Delete,
    /// Takes it and all its runs out of the bin; needs a deleted experiment (`NotFound`).
    Restore,
    /// Sets a tag; needs an active experiment (`Conflict`).
    SetTag(Tag),
    /// Removes a tag, which must exist (`NotFound`); needs an active experiment (`Conflict`).
    DeleteTag(Key),
}
