use std::fmt;

use async_trait::async_trait;

use crate::{
    Experiment, ExperimentChange, ExperimentId, NewExperiment, Page, PageRequest, Query, Result, Timestamp,
    query::ExperimentField,
};

/// Experiments of the system of record.
#[async_trait]
pub trait Experiments: fmt::Debug + Send + Sync + 'static {
    /// Creates an active experiment with the next id. `AlreadyExists` when the name is taken, also by a deleted one.
    async fn create_experiment(&self, new: NewExperiment) -> Result<Experiment>;

    /// Creates experiment 0 of that name and location unless any experiment exists.
    async fn ensure_default_experiment(&self, new: NewExperiment) -> Result<()>;

    /// By id, in any stage of its life.
    async fn experiment(&self, id: ExperimentId) -> Result<Option<Experiment>>;

    /// By name, in any stage of its life.
    async fn experiment_by_name(&self, name: &str) -> Result<Option<Experiment>>;

    /// Applies one change; its variants say what each needs. `NotFound` when there is no such experiment.
    async fn change_experiment(&self, id: ExperimentId, change: ExperimentChange, at: Timestamp) -> Result<()>;

    /// Default order: newest first, then id ascending. With an order given, ties go by id descending.
    async fn search_experiments(&self, query: Query<ExperimentField>, page: PageRequest) -> Result<Page<Experiment>>;
}
