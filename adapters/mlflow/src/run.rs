//! Runs: found by the tag that holds their id at the source, or created.

use trackside_core::{Error, ErrorKind, Result, RunBatch, RunId, RunStarted, Tag};
use trackside_mlflow_wire::{self as wire, Choice, CreateRun, Int, RunFound, RunsFound, SearchRuns};

use crate::{
    api::{Api, Nothing},
    memory::RemoteRun,
    tag,
    tracker::MlflowTracker,
};

/// Runs of a page.
const PAGE: i64 = 1000;
/// Experiments of one search; their ids go in the body.
const MAX_EXPERIMENTS: usize = 500;

/// A run that a batch is for, and whether the batch has just created it.
pub(crate) struct Target {
    pub(crate) remote: RemoteRun,
    pub(crate) is_new: bool,
}

impl MlflowTracker {
    /// The run of a batch without memory. `NotFound` when it does not begin there either.
    pub(crate) async fn target(&self, api: &Api, batch: &RunBatch) -> Result<Target> {
        let Some(started) = &batch.started else {
            let found = self.known_run(api, &batch.run, None).await?;
            let remote =
                found.ok_or_else(|| Error::not_found(format!("run {} is not at {}", batch.run, api.base())))?;
            return Ok(Target { remote, is_new: false });
        };
        let experiment = self.experiment(api, &started.experiment).await?;
        if let Some(remote) = find(api, &batch.run, std::slice::from_ref(&experiment)).await? {
            return Ok(Target { remote, is_new: false });
        }
        let remote = self.create(api, &batch.run, started, experiment).await?;
        adopt(api, &batch.run, &remote).await?;
        Ok(Target { remote, is_new: true })
    }

    /// A run that another subject refers to, looked for in this experiment first. `None` when the server has none.
    pub(crate) async fn known_run(
        &self,
        api: &Api,
        run: &RunId,
        experiment: Option<&str>,
    ) -> Result<Option<RemoteRun>> {
        if let Some(known) = self.runs.get(run) {
            return Ok(Some(known));
        }
        let near = experiment.map(|id| vec![id.to_owned()]).unwrap_or_default();
        let mut found = find(api, run, &near).await?;
        if found.is_none() {
            found = find(api, run, &self.experiments(api).await?).await?;
        }
        if let Some(remote) = &found {
            self.runs.insert(run, remote);
        }
        Ok(found)
    }

    async fn create(&self, api: &Api, run: &RunId, started: &RunStarted, experiment_id: String) -> Result<RemoteRun> {
        let mut tags = vec![wire_tag(tag::RUN, run.as_str())];
        for own in &started.tags {
            tags.extend(self.tags(api, own, &experiment_id).await?);
        }
        let create = CreateRun {
            experiment_id: Some(experiment_id),
            user_id: Some(started.user.clone()),
            run_name: Some(started.name.clone()),
            start_time: Some(Int(started.started_at.millis())),
            tags: Some(tags),
        };
        let RunFound { run } = api.post("runs/create", &create).await?;
        Ok(run.into())
    }

    /// What becomes of a tag of the source: nothing of one that is called like ours, and two of one that names the run
    /// above. MLflow's own then holds that run's id at the server, or is left out until that run comes.
    pub(crate) async fn tags(&self, api: &Api, own: &Tag, experiment: &str) -> Result<Vec<wire::Tag>> {
        let key = own.key.as_str();
        if tag::is_ours(key) {
            return Ok(Vec::new());
        }
        let parent = RunId::parse(&own.value).ok().filter(|_| key == tag::MLFLOW_PARENT);
        let Some(parent) = parent else { return Ok(vec![wire_tag(key, &own.value)]) };
        let mut tags = vec![wire_tag(tag::PARENT, parent.as_str())];
        if let Some(remote) = self.known_run(api, &parent, Some(experiment)).await? {
            tags.push(wire_tag(key, &remote.run_id));
        }
        Ok(tags)
    }
}

/// Names a new run to the runs below it that came before it, as happens when dead letters are retried.
async fn adopt(api: &Api, run: &RunId, remote: &RemoteRun) -> Result<()> {
    let experiments = [remote.experiment_id.clone()];
    let mut page_token = None;
    loop {
        let found = search(api, tag::filter(tag::PARENT, run.as_str()), &experiments, page_token).await?;
        for child in found.runs {
            let set = wire::RunTag {
                run_id: Some(child.info.run_id),
                key: Some(tag::MLFLOW_PARENT.into()),
                value: Some(remote.run_id.clone()),
                ..wire::RunTag::default()
            };
            match api.post::<Nothing>("runs/set-tag", &set).await {
                // One in the bin stays as it is.
                Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::NotFound) => {}
                set => drop(set?),
            }
        }
        page_token = found.next_page_token;
        if page_token.is_none() {
            return Ok(());
        }
    }
}

/// Of several runs with the same tag, which only a server that was very slow can have, always the same one.
async fn find(api: &Api, run: &RunId, experiments: &[String]) -> Result<Option<RemoteRun>> {
    for experiments in experiments.chunks(MAX_EXPERIMENTS) {
        let found = search(api, tag::filter(tag::RUN, run.as_str()), experiments, None).await?;
        if let Some(first) = found.runs.into_iter().min_by(|a, b| a.info.run_id.cmp(&b.info.run_id)) {
            return Ok(Some(first.into()));
        }
    }
    Ok(None)
}

async fn search(api: &Api, filter: String, experiments: &[String], page_token: Option<String>) -> Result<RunsFound> {
    let search = SearchRuns {
        experiment_ids: Some(experiments.to_vec()),
        filter: Some(filter),
        run_view_type: Some(Choice::Name("ALL".to_owned())),
        max_results: Some(Int(PAGE)),
        order_by: None,
        page_token,
    };
    api.post("runs/search", &search).await
}

pub(crate) fn wire_tag(key: &str, value: &str) -> wire::Tag {
    wire::Tag { key: Some(key.into()), value: Some(value.to_owned()) }
}

impl From<wire::Run> for RemoteRun {
    fn from(run: wire::Run) -> Self {
        Self { run_id: run.info.run_id, experiment_id: run.info.experiment_id, artifact_uri: run.info.artifact_uri }
    }
}
