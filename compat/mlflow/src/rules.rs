//! What clients may do, where the operator has a say.

use regex::Regex;
use trackside_core::{Error, Result};

/// What clients may do, where the operator has a say.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Whether scorers may hold code that runs where they are loaded.
    pub custom_scorers: bool,
    /// What sources of new model versions must match.
    pub sources: Option<SourcePattern>,
    /// Whether there is another server to which requests for language models are to go.
    pub deployments: bool,
}

/// What a source must match somewhere.
#[derive(Debug, Clone)]
pub struct SourcePattern(Regex);

impl SourcePattern {
    /// Reads a regular expression. `Invalid` for one that is none, or that cannot be matched in linear time, such as one
    /// that looks back.
    pub fn parse(pattern: &str) -> Result<Self> {
        Regex::new(pattern).map(Self).map_err(|error| Error::invalid(format!("'{pattern}' cannot be used: {error}")))
    }

    pub(crate) fn matches(&self, source: &str) -> bool {
        self.0.is_match(source)
    }
}
