//! What was found of one dimension.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Dimension;

/// How what is there now stands to what was recorded; later ones are worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The same, to the byte.
    Identical,
    /// Not the same, and no difference is to be expected in what comes of it.
    Equivalent,
    /// Something else.
    Drifted,
    /// Not there, or never recorded.
    Missing,
}

impl Verdict {
    /// All of them, the best first.
    pub const ALL: [Self; 4] = [Self::Identical, Self::Equivalent, Self::Drifted, Self::Missing];

    /// As it is written, e.g. `identical`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::Equivalent => "equivalent",
            Self::Drifted => "drifted",
            Self::Missing => "missing",
        }
    }

    /// Whether a run can be repeated as far as this goes.
    pub const fn passes(self) -> bool {
        matches!(self, Self::Identical | Self::Equivalent)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that was compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What, e.g. `data/train.csv`.
    pub what: String,
    /// As recorded.
    pub recorded: Option<String>,
    /// As it is now.
    pub found: Option<String>,
    /// How the two stand to each other.
    pub verdict: Verdict,
}

impl Evidence {
    /// Two values that are compared.
    pub fn new(what: impl Into<String>, recorded: Option<&str>, found: Option<&str>, verdict: Verdict) -> Self {
        Self { what: what.into(), recorded: recorded.map(str::to_owned), found: found.map(str::to_owned), verdict }
    }
}

/// What was found of one dimension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which.
    pub dimension: Dimension,
    /// How it stands.
    pub verdict: Verdict,
    /// Why, in a sentence without a full stop.
    pub reason: String,
    /// What was compared, the worst first.
    pub evidence: Vec<Evidence>,
    /// What would improve the verdict.
    pub advice: Vec<String>,
}

impl Finding {
    /// A verdict with its reason.
    pub(super) fn new(dimension: Dimension, verdict: Verdict, reason: impl Into<String>) -> Self {
        Self { dimension, verdict, reason: reason.into(), evidence: Vec::new(), advice: Vec::new() }
    }

    /// The verdict is the worst of what was compared.
    pub(super) fn of(
        dimension: Dimension,
        mut evidence: Vec<Evidence>,
        reason: impl FnOnce(Verdict) -> String,
    ) -> Self {
        evidence.sort_by(|a, b| b.verdict.cmp(&a.verdict).then_with(|| a.what.cmp(&b.what)));
        let verdict = evidence.first().map_or(Verdict::Identical, |worst| worst.verdict);
        Self { dimension, verdict, reason: reason(verdict), evidence, advice: Vec::new() }
    }

    pub(super) fn with(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice.push(advice.into());
        self
    }

    /// No better than this.
    pub(super) fn at_best(mut self, verdict: Verdict, reason: &str) -> Self {
        if self.verdict < verdict {
            self.verdict = verdict;
            reason.clone_into(&mut self.reason);
        }
        self
    }
}

/// `a`, `a and b`, `a, b and 3 more`.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first, second] => format!("{first} and {second}"),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
    }
}
