//! What can be searched and ordered by, per kind of thing.

use super::Test;
use crate::{AssessmentKind, Cost, Key, Token};

/// Fields of a run. Texts unless noted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RunField {
    /// Its id.
    Id,
    /// Its label.
    Name,
    /// Who started it.
    User,
    /// Name of its status.
    Status,
    /// URI of its artifacts.
    ArtifactUri,
    /// Number: ms since the epoch.
    StartedAt,
    /// Number: ms since the epoch; may be missing.
    EndedAt,
    /// Number: latest value of a metric; may be missing or NaN.
    Metric(Key),
    /// A param; may be missing.
    Param(Key),
    /// A tag; may be missing.
    Tag(Key),
    /// A dataset input; the test holds when any input passes it. Cannot be ordered by.
    Dataset(DatasetField),
}

/// Fields of a dataset input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatasetField {
    /// Its name.
    Name,
    /// Its digest.
    Digest,
    /// The value of the input's tag `mlflow.data.context`.
    Context,
}

/// Fields of an experiment. Texts unless noted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ExperimentField {
    /// Its id: compared as text, ordered as a number.
    Id,
    /// Its name.
    Name,
    /// Number: ms since the epoch.
    CreatedAt,
    /// Number: ms since the epoch.
    UpdatedAt,
    /// A tag; may be missing.
    Tag(Key),
}

/// Fields of a registered model. Texts unless noted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RegisteredModelField {
    /// Its name.
    Name,
    /// Number: ms since the epoch.
    CreatedAt,
    /// Number: ms since the epoch.
    UpdatedAt,
    /// A tag; may be missing.
    Tag(Key),
}

/// Fields of a model version. Texts unless noted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ModelVersionField {
    /// Name of its registered model.
    Model,
    /// Number: its number.
    Number,
    /// The run that made it; may be missing.
    Run,
    /// Its stage.
    Stage,
    /// Where it came from.
    Source,
    /// Number: ms since the epoch.
    CreatedAt,
    /// Number: ms since the epoch.
    UpdatedAt,
    /// A tag; may be missing.
    Tag(Key),
}

/// Fields of a logged model. Texts unless noted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LoggedModelField {
    /// Its id.
    Id,
    /// Its label.
    Name,
    /// Its type.
    Type,
    /// Name of its status.
    Status,
    /// The run that made it; may be missing.
    SourceRun,
    /// Number: ms since the epoch.
    CreatedAt,
    /// Number: ms since the epoch.
    UpdatedAt,
    /// Number: its points. A filter holds when any of them passes, an order goes by the one with the latest time,
    /// then step; may be missing.
    Metric {
        /// Which metric.
        key: Key,
        /// Only points measured on one of these datasets: name, and digest if that matters. Empty: any.
        datasets: Vec<(String, Option<String>)>,
    },
    /// A param; may be missing.
    Param(Key),
    /// A tag; may be missing.
    Tag(Key),
}

/// Fields of a trace. Texts unless noted.
#[derive(Debug, Clone, PartialEq)]
pub enum TraceField {
    /// Its id.
    Id,
    /// Its experiment: a number.
    Experiment,
    /// What the application calls the request; may be missing.
    ClientRequestId,
    /// Its label; may be missing.
    Name,
    /// Its conversation; may be missing.
    Session,
    /// Name of its state.
    State,
    /// Number: ms since the epoch.
    RequestedAt,
    /// Number: ms; may be missing.
    Duration,
    /// Number: ms since the epoch; a missing duration counts as none.
    EndedAt,
    /// Number; may be missing.
    Token(Token),
    /// Number: US dollars; may be missing.
    Cost(Cost),
    /// URI of its files.
    ArtifactUri,
    /// A tag; may be missing.
    Tag(Key),
    /// Metadata; may be missing.
    Metadata(Key),
    /// Runs that it is linked to; the test holds when any passes it. Cannot be ordered by.
    LinkedRun,
    /// Prompts that it used, `name/version`; the test holds when any passes it. Cannot be ordered by.
    Prompt,
    /// Id of a span that passes all of these; missing when none does. Cannot be ordered by.
    Span(Vec<(SpanField, Test)>),
    /// Id of an assessment of this kind and name, of the trace or of its session; missing when there is none. Those that
    /// are no longer valid do not count, but for issues. Cannot be ordered by.
    Assessment {
        /// What sort of thing it says.
        kind: AssessmentKind,
        /// Its name.
        name: String,
        /// What its value must pass: as JSON, in a text, or as a number.
        test: Option<Test>,
    },
}

/// Fields of an assessment: texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssessmentField {
    /// Its name.
    Name,
    /// Name of its kind.
    Kind,
}

/// Fields of a span. Texts unless noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpanField {
    /// Its label.
    Name,
    /// Its kind; may be missing.
    Kind,
    /// Name of its status.
    Status,
    /// Its document.
    Document,
    /// Number: ns since the epoch.
    StartedAt,
}

/// Fields of an evaluation dataset. Texts unless noted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EvaluationDatasetField {
    /// Its label.
    Name,
    /// Number: ms since the epoch.
    CreatedAt,
    /// Number: ms since the epoch.
    UpdatedAt,
    /// Who created it; may be missing.
    CreatedBy,
    /// Who last wrote records; may be missing.
    UpdatedBy,
    /// A tag; may be missing.
    Tag(Key),
}
