//! What happens to a run, in turn.

use trackside_core::{
    DatasetInput, Error, ErrorKind, Event, Key, Kind, MetricPoint, Param, Result, RunId, RunStatus, RunUpdate, Withheld,
};
use trackside_mlflow_wire::{self as wire, Choice, Int, LogInputs, Metric, RunById, RunFound, UpdateRun};

use crate::{
    api::{Api, Nothing},
    history,
    log_batch::Gathered,
    memory::RemoteRun,
    run::wire_tag,
    tag,
    tracker::MlflowTracker,
};

/// Tags that begin so say what a param has become.
const REPLACED: &str = "trackside.param.";

/// Brings events to a run.
pub(crate) struct Writer<'a> {
    pub(crate) tracker: &'a MlflowTracker,
    pub(crate) api: &'a Api,
    pub(crate) run: &'a RunId,
    pub(crate) remote: &'a RemoteRun,
    pub(crate) withheld: Withheld,
    gathered: Gathered,
    /// Whether the run was taken out of the bin for the sake of a write.
    is_lifted: bool,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(tracker: &'a MlflowTracker, api: &'a Api, run: &'a RunId, remote: &'a RemoteRun) -> Self {
        Self {
            tracker,
            api,
            run,
            remote,
            withheld: Withheld::default(),
            gathered: Gathered::default(),
            is_lifted: false,
        }
    }

    /// Brings events in turn. Params, points and tags wait for each other, up to the next event of another kind.
    pub(crate) async fn write(&mut self, events: &[&Event]) -> Result<()> {
        let written = self.each(events).await;
        // Also after a failure: the next try would not know that the run was in the bin.
        let put_back = self.put_back().await;
        written.and(put_back)
    }

    async fn each(&mut self, events: &[&Event]) -> Result<()> {
        for event in events {
            match event {
                Event::Params(_) | Event::Points(_) | Event::Tags(_) => self.gather(event).await?,
                _ => {
                    self.flush().await?;
                    self.change(event).await?;
                }
            }
        }
        self.flush().await
    }

    async fn gather(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Params(params) => {
                for param in params {
                    self.gathered.param(wire_tag(param.key.as_str(), &param.value));
                }
            }
            Event::Points(points) => {
                for point in points {
                    let metric = self.metric(point).await?;
                    self.gathered.metric(metric);
                }
            }
            Event::Tags(tags) => {
                for own in tags {
                    let tags = self.tracker.tags(self.api, own, &self.remote.experiment_id).await?;
                    if tags.is_empty() {
                        self.withheld.add(Kind::Tags, 1);
                    }
                    for tag in tags {
                        self.gathered.tag(tag);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn change(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Params(_) | Event::Points(_) | Event::Tags(_) | Event::Document(_) | Event::Lines(_) => Ok(()),
            Event::ParamsReplaced(params) => self.replace_params(params).await,
            // Its end stays: MLflow's API takes none away.
            Event::Resumed => {
                self.update(&RunUpdate { status: Some(RunStatus::Running), ..RunUpdate::default() }).await
            }
            Event::TagDeleted(key) => self.delete_tag(key).await,
            Event::DatasetInputs(inputs) => self.datasets(inputs).await,
            Event::ModelInputs(models) => self.model_inputs(models).await,
            Event::ModelOutputs(outputs) => self.model_outputs(outputs).await,
            Event::Updated(update) => self.update(update).await,
            Event::Deleted(_) => self.set_lifecycle("runs/delete").await,
            Event::Restored => self.set_lifecycle("runs/restore").await,
            Event::ArtifactStored(entry) => self.store(&entry.path).await,
            Event::ArtifactDeleted(path) => self.remove(path).await,
        }
    }

    /// Sends what waits.
    async fn flush(&mut self) -> Result<()> {
        for request in std::mem::take(&mut self.gathered).requests(&self.remote.run_id) {
            match self.post("runs/log-batch", &request).await {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    let rest = history::without_known_points(self.api, request).await?;
                    self.post("runs/log-batch", &rest).await?;
                }
                done => done?,
            }
        }
        Ok(())
    }

    /// Puts a run back into the bin that was taken out of it on the way.
    async fn put_back(&mut self) -> Result<()> {
        if self.is_lifted { self.set_lifecycle("runs/delete").await } else { Ok(()) }
    }

    /// Makes a request that needs an active run. One in the bin is taken out for it: a former try of this batch, or
    /// somebody at the server, has put it there.
    pub(crate) async fn post(&mut self, path: &str, body: &(impl serde::Serialize + Sync)) -> Result<()> {
        match self.api.post::<Nothing>(path, body).await {
            Err(error) if error.kind() == ErrorKind::Conflict => {
                self.set_lifecycle("runs/restore").await?;
                self.is_lifted = true;
                self.api.post::<Nothing>(path, body).await.map(drop)
            }
            done => done.map(drop),
        }
    }

    async fn set_lifecycle(&mut self, path: &str) -> Result<()> {
        self.is_lifted = false;
        let run = RunById { run_id: Some(self.remote.run_id.clone()), ..RunById::default() };
        self.api.post::<Nothing>(path, &run).await.map(drop)
    }

    /// A point that names a logged model which the server cannot have goes without that name.
    async fn metric(&mut self, point: &MetricPoint) -> Result<Metric> {
        let mut metric = Metric::from(point);
        if let Some(model) = point.subject.as_ref().and_then(|subject| subject.model.as_ref()) {
            let remote = self.tracker.known_model(self.api, model, &self.remote.experiment_id).await;
            metric.model_id = self.unless_unsupported(Kind::LoggedModels, 1, remote)?.map(|model| model.model_id);
        }
        Ok(metric)
    }

    async fn update(&mut self, update: &RunUpdate) -> Result<()> {
        let request = UpdateRun {
            run_id: Some(self.remote.run_id.clone()),
            status: update.status.map(|status| Choice::Name(status.as_str().to_owned())),
            end_time: update.ended_at.map(|at| Int(at.millis())),
            run_name: update.name.clone(),
            ..UpdateRun::default()
        };
        self.post("runs/update", &request).await
    }

    /// MLflow writes params once. A key that has another value keeps it, and a tag says the new one.
    async fn replace_params(&mut self, params: &[Param]) -> Result<()> {
        let known = self.found().await?.data.params;
        for param in params {
            let new = wire_tag(param.key.as_str(), &param.value);
            match known.iter().find(|known| known.key == new.key) {
                None => self.gathered.param(new),
                Some(known) if known.value == new.value => {}
                Some(_) => self.gathered.tag(wire_tag(&format!("{REPLACED}{}", param.key), &param.value)),
            }
        }
        self.flush().await
    }

    async fn delete_tag(&mut self, key: &Key) -> Result<()> {
        let ours = (key.as_str() == tag::MLFLOW_PARENT).then_some(tag::PARENT);
        let key = (!tag::is_ours(key.as_str())).then_some(key.as_str());
        for key in key.into_iter().chain(ours) {
            let request = wire::RunTag {
                run_id: Some(self.remote.run_id.clone()),
                key: Some(key.into()),
                ..wire::RunTag::default()
            };
            match self.post("runs/delete-tag", &request).await {
                // It is gone already, unless the run is.
                Err(error) if error.kind() == ErrorKind::NotFound => drop(self.found().await?),
                done => done?,
            }
        }
        Ok(())
    }

    pub(crate) async fn found(&self) -> Result<wire::Run> {
        let RunFound { run } = self.api.get("runs/get", &[("run_id", &self.remote.run_id)]).await?;
        Ok(run)
    }

    async fn datasets(&mut self, inputs: &[DatasetInput]) -> Result<()> {
        // One each: schema and profile of a single one may be megabytes.
        for input in inputs {
            let request = LogInputs {
                run_id: Some(self.remote.run_id.clone()),
                datasets: Some(vec![input.clone().into()]),
                ..LogInputs::default()
            };
            let done = self.post("runs/log-inputs", &request).await;
            self.unless_unsupported(Kind::Datasets, 1, done)?;
        }
        Ok(())
    }

    /// Counts as withheld what a server of this version has no place for.
    pub(crate) fn unless_unsupported<T>(&mut self, kind: Kind, n: u64, done: Result<T>) -> Result<Option<T>> {
        match done {
            Err(error) if is_unsupported(&error) => {
                self.withheld.add(kind, n);
                Ok(None)
            }
            done => done.map(Some),
        }
    }
}

/// Whether a server of this version cannot do it.
pub(crate) fn is_unsupported(error: &Error) -> bool {
    error.kind() == ErrorKind::Unsupported
}
