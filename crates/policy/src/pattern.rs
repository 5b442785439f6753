use std::fmt;

use globset::{Glob, GlobMatcher};
use trackside_core::{Error, Result};

/// A text in which `*`, `?`, `[…]` and `{a,b}` stand for others.
#[derive(Debug, Clone)]
pub struct Pattern(GlobMatcher);

impl Pattern {
    /// `Invalid` when it cannot be read.
    pub fn new(text: &str) -> Result<Self> {
        let glob =
            Glob::new(text).map_err(|error| Error::invalid(format!("`{text}` is no pattern: {}", error.kind())))?;
        Ok(Self(glob.compile_matcher()))
    }

    /// Whether the whole text is one of those.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.glob().glob())
    }
}
