use std::fmt;

use async_trait::async_trait;

use crate::{
    DatasetSummary, Event, ExperimentId, NewRun, Page, PageRequest, Query, Result, Run, RunId, query::RunField,
};

/// Runs of the system of record.
#[async_trait]
pub trait Runs: fmt::Debug + Send + Sync + 'static {
    /// Creates a run. `NotFound` / `Conflict` when the experiment is absent / deleted, `AlreadyExists`
    /// when the id is taken, `Invalid` when a tag is given twice.
    async fn create_run(&self, new: NewRun) -> Result<Run>;

    /// By id, in any stage of its life.
    async fn run(&self, id: &RunId) -> Result<Option<Run>>;

    /// Applies events in order, all or none. `NotFound` when there is no such run, `Conflict` when an event
    /// needs an active run and it is deleted; the variants of [`Event`] say what each needs besides.
    async fn append(&self, id: &RunId, events: Vec<Event>) -> Result<()>;

    /// Runs of these experiments. Default order: latest start first. Ties go by start,
    /// latest first, then by run id ascending.
    async fn search_runs(
        &self,
        experiments: Vec<ExperimentId>,
        query: Query<RunField>,
        page: PageRequest,
    ) -> Result<Page<Run>>;

    /// How many runs of these experiments match, whatever the order.
    async fn count_runs(&self, experiments: Vec<ExperimentId>, query: Query<RunField>) -> Result<u64>;

    /// What runs of these experiments, deleted ones too, have read, each once: by experiment, name, digest, then
    /// context, none first. At most so many.
    async fn search_datasets(&self, experiments: Vec<ExperimentId>, limit: usize) -> Result<Vec<DatasetSummary>>;
}
