//! What is not known.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a run depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Commit and uncommitted state.
    Code,
    /// What it read.
    Data,
    /// Interpreter, packages, machine.
    Environment,
    /// Its params.
    Parameters,
    /// Seeds, and variables that make libraries deterministic.
    Randomness,
    /// The command, and that it succeeded.
    Execution,
    /// What it stored.
    Artifacts,
}

impl Dimension {
    /// All of them, in the order of a report.
    pub const ALL: [Self; 7] = [
        Self::Code,
        Self::Data,
        Self::Environment,
        Self::Parameters,
        Self::Randomness,
        Self::Execution,
        Self::Artifacts,
    ];

    /// As it is written, e.g. `code`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Data => "data",
            Self::Environment => "environment",
            Self::Parameters => "parameters",
            Self::Randomness => "randomness",
            Self::Execution => "execution",
            Self::Artifacts => "artifacts",
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that should be known and is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// What it is about.
    pub dimension: Dimension,
    /// What is not known, e.g. `data/raw`.
    pub what: String,
    /// Why, in a sentence.
    pub why: String,
    /// What would close it, e.g. a command; empty when nothing would.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// Results are not known to depend on it, so that there can be a key without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
}

impl Gap {
    /// A gap that nothing is known to close.
    pub fn new(dimension: Dimension, what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { dimension, what: what.into(), why: why.into(), remedy: String::new(), aside: false }
    }

    /// The same, of something that results are not known to depend on.
    #[must_use]
    pub fn aside(mut self) -> Self {
        self.aside = true;
        self
    }

    /// The same, with what would close it.
    #[must_use]
    pub fn closed_by(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}
