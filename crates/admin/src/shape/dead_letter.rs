use serde::{Deserialize, Serialize};
use serde_json::Value;
use trackside_core::{store, stored};

/// A page of dead letters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadLetters {
    /// In order of their numbers.
    pub dead_letters: Vec<DeadLetter>,
    /// The `after` of the next page, when there may be one.
    pub next_after: Option<u64>,
}

/// A batch that could not be delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its number.
    pub id: u64,
    /// For which sink.
    pub sink: String,
    /// When it was given up, in milliseconds since the epoch.
    pub at_ms: i64,
    /// Why.
    pub reason: String,
    /// Whose events it holds, e.g. `run <id>`.
    pub subject: String,
    /// How many items it holds.
    pub items: u64,
    /// What it holds, in the stored form of events; when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Value>,
}

impl DeadLetter {
    pub(crate) fn new(dead: store::DeadLetter, with_batch: bool) -> Self {
        let batch = &dead.letter.batch;
        Self {
            id: dead.id,
            sink: dead.sink,
            at_ms: dead.letter.at.millis(),
            reason: dead.letter.reason,
            subject: batch.subject().to_string(),
            items: batch.n_items(),
            batch: with_batch.then(|| serde_json::from_str(&stored::encode(batch)).unwrap_or_default()),
        }
    }
}

/// Which dead letters: exactly one of the fields.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letters {
    /// All of the sink.
    #[serde(default)]
    pub all: bool,
    /// These.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<u64>>,
}

/// What came of trying again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retried {
    /// Delivered after all or no longer true, and gone from the list.
    pub delivered: u64,
    /// Still in the list, with a new reason.
    pub failed: u64,
}

impl From<trackside_fanout::Retried> for Retried {
    fn from(retried: trackside_fanout::Retried) -> Self {
        Self { delivered: retried.delivered, failed: retried.failed }
    }
}

/// How many were removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discarded {
    /// So many.
    pub discarded: u64,
}
