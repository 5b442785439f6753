//! What is remembered of a run between batches.

use serde::{Deserialize, Serialize};
use trackside_core::{Error, ErrorKind, Result};

use crate::story::Story;

/// Version of the form.
const VERSION: u32 = 1;

/// How far the file of a run has grown, and what it tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    version: u32,
    /// Where the file is.
    pub(crate) place: Place,
    /// Its length in bytes. What lies beyond was not acknowledged.
    pub(crate) length: u64,
    /// What it tells.
    pub(crate) story: Story,
}

/// Which file it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Directory below the log directory.
    pub(crate) directory: String,
    /// Number of the file in it; one that is begun again has the next.
    pub(crate) counter: u32,
}

impl Memory {
    pub(crate) const fn new(place: Place, length: u64, story: Story) -> Self {
        Self { version: VERSION, place, length, story }
    }

    pub(crate) fn read(text: &str) -> Result<Self> {
        let unreadable = |why: String| {
            Error::new(ErrorKind::Corrupt, "the memory of a run cannot be read").with_context("cause", why)
        };
        let memory: Self = serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
        if memory.version != VERSION {
            return Err(unreadable(format!("version {} is not {VERSION}", memory.version)));
        }
        Ok(memory)
    }

    pub(crate) fn write(&self) -> String {
        serde_json::to_string(self).expect("numbers and texts are JSON")
    }
}
