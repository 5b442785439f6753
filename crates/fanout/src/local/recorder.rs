use std::{sync::Arc, time::Duration};

use trackside_core::{
    ArtifactLocation, Batch, Clock, Error, ErrorKind, Event, ExperimentId, IdSource, Key, NewExperiment, NewRun,
    Result, RunBatch, RunId, RunStarted, Seq, Store, Tag, Timestamp,
};

use super::ActiveRun;
use crate::{Fanout, MemoryLog};

/// Where events are written first.
#[derive(Debug, Clone)]
pub(super) enum Journal {
    Store(Arc<dyn Store>),
    Memory(Arc<MemoryLog>),
}

/// Starts runs that are mirrored to every destination. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder {
    fanout: Fanout,
    journal: Journal,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Recorder {
    pub(super) fn new(fanout: Fanout, journal: Journal, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { fanout, journal, clock, ids }
    }

    /// Starts a run in the experiment of that name, which is created where it is absent.
    pub async fn start_run(&self, experiment: &str, name: &str) -> Result<ActiveRun> {
        self.start_run_with_tags(experiment, name, &[]).await
    }

    /// As [`Self::start_run`], with first tags. `Invalid` when a key is given twice.
    pub async fn start_run_with_tags(&self, experiment: &str, name: &str, tags: &[(&str, &str)]) -> Result<ActiveRun> {
        let run = RunId::fresh(self.ids.fresh()?);
        let started = RunStarted {
            experiment: Key::new(experiment)?,
            name: name.to_owned(),
            user: std::env::var("USER").unwrap_or_default(),
            started_at: self.now(),
            tags: tags.iter().map(|(key, value)| Tag::new(*key, *value)).collect::<Result<_>>()?,
        };
        match &self.journal {
            Journal::Store(store) => self.create(store.as_ref(), &run, started).await?,
            Journal::Memory(log) => {
                let batch = RunBatch { run: run.clone(), started: Some(started), events: vec![], last: Seq(0) };
                log.append(Batch::Run(batch), self.now())?;
            }
        }
        Ok(ActiveRun::new(self.clone(), run))
    }

    /// What a user may ask of the destinations: how they stand, dead letters, pausing.
    pub fn fanout(&self) -> &Fanout {
        &self.fanout
    }

    /// Lets the destinations catch up until the deadline and stops. Those that fail are not waited for.
    pub async fn close(self, deadline: Duration) {
        self.fanout.close(deadline).await;
    }

    pub(super) async fn append(&self, run: &RunId, events: Vec<Event>) -> Result<()> {
        match &self.journal {
            Journal::Store(store) => store.append(run, events).await,
            Journal::Memory(log) => {
                let batch = RunBatch { run: run.clone(), started: None, events, last: Seq(0) };
                log.append(Batch::Run(batch), self.now()).map(drop)
            }
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn create(&self, store: &dyn Store, run: &RunId, started: RunStarted) -> Result<()> {
        let experiment = self.experiment(store, &started.experiment).await?;
        let new = NewRun {
            id: run.clone(),
            experiment,
            name: started.name,
            user: started.user,
            started_at: started.started_at,
            artifact_uri: format!("mlflow-artifacts:/{experiment}/{run}/artifacts"),
            tags: started.tags,
        };
        store.create_run(new).await.map(drop)
    }

    async fn experiment(&self, store: &dyn Store, name: &Key) -> Result<ExperimentId> {
        if let Some(found) = store.experiment_by_name(name.as_str()).await? {
            return Ok(found.id);
        }
        let new = NewExperiment {
            name: name.clone(),
            artifact_location: ArtifactLocation::Under("mlflow-artifacts:".to_owned()),
            created_at: self.now(),
            tags: Vec::new(),
        };
        match store.create_experiment(new).await {
            Ok(created) => Ok(created.id),
            // Another run was faster.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let found = store.experiment_by_name(name.as_str()).await?;
                found.map(|found| found.id).ok_or_else(|| Error::conflict(format!("experiment {name} vanished")))
            }
            Err(error) => Err(error),
        }
    }
}
