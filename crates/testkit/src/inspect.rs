//! Reading back what a destination has been told.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use trackside_core::{
    Experiment, Lifecycle, PageRequest, Query, Run, Store,
    query::{Filter, View},
    store::HistoryQuery,
};

use crate::RunState;

/// The far side of a destination under test, read by other means than the destination itself.
#[async_trait]
pub trait Inspect: fmt::Debug + Send + Sync + 'static {
    /// Every run, in order of id.
    async fn runs(&self) -> Vec<RunState>;
}

/// Reads a store that a [`StoreTracker`](trackside_core::StoreTracker) writes to.
#[derive(Debug)]
pub struct StoreInspect(pub Arc<dyn Store>);

/// More than a suite writes.
const ALL: PageRequest = PageRequest::first(10_000);

impl StoreInspect {
    async fn state(&self, run: Run, experiments: &[Experiment]) -> RunState {
        let experiment = experiments.iter().find(|experiment| experiment.id == run.info.experiment);
        let mut state = RunState {
            experiment: experiment.expect("a run has an experiment").name.clone(),
            name: run.info.name,
            user: run.info.user,
            status: run.info.status,
            started_at: run.info.started_at,
            ended_at: run.info.ended_at,
            deleted: run.info.lifecycle == Lifecycle::Deleted,
            params: run.params.into_iter().map(|param| (param.key, param.value)).collect(),
            tags: run.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
            points: std::collections::BTreeMap::new(),
            dataset_inputs: run.dataset_inputs,
            model_inputs: run.model_inputs,
            model_outputs: run.model_outputs,
            id: run.info.id,
        };
        for metric in run.metrics {
            let query = HistoryQuery { run: state.id.clone(), key: metric.key.clone(), limit: None, after: None };
            state.points.insert(metric.key, self.0.history(query).await.unwrap().items);
        }
        state
    }
}

#[async_trait]
impl Inspect for StoreInspect {
    async fn runs(&self) -> Vec<RunState> {
        let query = Query { view: View::All, ..Query::default() };
        let experiments = self.0.search_experiments(query, ALL).await.unwrap().items;
        let ids = experiments.iter().map(|experiment| experiment.id).collect();
        let query = Query { view: View::All, filter: Filter::default(), order: Vec::new() };
        let runs = self.0.search_runs(ids, query, ALL).await.unwrap().items;
        let mut states = Vec::new();
        for run in runs {
            states.push(self.state(run, &experiments).await);
        }
        states.sort_by(|a, b| a.id.cmp(&b.id));
        states
    }
}
