use trackside_core::{
    DatasetSummary, Event, ExperimentId, Key, NewRun, Page, PageRequest, Query, Result, Run, RunId, Tag, Timestamp,
    fault, query::RunField,
};

use crate::{Service, artifact_uri::below, run_name};

/// What a client says of a run it starts.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRequest {
    /// Where it belongs.
    pub experiment: ExperimentId,
    /// Label; one is made up when absent.
    pub name: Option<String>,
    /// Who starts it; may be empty.
    pub user: String,
    /// When it started.
    pub started_at: Timestamp,
    /// First tags; no key twice.
    pub tags: Vec<Tag>,
}

impl Service {
    /// Creates a run with a fresh id, its artifacts below the experiment's.
    pub async fn create_run(&self, request: RunRequest) -> Result<Run> {
        let bits = self.parts.ids.fresh()?;
        self.create_run_as(RunId::fresh(bits), bits, request).await
    }

    /// The same with an id of the caller's: `AlreadyExists` when it is taken. A name is made up from `bits`.
    pub async fn create_run_as(&self, id: RunId, bits: u128, request: RunRequest) -> Result<Run> {
        // Whether the experiment is active is looked at where the run is written.
        let location = if let Some(location) = self.locations.of(request.experiment) {
            location
        } else {
            let experiment = self.experiment(request.experiment).await?;
            self.locations.learn(experiment.id, &experiment.artifact_location)
        };
        let new = NewRun {
            artifact_uri: below(&location, &format!("{id}/artifacts")),
            id,
            experiment: request.experiment,
            name: request.name.unwrap_or_else(|| run_name::made_up(bits)),
            user: request.user,
            started_at: request.started_at,
            tags: request.tags,
        };
        self.store().create_run(new).await
    }

    /// By id, in any stage of its life. `NotFound` when there is none.
    pub async fn run(&self, id: &RunId) -> Result<Run> {
        self.store().run(id).await?.ok_or_else(|| fault::run_not_found(id))
    }

    /// Applies events to a run in order, all or none.
    pub async fn append(&self, id: &RunId, events: Vec<Event>) -> Result<()> {
        self.store().append(id, events).await
    }

    /// Puts a run in the bin; harmless when it is there.
    pub async fn delete_run(&self, id: &RunId) -> Result<()> {
        self.append(id, vec![Event::Deleted(self.parts.clock.now())]).await
    }

    /// Sets a tag to a value made from its present one. No other such update comes between.
    pub async fn update_run_tag(
        &self,
        id: &RunId,
        key: Key,
        update: impl FnOnce(Option<&str>) -> Result<String> + Send,
    ) -> Result<()> {
        let _turn = self.tag_updates.lock().await;
        let run = self.run(id).await?;
        let present = run.tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str());
        let value = update(present)?;
        self.append(id, vec![Event::Tags(vec![Tag { key, value }])]).await
    }

    /// One page of the runs of these experiments that match.
    pub async fn search_runs(
        &self,
        experiments: Vec<ExperimentId>,
        query: Query<RunField>,
        page: PageRequest,
    ) -> Result<Page<Run>> {
        self.store().search_runs(experiments, query, page).await
    }

    /// How many runs of these experiments match.
    pub async fn count_runs(&self, experiments: Vec<ExperimentId>, query: Query<RunField>) -> Result<u64> {
        self.store().count_runs(experiments, query).await
    }

    /// What runs of these experiments have read; at most so many.
    pub async fn search_datasets(&self, experiments: Vec<ExperimentId>, limit: usize) -> Result<Vec<DatasetSummary>> {
        self.store().search_datasets(experiments, limit).await
    }
}
