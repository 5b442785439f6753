//! Assessments: what somebody, or some program, thinks of a trace.

use std::fmt;

use crate::{Json, KeyValue, Timestamp, TraceId};

/// Id of an assessment: `a-` and 32 lower-case hexadecimal digits when made here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssessmentId(String);

impl AssessmentId {
    /// Any text: of one that nobody made there is no assessment.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// `a-` and 32 lower-case hexadecimal digits.
    pub fn fresh(bits: u128) -> Self {
        Self(format!("a-{bits:032x}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AssessmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Sorts of assessments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssessmentKind {
    /// How good it was.
    Feedback,
    /// What it should have been.
    Expectation,
    /// A known problem that it shows.
    Issue,
}

impl AssessmentKind {
    /// All.
    pub const ALL: [Self; 3] = [Self::Feedback, Self::Expectation, Self::Issue];

    /// The name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Feedback => "feedback",
            Self::Expectation => "expectation",
            Self::Issue => "issue",
        }
    }

    /// The kind of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What an assessment says.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What sort of thing.
    pub kind: AssessmentKind,
    /// The value: any for feedback and expectations, a label for an issue, whose name is that of the assessment.
    pub value: Json,
    /// Why there is no better feedback.
    pub error: Option<AssessmentError>,
}

/// Why something could not be assessed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AssessmentError {
    /// For programs.
    pub code: Option<String>,
    /// For people.
    pub message: Option<String>,
    /// For those who look for the cause.
    pub stack_trace: Option<String>,
}

/// Who assesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssessorKind {
    /// Nobody said.
    Unspecified,
    /// A person.
    Human,
    /// A language model.
    Model,
    /// A program.
    Code,
}

impl AssessorKind {
    /// All, in MLflow's numbering from 0.
    pub const ALL: [Self; 4] = [Self::Unspecified, Self::Human, Self::Model, Self::Code];

    /// The name, as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Human => "human",
            Self::Model => "model",
            Self::Code => "code",
        }
    }

    /// The kind of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// An assessment of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// Unique.
    pub id: AssessmentId,
    /// Of which trace.
    pub trace: TraceId,
    /// What is assessed; may be empty.
    pub name: String,
    /// What it says.
    pub judgement: Judgement,
    /// What sort of somebody says so.
    pub assessor: AssessorKind,
    /// Who says so.
    pub assessor_id: Option<String>,
    /// Of which span of the trace, if not of the whole.
    pub span: Option<String>,
    /// Why.
    pub rationale: Option<String>,
    /// Sorted by key.
    pub metadata: Vec<KeyValue>,
    /// The assessment that it replaces.
    pub overrides: Option<AssessmentId>,
    /// It has not been replaced.
    pub is_valid: bool,
    /// It also holds for the other traces of the session.
    pub of_session: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed; being replaced does not count.
    pub updated_at: Timestamp,
}

/// What is needed to make an assessment. It is valid.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAssessment {
    /// Chosen by the caller (`AlreadyExists`).
    pub id: AssessmentId,
    /// Must exist (`NotFound`).
    pub trace: TraceId,
    /// What is assessed.
    pub name: String,
    /// What it says.
    pub judgement: Judgement,
    /// What sort of somebody says so.
    pub assessor: AssessorKind,
    /// Who says so.
    pub assessor_id: Option<String>,
    /// Of which span.
    pub span: Option<String>,
    /// Why.
    pub rationale: Option<String>,
    /// Facts; a key given twice keeps the last value.
    pub metadata: Vec<KeyValue>,
    /// The assessment that it replaces, of the same trace (`NotFound`); that is no longer valid.
    pub overrides: Option<AssessmentId>,
    /// It also holds for the other traces of the session.
    pub of_session: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// New values of some parts of an assessment; `None` leaves a part as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AssessmentUpdate {
    /// What is assessed.
    pub name: Option<String>,
    /// What it says; of the same kind (`Conflict`).
    pub judgement: Option<Judgement>,
    /// Why.
    pub rationale: Option<String>,
    /// Added to what is known.
    pub metadata: Vec<KeyValue>,
    /// It also holds for the other traces of the session, from now on.
    pub of_session: bool,
}

/// One change of an assessment.
#[derive(Debug, Clone, PartialEq)]
pub enum AssessmentChange {
    /// Changes parts of it, which must exist (`NotFound`).
    Update(AssessmentUpdate),
    /// Removes it; what it replaced is valid again. Harmless when it is absent.
    Delete,
}
