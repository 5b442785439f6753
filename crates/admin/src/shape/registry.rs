use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trackside_core::ledger::{LedgerEntry, ModelState};

/// A page of the registry's ledger, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// In their order.
    pub entries: Vec<Line>,
    /// The last entry there is.
    pub end: End,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number.
    pub seq: u64,
    /// SHA-256 of the line, in hex.
    pub digest: String,
    /// JSON; `trackside_core::ledger` has the form.
    pub line: String,
}

/// Where a ledger ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Number of the last entry; 0 while there is none.
    pub seq: u64,
    /// Its digest.
    pub digest: String,
}

/// Registered models as they are in the tables of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Models {
    /// By name.
    pub models: BTreeMap<String, ModelState>,
    /// The `after` of the next page, when there is one.
    pub next: Option<String>,
}

impl From<LedgerEntry> for Line {
    fn from(entry: LedgerEntry) -> Self {
        Self { seq: entry.seq, digest: entry.digest.to_string(), line: entry.line }
    }
}
