//! Runs and experiments.

use std::collections::BTreeMap;

use serde_json::json;
use trackside_core::{ErrorKind, Result, Timestamp};
use trackside_mlflow_wire::{
    CreateRun, DatasetInput, ExperimentCreated, ExperimentFound, ExperimentsFound, HistoryFound, Int, LogInputs,
    Metric, Run, RunFound, RunsFound, Tag,
};

use crate::server::{Nothing, Server};

/// Runs and experiments of a page.
const PAGE: i64 = 1000;
/// Points of a page of a history.
const POINTS: &str = "10000";
/// Experiments of one search; their ids go in the body.
const MAX_EXPERIMENTS: usize = 500;
/// Tags of one request, in every version of the server.
const MAX_TAGS: usize = 100;

impl Server {
    /// A run. `NotFound` when there is none.
    pub async fn run(&self, id: &str) -> Result<Run> {
        let RunFound { run } = self.get("runs/get", &[("run_id", id)]).await?;
        Ok(run)
    }

    /// All runs of these experiments that pass a filter; of all experiments when none is named.
    pub async fn runs(&self, experiments: &[String], filter: &str) -> Result<Vec<Run>> {
        let all = if experiments.is_empty() { self.experiments().await? } else { experiments.to_vec() };
        let mut runs = Vec::new();
        for some in all.chunks(MAX_EXPERIMENTS) {
            let mut token: Option<String> = None;
            loop {
                let mut body = json!({"experiment_ids": some, "filter": filter, "max_results": PAGE});
                if let Some(token) = &token {
                    body["page_token"] = json!(token);
                }
                let found: RunsFound = self.post("runs/search", &body).await?;
                runs.extend(found.runs);
                token = found.next_page_token.filter(|token| !token.is_empty());
                if token.is_none() {
                    break;
                }
            }
        }
        Ok(runs)
    }

    /// The ids of all experiments.
    pub async fn experiments(&self) -> Result<Vec<String>> {
        Ok(self.experiment_names().await?.into_keys().collect())
    }

    /// The names of all experiments, by id.
    pub async fn experiment_names(&self) -> Result<BTreeMap<String, String>> {
        let (mut names, mut token) = (BTreeMap::new(), None::<String>);
        loop {
            let mut body = json!({"max_results": PAGE, "view_type": "ACTIVE_ONLY"});
            if let Some(token) = &token {
                body["page_token"] = json!(token);
            }
            let found: ExperimentsFound = self.post("experiments/search", &body).await?;
            let named = found.experiments.into_iter().map(|experiment| (experiment.experiment_id, experiment.name));
            names.extend(named);
            token = found.next_page_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(names);
            }
        }
    }

    /// The id of the experiment of that name; `None` when there is none.
    pub async fn experiment(&self, name: &str) -> Result<Option<String>> {
        match self.get::<ExperimentFound>("experiments/get-by-name", &[("experiment_name", name)]).await {
            Ok(found) => Ok(Some(found.experiment.experiment_id)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The name of an experiment. `NotFound` when there is none.
    pub async fn experiment_name(&self, id: &str) -> Result<String> {
        let found: ExperimentFound = self.get("experiments/get", &[("experiment_id", id)]).await?;
        Ok(found.experiment.name)
    }

    /// Every point of a metric, in the server's order.
    pub async fn history(&self, run: &str, metric: &str) -> Result<Vec<Metric>> {
        let (mut points, mut token) = (Vec::new(), None::<String>);
        loop {
            let mut query = vec![("run_id", run), ("metric_key", metric), ("max_results", POINTS)];
            query.extend(token.as_deref().map(|token| ("page_token", token)));
            let page: HistoryFound = self.get("metrics/get-history", &query).await?;
            points.extend(page.metrics);
            token = page.next_page_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(points);
            }
        }
    }

    /// The id of the experiment of that name, created where there is none.
    pub async fn ensure_experiment(&self, name: &str) -> Result<String> {
        if let Some(id) = self.experiment(name).await? {
            return Ok(id);
        }
        let created: ExperimentCreated = self.post("experiments/create", &json!({"name": name})).await?;
        Ok(created.experiment_id)
    }

    /// A new run, which runs since this instant.
    pub async fn create_run(
        &self,
        experiment: String,
        name: Option<String>,
        started_at: Timestamp,
        tags: Vec<(String, String)>,
    ) -> Result<Run> {
        let create = CreateRun {
            experiment_id: Some(experiment),
            run_name: name,
            start_time: Some(Int(started_at.millis())),
            tags: Some(tags.into_iter().map(tag).collect()),
            ..CreateRun::default()
        };
        let RunFound { run } = self.post("runs/create", &create).await?;
        Ok(run)
    }

    /// Says how a run ended: `FINISHED`, `FAILED` or `KILLED`.
    pub async fn end_run(&self, id: &str, status: &str, at: Timestamp) -> Result<()> {
        let body = json!({"run_id": id, "status": status, "end_time": at.millis()});
        self.post::<Nothing>("runs/update", &body).await.map(drop)
    }

    /// Sets tags of a run.
    pub async fn tag(&self, id: &str, tags: &[(String, String)]) -> Result<()> {
        for some in tags.chunks(MAX_TAGS) {
            let tags: Vec<Tag> = some.iter().cloned().map(tag).collect();
            self.post::<Nothing>("runs/log-batch", &json!({"run_id": id, "tags": tags})).await?;
        }
        Ok(())
    }

    /// Sets params of a run.
    pub async fn log_params(&self, id: &str, params: &[(String, String)]) -> Result<()> {
        for some in params.chunks(MAX_TAGS) {
            let params: Vec<Tag> = some.iter().cloned().map(tag).collect();
            self.post::<Nothing>("runs/log-batch", &json!({"run_id": id, "params": params})).await?;
        }
        Ok(())
    }

    /// Says what a run read.
    pub async fn log_datasets(&self, id: &str, datasets: Vec<DatasetInput>) -> Result<()> {
        let body = LogInputs { run_id: Some(id.to_owned()), datasets: Some(datasets), ..LogInputs::default() };
        self.post::<Nothing>("runs/log-inputs", &body).await.map(drop)
    }
}

/// A tag or a param as it is sent.
fn tag((key, value): (String, String)) -> Tag {
    Tag { key: Some(key.into()), value: Some(value) }
}
