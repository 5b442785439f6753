//! Any [`Store`] as a destination: a copy of the system of record, without the bytes of artifacts.
//!
//! Redelivery is harmless: ids and version numbers are the source's, points and params carry their identity, tags are
//! upserts, and what a repeated event finds done already is passed over. So nothing needs to be remembered.

mod logged_model;
mod registered_model;
mod run;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    ArtifactLocation, Batch, Capability, Clock, Delivered, Error, ErrorKind, Experiment, ExperimentId, Key,
    NewExperiment, Result, Store, TrackerInterface,
};

/// Writes delivered events into a store.
#[derive(Debug)]
pub struct StoreTracker {
    name: String,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    artifact_root: String,
}

impl StoreTracker {
    /// A destination of that name; experiments it creates keep artifacts under `artifact_root`.
    pub fn new(
        name: impl Into<String>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        artifact_root: impl Into<String>,
    ) -> Self {
        Self { name: name.into(), store, clock, artifact_root: artifact_root.into() }
    }

    /// The experiment of that name, created where it is absent.
    async fn experiment(&self, name: &Key) -> Result<Experiment> {
        if let Some(found) = self.store.experiment_by_name(name.as_str()).await? {
            return Ok(found);
        }
        let new = NewExperiment {
            name: name.clone(),
            artifact_location: ArtifactLocation::Under(self.artifact_root.clone()),
            created_at: self.clock.now(),
            tags: Vec::new(),
        };
        match self.store.create_experiment(new).await {
            // Another subject of the same experiment was faster.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let found = self.store.experiment_by_name(name.as_str()).await?;
                found.ok_or_else(|| Error::conflict(format!("experiment {name} vanished")))
            }
            created => created,
        }
    }
}

#[async_trait]
impl TrackerInterface for StoreTracker {
    fn name(&self) -> &str {
        &self.name
    }

    fn capability(&self) -> Capability {
        // A copy is one file; who wants the bytes as well copies the artifact root.
        Capability { artifacts: false, ..Capability::ALL }
    }

    async fn probe(&self) -> Result<()> {
        self.store.experiment(ExperimentId::DEFAULT).await.map(drop)
    }

    async fn deliver(&self, batch: &Batch, _memory: Option<&str>) -> Result<Delivered> {
        match batch {
            Batch::Run(batch) => self.deliver_run(batch).await,
            Batch::LoggedModel(batch) => self.deliver_logged_model(batch).await.map(|()| Delivered::default()),
            Batch::RegisteredModel(batch) => self.deliver_registered_model(batch).await.map(|()| Delivered::default()),
        }
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }
}

/// Success also when the call failed in this one way.
fn unless(kind: ErrorKind, result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == kind => Ok(()),
        other => other,
    }
}
