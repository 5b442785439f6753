//! Sweeps: searches over parameters, one run for each trial.

use std::fmt;

use crate::{Error, ExperimentId, Result, Timestamp};

/// Id of a sweep: 1 to 64 ASCII letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SweepId(String);

impl SweepId {
    /// Accepts any id of the allowed form; `Invalid` otherwise.
    pub fn parse(text: &str) -> Result<Self> {
        if !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid(format!("'{text}' cannot be the id of a sweep")))
        }
    }

    /// Eight lower-case letters and digits.
    pub fn fresh(bits: u128) -> Self {
        let mut rest = bits;
        let digit = |_| {
            let digit = u32::try_from(rest % 36).unwrap_or_default();
            rest /= 36;
            char::from_digit(digit, 36).unwrap_or('0')
        };
        Self((0..8).map(digit).collect())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SweepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a sweep stands. Any state may follow any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SweepState {
    /// No trial has begun.
    Pending,
    /// Trials are given out.
    Running,
    /// No trial is given out for now.
    Paused,
    /// All trials were given out.
    Finished,
    /// It was ended from outside, with its runs.
    Canceled,
}

impl SweepState {
    /// All.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Running, Self::Paused, Self::Finished, Self::Canceled];

    /// The name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Paused => "PAUSED",
            Self::Finished => "FINISHED",
            Self::Canceled => "CANCELED",
        }
    }

    /// The state of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A search over parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Unique.
    pub id: SweepId,
    /// Where its runs belong.
    pub experiment: ExperimentId,
    /// Label.
    pub name: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// What is searched and how, as the client said.
    pub definition: String,
    /// How it stands.
    pub state: SweepState,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed, or a trial was given out.
    pub updated_at: Timestamp,
    /// How many trials were given out.
    pub n_trials: u64,
}

/// What is needed to create a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSweep {
    /// Must be free (`AlreadyExists`).
    pub id: SweepId,
    /// Must exist (`NotFound`) and be active (`Conflict`).
    pub experiment: ExperimentId,
    /// Label.
    pub name: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// What is searched and how.
    pub definition: String,
    /// When.
    pub created_at: Timestamp,
}

/// One change of a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SweepChange {
    /// Sets the label.
    Rename(String),
    /// Sets or clears the description.
    Describe(Option<String>),
    /// Searches something else from now on.
    Define(String),
    /// Moves it to a state.
    State(SweepState),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_letters_and_digits() {
        assert_eq!(SweepId::fresh(0).as_str(), "00000000");
        assert_eq!(SweepId::fresh(u128::MAX).as_str().len(), 8);
        assert_ne!(SweepId::fresh(1), SweepId::fresh(36));
        for bad in ["", "a/b", "a b", "ä", &"a".repeat(65)] {
            assert!(SweepId::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(SweepId::parse("a1B2").unwrap().as_str(), "a1B2");
    }
}
