//! What the sides do not agree on, and cannot be made to by rule.

use serde::Serialize;

/// Why it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictKind {
    /// A name in git is none that the registry's names are spelt as.
    Name,
    /// A tag that was there is gone, or is another one.
    TagGone,
    /// A stage is on a commit that is no registered version.
    UnknownVersion,
    /// Two versions are one semantic version, or two semantic versions one commit.
    ClaimedTwice,
    /// What should be a semantic version is none, or was used up.
    BadVersion,
    /// Both sides moved the same since they last agreed.
    BothMoved,
    /// One side deleted what the other moved.
    DeletedAndMoved,
    /// The server or git refuses the change.
    Refused,
}

/// Something that somebody has to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The name in git.
    pub artifact: String,
    /// What it is on: a version, stage or tag.
    pub subject: String,
    /// Why it is one.
    pub kind: ConflictKind,
    /// What there is.
    pub why: String,
    /// What ends it.
    pub remedy: String,
}
