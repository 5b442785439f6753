//! Evaluation datasets: what a program is asked, and what it is expected to answer.

mod record;
mod schema;

use std::fmt;

pub use record::{EvaluationRecord, EvaluationRecordId, NewEvaluationRecord, RecordSource, RecordSourceKind, Upserted};
pub use schema::EvaluationSchema;

use crate::{ExperimentId, Key, Tag, Timestamp};

/// Id of an evaluation dataset: `d-` and 32 lower-case hexadecimal digits when made here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvaluationDatasetId(String);

impl EvaluationDatasetId {
    /// Any text: of one that nobody made there is no dataset.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// `d-` and 32 lower-case hexadecimal digits.
    pub fn fresh(bits: u128) -> Self {
        Self(format!("d-{bits:032x}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EvaluationDatasetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An evaluation dataset, without its records.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationDataset {
    /// Unique.
    pub id: EvaluationDatasetId,
    /// Label; need not be unique.
    pub name: Key,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its experiments last changed, or records were last written. Tags and deletions do not count.
    pub updated_at: Timestamp,
    /// When records were last written, or it was created.
    pub written_at: Timestamp,
    /// Who created it, as the client said.
    pub created_by: Option<String>,
    /// Who last wrote records, as the client said; until then who created it.
    pub updated_by: Option<String>,
    /// Sorted by key.
    pub tags: Vec<Tag>,
    /// How many records there are.
    pub n_records: u64,
    /// What its records have held so far; `None` until there was one.
    pub schema: Option<EvaluationSchema>,
}

/// What is needed to create an evaluation dataset. It has no records.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvaluationDataset {
    /// Chosen by the caller (`AlreadyExists`).
    pub id: EvaluationDatasetId,
    /// Label.
    pub name: Key,
    /// When.
    pub created_at: Timestamp,
    /// Who.
    pub created_by: Option<String>,
    /// First tags; a key given twice keeps the last value.
    pub tags: Vec<Tag>,
    /// Where it belongs: they must exist (`NotFound`), in any stage of their lives.
    pub experiments: Vec<ExperimentId>,
}

/// One change of an evaluation dataset.
#[derive(Debug, Clone, PartialEq)]
pub enum EvaluationDatasetChange {
    /// Sets tags.
    SetTags(Vec<Tag>),
    /// Removes a tag; harmless when it is absent, and so is the dataset.
    DeleteTag(Key),
    /// Lets it belong to further experiments, which must exist (`NotFound`).
    AddExperiments(Vec<ExperimentId>),
    /// Lets it no longer belong to these.
    RemoveExperiments(Vec<ExperimentId>),
    /// Removes it with its records; harmless when it is absent.
    Delete,
}
