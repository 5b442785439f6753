//! Ids of experiments, runs and logged models.

use std::fmt;

use crate::{Error, Result};

/// Id of an experiment: a positive or zero integer given by the store, written in decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExperimentId(i64);

impl ExperimentId {
    /// The experiment that exists from the start.
    pub const DEFAULT: Self = Self(0);

    /// From a number the store gave.
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// The number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for ExperimentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Id of a run: 1 to 256 characters, ASCII letters, digits, `_` and `-`, the first a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// Accepts any id of the allowed form; `Invalid` otherwise.
    pub fn parse(text: &str) -> Result<Self> {
        let first_ok = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let rest_ok = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if first_ok && rest_ok && text.len() <= 256 {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid(format!("Invalid run ID: '{text}'")))
        }
    }

    /// 32 lower-case hexadecimal digits.
    pub fn fresh(bits: u128) -> Self {
        Self(format!("{bits:032x}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Id of a logged model: `m-` and 32 lower-case hexadecimal digits when made here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoggedModelId(String);

impl LoggedModelId {
    /// Accepts any id of the form of a run's; `Invalid` otherwise.
    pub fn parse(text: &str) -> Result<Self> {
        RunId::parse(text).map(|id| Self(id.0)).map_err(|_| Error::invalid(format!("Invalid model ID: '{text}'")))
    }

    /// `m-` and 32 lower-case hexadecimal digits.
    pub fn fresh(bits: u128) -> Self {
        Self(format!("m-{bits:032x}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LoggedModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_cannot_leave_a_directory() {
        for bad in ["", "..", "../x", "a/b", "-a", "a b", "ä", &"a".repeat(257)] {
            assert!(RunId::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "0123456789abcdef0123456789abcdef", "run_1-b"] {
            assert_eq!(RunId::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn fresh_ids_keep_leading_zeros() {
        assert_eq!(RunId::fresh(1).as_str().len(), 32);
        assert_eq!(LoggedModelId::fresh(255).as_str(), "m-000000000000000000000000000000ff");
    }
}
