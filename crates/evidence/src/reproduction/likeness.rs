//! How two results stand to each other.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How two results stand to each other; later ones are worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// The same, to the bit.
    Identical,
    /// Within what is tolerated.
    Equivalent,
    /// Something else.
    Different,
}

impl Likeness {
    /// As it is written, e.g. `identical`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::Equivalent => "equivalent",
            Self::Different => "different",
        }
    }
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
