use trackside_core::{
    ExperimentId, Key, Lifecycle, NewScorerVersion, OnlineScoring, Result, ScorerChange, ScorerId, ScorerSchedule,
    ScorerVersion, WhichVersions, fault,
};

use crate::Service;

impl Service {
    /// Creates the next version of a scorer, and the scorer if there is none of that name.
    pub async fn create_scorer_version(
        &self,
        experiment: ExperimentId,
        name: Key,
        definition: String,
    ) -> Result<ScorerVersion> {
        let scorer = ScorerId::fresh(self.parts.ids.fresh()?);
        let new = NewScorerVersion { scorer, experiment, name, definition, created_at: self.parts.clock.now() };
        self.store().create_scorer_version(new).await
    }

    /// At least one version, in order of number.
    pub async fn scorer_versions(
        &self,
        experiment: ExperimentId,
        name: &Key,
        which: WhichVersions,
    ) -> Result<Vec<ScorerVersion>> {
        self.store().scorer_versions(experiment, name, which).await
    }

    /// The highest version of each scorer of these experiments that are active, or of all such.
    pub async fn latest_scorers(&self, experiments: Option<Vec<ExperimentId>>) -> Result<Vec<ScorerVersion>> {
        self.store().latest_scorers(experiments).await
    }

    /// The highest version of each scorer of an experiment, which must be active (`Conflict`).
    pub async fn scorers_of(&self, experiment: ExperimentId) -> Result<Vec<ScorerVersion>> {
        if self.experiment(experiment).await?.lifecycle != Lifecycle::Active {
            return Err(fault::experiment_not_active(experiment));
        }
        self.latest_scorers(Some(vec![experiment])).await
    }

    /// Applies one change.
    pub async fn change_scorer(&self, experiment: ExperimentId, name: &Key, change: ScorerChange) -> Result<()> {
        self.store().change_scorer(experiment, name, change).await
    }

    /// Says how often a scorer is to run, which must have a version.
    pub async fn schedule_scorer(
        &self,
        experiment: ExperimentId,
        name: &Key,
        sample_rate: f64,
        filter: Option<String>,
    ) -> Result<ScorerSchedule> {
        let online = OnlineScoring { id: format!("{:032x}", self.parts.ids.fresh()?), sample_rate, filter };
        let versions = self.scorer_versions(experiment, name, WhichVersions::Latest).await?;
        self.change_scorer(experiment, name, ScorerChange::Schedule(online.clone())).await?;
        let scorer = versions.into_iter().next().map(|version| version.scorer);
        let scorer = scorer.ok_or_else(|| fault::scorer_not_found(experiment, name))?;
        Ok(ScorerSchedule { scorer, experiment, online })
    }

    /// How often these scorers are to run, of whom it was said.
    pub async fn scorer_schedules(&self, scorers: Vec<ScorerId>) -> Result<Vec<ScorerSchedule>> {
        self.store().scorer_schedules(scorers).await
    }
}
