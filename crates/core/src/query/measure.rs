//! Questions for numbers over many traces: counts, sums and percentiles, by what they have in common.

use super::{AssessmentField, Filter, SpanField, Test, TraceField};
use crate::{Cost, ExperimentId, Timestamp, Token};

/// What is measured. A trace or span without it is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// Traces.
    Traces,
    /// Sessions, each once.
    Sessions,
    /// How long traces took, in ms.
    TraceDuration,
    /// Tokens of traces.
    Tokens(Token),
    /// Spans.
    Spans,
    /// How long spans took, in whole ms.
    SpanDuration,
    /// Cost of spans.
    SpanCost(Cost),
    /// Assessments that are valid.
    Assessments,
    /// What such assessments say, as a number: one for true and yes, zero for false and no.
    AssessmentValue,
}

impl Measured {
    /// Whether it is measured of spans.
    pub const fn is_of_spans(self) -> bool {
        matches!(self, Self::Spans | Self::SpanDuration | Self::SpanCost(_))
    }

    /// Whether it is measured of assessments.
    pub const fn is_of_assessments(self) -> bool {
        matches!(self, Self::Assessments | Self::AssessmentValue)
    }
}

/// What is made of the values of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aggregate {
    /// How many.
    Count,
    /// Their sum.
    Sum,
    /// Their mean.
    Average,
    /// The least.
    Minimum,
    /// The greatest.
    Maximum,
    /// The value below which so many percent are, from 0 to 100, interpolated between neighbours.
    Percentile(f64),
}

/// What makes a group. A trace or span without it is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// Label of the trace.
    TraceName,
    /// Name of its state.
    TraceState,
    /// Label of the span.
    SpanName,
    /// Its kind.
    SpanKind,
    /// Name of its status.
    SpanStatus,
    /// The model it asked.
    SpanModel,
    /// Whose model that is.
    SpanProvider,
    /// Name of the assessment.
    AssessmentName,
    /// What it says, as JSON.
    AssessmentValue,
}

/// A question. Dimensions of spans go with what is measured of spans only, those of assessments likewise.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureQuery {
    /// Of which traces: of these experiments,
    pub experiments: Vec<ExperimentId>,
    /// which pass this filter,
    pub filter: Filter<TraceField>,
    /// and of whose spans, if they are measured: those that pass all of these.
    pub spans: Vec<(SpanField, Test)>,
    /// The same of assessments.
    pub assessments: Vec<(AssessmentField, Test)>,
    /// Requested at this instant or later; of the cost of spans, begun.
    pub from: Option<Timestamp>,
    /// Until this instant and with it.
    pub to: Option<Timestamp>,
    /// What.
    pub measured: Measured,
    /// What is made of it.
    pub aggregates: Vec<Aggregate>,
    /// By what; all in one group when there is nothing.
    pub dimensions: Vec<Dimension>,
    /// Groups are also told apart by intervals of so many ms, counted from the epoch: when a trace was requested, when a
    /// span began.
    pub interval: Option<i64>,
    /// At most so many groups.
    pub limit: usize,
}

/// The answer for one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// When its interval began.
    pub at: Option<Timestamp>,
    /// One text per dimension.
    pub dimensions: Vec<String>,
    /// One per aggregate; `None` where the group has no values.
    pub values: Vec<Option<f64>>,
}
