//! Records of evaluation datasets.
//!
//! Inputs tell them apart. What they hold is JSON of the client's, kept as [`Json`] writes it.

use std::fmt;

use super::EvaluationDatasetId;
use crate::{Json, Object, Timestamp};

/// Id of a record: `dr-` and 32 lower-case hexadecimal digits when made here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvaluationRecordId(String);

impl EvaluationRecordId {
    /// Any text: of one that nobody made there is no record.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// `dr-` and 32 lower-case hexadecimal digits.
    pub fn fresh(bits: u128) -> Self {
        Self(format!("dr-{bits:032x}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EvaluationRecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a record was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordSourceKind {
    /// Nobody said.
    Unspecified,
    /// A trace.
    Trace,
    /// Somebody wrote it.
    Human,
    /// A document.
    Document,
    /// A program made it.
    Code,
}

impl RecordSourceKind {
    /// All, in MLflow's order.
    pub const ALL: [Self; 5] = [Self::Unspecified, Self::Trace, Self::Human, Self::Document, Self::Code];

    /// The name, as stored and as MLflow writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "UNSPECIFIED",
            Self::Trace => "TRACE",
            Self::Human => "HUMAN",
            Self::Document => "DOCUMENT",
            Self::Code => "CODE",
        }
    }

    /// The kind of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Where a record comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordSource {
    /// What it was made from.
    pub kind: RecordSourceKind,
    /// Which one.
    pub data: Object,
}

/// A record of an evaluation dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationRecord {
    /// Unique.
    pub id: EvaluationRecordId,
    /// Where it belongs.
    pub dataset: EvaluationDatasetId,
    /// What is asked. A text, as it is handed through.
    pub inputs: String,
    /// What was answered.
    pub outputs: Option<String>,
    /// What should have been, by name.
    pub expectations: Option<String>,
    /// Values by key.
    pub tags: String,
    /// Where it comes from.
    pub source: Option<RecordSource>,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// Who first wrote it, as the client said.
    pub created_by: Option<String>,
    /// Who last wrote it, of those of whom the client said so.
    pub updated_by: Option<String>,
}

/// A record to be written: a new one, unless the dataset has one with the same inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvaluationRecord {
    /// Of a new record.
    pub id: EvaluationRecordId,
    /// What tells records of a dataset apart; the same for the same inputs.
    pub identity: [u8; 32],
    /// What is asked.
    pub inputs: Object,
    /// What was answered, which replaces what was there; without it a new record has an empty object.
    pub outputs: Option<Json>,
    /// What should have been; added to what was there.
    pub expectations: Option<Object>,
    /// Added to those that were there.
    pub tags: Object,
    /// Where a new record comes from.
    pub source: Option<RecordSource>,
    /// Who writes it.
    pub by: Option<String>,
}

/// What became of records that were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Upserted {
    /// So many are new.
    pub inserted: u64,
    /// So many were there.
    pub updated: u64,
}
