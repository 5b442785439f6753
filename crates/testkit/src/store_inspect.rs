//! Reading back what a [`StoreTracker`](trackside_core::StoreTracker) has written.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use trackside_core::{
    Experiment, ExperimentId, Key, KeyValue, Lifecycle, LoggedModel, LoggedModelId, ModelVersion, PageRequest, Query,
    RegisteredModel, Run, Store,
    query::{Filter, View},
    store::HistoryQuery,
};

use crate::{Inspect, LoggedModelState, RegisteredModelState, RunState, VersionState};

/// Reads any store.
#[derive(Debug)]
pub struct StoreInspect(pub Arc<dyn Store>);

/// More than a suite writes.
const ALL: PageRequest = PageRequest::first(10_000);

impl StoreInspect {
    async fn experiments(&self) -> Vec<Experiment> {
        let query = Query { view: View::All, ..Query::default() };
        self.0.search_experiments(query, ALL).await.unwrap().items
    }

    async fn run(&self, run: Run, experiments: &[Experiment]) -> RunState {
        let mut state = RunState {
            experiment: name_of(run.info.experiment, experiments),
            name: run.info.name,
            user: run.info.user,
            status: run.info.status,
            started_at: run.info.started_at,
            ended_at: run.info.ended_at,
            deleted: run.info.lifecycle == Lifecycle::Deleted,
            params: map(run.params),
            tags: map(run.tags),
            points: BTreeMap::new(),
            dataset_inputs: run.dataset_inputs,
            model_inputs: run.model_inputs,
            model_outputs: run.model_outputs,
            artifacts: BTreeMap::new(),
            id: run.info.id,
        };
        for metric in run.metrics {
            let query =
                HistoryQuery { run: state.id.clone(), key: metric.key.clone(), limit: None, after: None, since: None };
            state.points.insert(metric.key, self.0.history(query).await.unwrap().items);
        }
        state
    }

    /// Ids of the models that a search finds, and, as none finds those in the bin, of those a suite numbers.
    async fn logged_model_ids(&self, experiments: &[Experiment]) -> BTreeSet<LoggedModelId> {
        let ids = experiments.iter().map(|experiment| experiment.id).collect();
        let found = self.0.search_logged_models(ids, Query::default(), ALL).await.unwrap().items;
        found.into_iter().map(|model| model.id).chain((0..32).map(LoggedModelId::fresh)).collect()
    }
}

fn name_of(experiment: ExperimentId, experiments: &[Experiment]) -> Key {
    let found = experiments.iter().find(|known| known.id == experiment);
    found.expect("what is in a store has an experiment").name.clone()
}

fn map(pairs: Vec<KeyValue>) -> BTreeMap<Key, String> {
    pairs.into_iter().map(|pair| (pair.key, pair.value)).collect()
}

fn logged_model(model: LoggedModel, deleted: bool, experiments: &[Experiment]) -> LoggedModelState {
    LoggedModelState {
        experiment: name_of(model.experiment, experiments),
        id: model.id,
        name: model.name,
        status: model.status,
        model_type: model.model_type,
        source_run: model.source_run,
        deleted,
        tags: map(model.tags),
        params: map(model.params),
        metrics: model.metrics,
    }
}

fn registered_model(model: RegisteredModel, versions: &[ModelVersion]) -> RegisteredModelState {
    let own = versions.iter().filter(|version| version.model == model.name);
    RegisteredModelState {
        versions: own.map(|version| (version.number, version_state(version))).collect(),
        name: model.name,
        description: model.description,
        tags: map(model.tags),
        aliases: model.aliases.into_iter().collect(),
    }
}

fn version_state(version: &ModelVersion) -> VersionState {
    VersionState {
        description: version.description.clone(),
        stage: version.stage.clone(),
        source: version.source.clone(),
        run: version.run.clone(),
        run_link: version.run_link.clone(),
        tags: map(version.tags.clone()),
    }
}

#[async_trait]
impl Inspect for StoreInspect {
    async fn runs(&self) -> Vec<RunState> {
        let experiments = self.experiments().await;
        let ids = experiments.iter().map(|experiment| experiment.id).collect();
        let query = Query { view: View::All, filter: Filter::default(), order: Vec::new() };
        let mut states = Vec::new();
        for run in self.0.search_runs(ids, query, ALL).await.unwrap().items {
            states.push(self.run(run, &experiments).await);
        }
        states.sort_by(|a, b| a.id.cmp(&b.id));
        states
    }

    async fn logged_models(&self) -> Vec<LoggedModelState> {
        let experiments = self.experiments().await;
        let mut states = Vec::new();
        for id in self.logged_model_ids(&experiments).await {
            let Some(model) = self.0.logged_model(&id, true).await.unwrap() else { continue };
            let deleted = self.0.logged_model(&id, false).await.unwrap().is_none();
            states.push(logged_model(model, deleted, &experiments));
        }
        states
    }

    async fn registered_models(&self) -> Vec<RegisteredModelState> {
        let versions = self.0.search_model_versions(Query::default(), ALL).await.unwrap().items;
        let models = self.0.search_registered_models(Query::default(), ALL).await.unwrap().items;
        models.into_iter().map(|model| registered_model(model, &versions)).collect()
    }
}
