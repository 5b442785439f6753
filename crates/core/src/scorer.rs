//! Scorers: definitions of what rates the answers of a program, in versions. They are kept here and run elsewhere.

use std::fmt;

use crate::{ExperimentId, Key, Timestamp, VersionNumber, uuid};

/// Id of a scorer: a UUID when made here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScorerId(String);

impl ScorerId {
    /// Any text: of one that nobody made there is no scorer.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A UUID.
    pub fn fresh(bits: u128) -> Self {
        Self(uuid(bits))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ScorerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A version of a scorer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScorerVersion {
    /// The same for all versions.
    pub scorer: ScorerId,
    /// Where it belongs.
    pub experiment: ExperimentId,
    /// Unique within the experiment.
    pub name: Key,
    /// From 1. The number of a deleted version that was the highest is given again.
    pub number: VersionNumber,
    /// What it does, in a form that only those who run it know.
    pub definition: String,
    /// When.
    pub created_at: Timestamp,
}

/// What is needed to create a version of a scorer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewScorerVersion {
    /// The id of the scorer if this is its first version.
    pub scorer: ScorerId,
    /// Must exist (`NotFound`) and be active (`Conflict`).
    pub experiment: ExperimentId,
    /// Unique within the experiment.
    pub name: Key,
    /// What it does.
    pub definition: String,
    /// When.
    pub created_at: Timestamp,
}

/// Which versions of a scorer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichVersions {
    /// All.
    All,
    /// The highest.
    Latest,
    /// The one of this number, which may be one that no version can have.
    Number(i64),
}

/// How often a scorer is to run on what comes in.
#[derive(Debug, Clone, PartialEq)]
pub struct OnlineScoring {
    /// Changes whenever it is set.
    pub id: String,
    /// Of which share, from 0 to 1.
    pub sample_rate: f64,
    /// Of what, in the words of who asked.
    pub filter: Option<String>,
}

/// How often one of several scorers is to run.
#[derive(Debug, Clone, PartialEq)]
pub struct ScorerSchedule {
    /// Which.
    pub scorer: ScorerId,
    /// Where it belongs.
    pub experiment: ExperimentId,
    /// How often.
    pub online: OnlineScoring,
}

/// One change of a scorer.
#[derive(Debug, Clone, PartialEq)]
pub enum ScorerChange {
    /// Removes a version. The scorer stays, even without versions.
    DeleteVersion(i64),
    /// Removes it with all its versions, of which there must be one (`NotFound`).
    Delete,
    /// Says how often it is to run.
    Schedule(OnlineScoring),
}
