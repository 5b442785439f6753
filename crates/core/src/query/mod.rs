//! Searches as trees. Protocols parse their filter strings into these; stores turn them into their
//! own language. No store sees a filter string and no protocol sees SQL.

mod field;
mod filter;
mod measure;
mod page;

pub use field::{
    AssessmentField, DatasetField, EvaluationDatasetField, ExperimentField, LoggedModelField, ModelVersionField,
    RegisteredModelField, RunField, SpanField, TraceField,
};
pub use filter::{Compare, Filter, Order, Query, Test, View};
pub use measure::{Aggregate, Dimension, MeasureQuery, Measured, Measurement};
pub use page::{Page, PageRequest, PageToken};
