use std::fmt;

use async_trait::async_trait;

use crate::{
    ExperimentId, NewTrace, Page, PageRequest, Query, Result, Span, SpanBatch, Trace, TraceChange, TraceId, TraceLinks,
    TraceSelection,
    query::{Filter, MeasureQuery, Measurement, TraceField},
};

/// Traces of the system of record. They are not mirrored: no method writes to the log.
#[async_trait]
pub trait Traces: fmt::Debug + Send + Sync + 'static {
    /// Creates a trace, or merges the description into the one that is there: experiment, request id, times and state
    /// are replaced, previews and facts where they are given. `NotFound` / `Conflict` when the experiment is absent /
    /// deleted.
    async fn describe_trace(&self, new: NewTrace) -> Result<Trace>;

    /// Writes spans, all or none. A trace that is not there is made in this experiment, which must then exist
    /// (`NotFound`). Of a trace that was not described, the spans give start, end and usage, and a root its state; what
    /// was described stays.
    async fn append_spans(&self, experiment: ExperimentId, batches: Vec<SpanBatch>) -> Result<()>;

    /// By id, in the order asked for, each once, in the last of its places; those that are not there, or in none of these experiments if any are
    /// named, are left out.
    async fn traces(&self, ids: Vec<TraceId>, experiments: Option<Vec<ExperimentId>>) -> Result<Vec<Trace>>;

    /// The spans of a trace: roots first, then by start.
    async fn spans(&self, id: &TraceId) -> Result<Vec<Span>>;

    /// Applies one change; its variants say what each needs. `NotFound` when there is no such trace.
    async fn change_trace(&self, id: &TraceId, change: TraceChange) -> Result<()>;

    /// Links traces to a run; known links are left alone.
    async fn link_traces(&self, links: TraceLinks) -> Result<()>;

    /// Deletes traces for good, with their spans; says how many.
    async fn delete_traces(&self, experiment: ExperimentId, selection: TraceSelection) -> Result<u64>;

    /// Traces of these experiments. Default order: latest request first. Ties go by request, latest first, then by id
    /// ascending.
    async fn search_traces(
        &self,
        experiments: Vec<ExperimentId>,
        query: Query<TraceField>,
        page: PageRequest,
    ) -> Result<Page<Trace>>;

    /// How many traces of these experiments pass each of these filters, all at one instant.
    async fn count_traces(&self, experiments: Vec<ExperimentId>, filters: Vec<Filter<TraceField>>) -> Result<Vec<u64>>;

    /// Groups of traces or spans in the order of interval, then dimensions; those without anything measured are left
    /// out, unless there is neither interval nor dimension, where there is always one.
    async fn measure_traces(&self, query: MeasureQuery) -> Result<Vec<Measurement>>;
}
