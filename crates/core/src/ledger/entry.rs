use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Action, Effect, Origin};
use crate::{Error, ErrorKind, Key, Result, Timestamp};

/// Version of the stored form.
const VERSION: u32 = 1;

/// SHA-256 of the line of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LedgerDigest([u8; 32]);

impl LedgerDigest {
    /// What the first entry names as the one before it.
    pub const NONE: Self = Self([0; 32]);

    /// Of a line, without its line feed.
    pub fn of(line: &str) -> Self {
        Self(Sha256::digest(line.as_bytes()).into())
    }

    /// As stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// As stored.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for LedgerDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for LedgerDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An entry that is to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLedgerEntry {
    /// When.
    pub at: Timestamp,
    /// Name of the model before the change.
    pub model: Key,
    /// What was done.
    pub action: Action,
    /// By whom, and why.
    pub origin: Origin,
    /// What it was allowed by.
    pub evidence: Option<Value>,
    /// What is otherwise.
    pub effects: Vec<Effect>,
}

impl NewLedgerEntry {
    /// The line of the entry behind this one.
    pub fn line(&self, seq: u64, previous: LedgerDigest) -> String {
        let line = Line {
            v: VERSION,
            seq,
            previous: previous.to_string(),
            at: self.at.millis(),
            model: self.model.as_str().to_owned(),
            action: self.action,
            by: self.origin.clone(),
            reason: self.origin.reason.clone(),
            evidence: self.evidence.clone(),
            effects: self.effects.clone(),
        };
        // There is nothing in it that JSON lacks.
        serde_json::to_string(&line).unwrap_or_default()
    }
}

/// An entry of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerEntry {
    /// Its number, from 1.
    pub seq: u64,
    /// The line that it is.
    pub line: String,
    /// What the store says its digest is.
    pub digest: LedgerDigest,
}

impl LedgerEntry {
    /// What it says. `Corrupt` when the line is none of a ledger, or not the one that was written as this entry.
    pub fn read(&self) -> Result<NewLedgerEntry> {
        self.told(self.parsed()?)
    }

    fn told(&self, found: Line) -> Result<NewLedgerEntry> {
        if found.seq != self.seq {
            return Err(self.corrupt(format!("it says that it is entry {}", found.seq)));
        }
        let model = Key::new(found.model).map_err(|error| self.corrupt(error.message()))?;
        Ok(NewLedgerEntry {
            at: Timestamp::from_millis(found.at),
            model,
            action: found.action,
            origin: Origin { reason: found.reason, ..found.by },
            evidence: found.evidence,
            effects: found.effects,
        })
    }

    /// Checks that it is what was written behind an entry of this number and digest. `Corrupt` says what is wrong.
    pub fn follows(&self, seq: u64, previous: LedgerDigest) -> Result<NewLedgerEntry> {
        if self.seq != seq.saturating_add(1) {
            return Err(self.corrupt(format!("entry {} is missing", seq.saturating_add(1))));
        }
        if LedgerDigest::of(&self.line) != self.digest {
            return Err(self.corrupt("its text is not the one that its digest was taken of"));
        }
        let found = self.parsed()?;
        if found.previous != previous.to_string() {
            let said = &found.previous;
            return Err(self.corrupt(format!("it follows an entry of the digest {said}, but before it is {previous}")));
        }
        self.told(found)
    }

    fn parsed(&self) -> Result<Line> {
        let line: Line = serde_json::from_str(&self.line).map_err(|error| self.corrupt(error))?;
        if line.v != VERSION {
            return Err(self.corrupt(format!("it is of version {}, {VERSION} is known", line.v)));
        }
        Ok(line)
    }

    fn corrupt(&self, why: impl fmt::Display) -> Error {
        Error::new(ErrorKind::Corrupt, format!("entry {} of the registry's ledger: {why}", self.seq))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    v: u32,
    seq: u64,
    previous: String,
    at: i64,
    model: String,
    action: Action,
    by: Origin,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence: Option<Value>,
    effects: Vec<Effect>,
}
