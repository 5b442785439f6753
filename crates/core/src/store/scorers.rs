use std::fmt;

use async_trait::async_trait;

use crate::{
    ExperimentId, Key, NewScorerVersion, Result, ScorerChange, ScorerId, ScorerSchedule, ScorerVersion, WhichVersions,
};

/// Scorers of the system of record. Those of a deleted experiment are out of reach: where one experiment is named, it
/// must exist (`NotFound`) and be active (`Conflict`).
#[async_trait]
pub trait Scorers: fmt::Debug + Send + Sync + 'static {
    /// Creates the next version, and the scorer if there is none of that name.
    async fn create_scorer_version(&self, new: NewScorerVersion) -> Result<ScorerVersion>;

    /// In order of number, at least one: `NotFound` when there is no such scorer or version.
    async fn scorer_versions(
        &self,
        experiment: ExperimentId,
        name: &Key,
        which: WhichVersions,
    ) -> Result<Vec<ScorerVersion>>;

    /// The highest version of each scorer of these experiments that are active, or of all such. In order of experiment, then
    /// name.
    async fn latest_scorers(&self, experiments: Option<Vec<ExperimentId>>) -> Result<Vec<ScorerVersion>>;

    /// Applies one change. `NotFound` when there is no such scorer or version.
    async fn change_scorer(&self, experiment: ExperimentId, name: &Key, change: ScorerChange) -> Result<()>;

    /// How often these scorers are to run, of whom it was said; whatever became of their experiments.
    async fn scorer_schedules(&self, scorers: Vec<ScorerId>) -> Result<Vec<ScorerSchedule>>;
}
