//! Any [`Store`] as a destination.
//!
//! Redelivery is harmless: the run id is the source's, points and params carry their identity, tags are
//! upserts, and what a repeated event finds done already is skipped.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    ArtifactLocation, Capability, Clock, Error, ErrorKind, Event, ExperimentId, Key, NewExperiment, NewRun, Result,
    RunBatch, RunId, RunStarted, Store, TrackerInterface,
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

    async fn start(&self, id: &RunId, started: &RunStarted) -> Result<()> {
        let (experiment, location) = self.experiment(&started.experiment).await?;
        let new = NewRun {
            id: id.clone(),
            experiment,
            name: started.name.clone(),
            user: started.user.clone(),
            started_at: started.started_at,
            artifact_uri: format!("{location}/{id}/artifacts"),
            tags: started.tags.clone(),
        };
        unless(ErrorKind::AlreadyExists, self.store.create_run(new).await.map(drop))
    }

    /// Appends to a run that a delivery cut short, or come again, may have put in the bin already.
    async fn append(&self, run: &RunId, events: &[Event]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let events = std::iter::once(Event::Restored).chain(events.iter().cloned()).collect();
        self.store.append(run, events).await
    }

    async fn experiment(&self, name: &Key) -> Result<(ExperimentId, String)> {
        let new = NewExperiment {
            name: name.clone(),
            artifact_location: ArtifactLocation::Under(self.artifact_root.clone()),
            created_at: self.clock.now(),
            tags: Vec::new(),
        };
        let found = match self.store.experiment_by_name(name.as_str()).await? {
            Some(found) => found,
            None => match self.store.create_experiment(new).await {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => self
                    .store
                    .experiment_by_name(name.as_str())
                    .await?
                    .ok_or_else(|| Error::conflict(format!("experiment {name} vanished")))?,
                other => other?,
            },
        };
        Ok((found.id, found.artifact_location))
    }
}

#[async_trait]
impl TrackerInterface for StoreTracker {
    fn name(&self) -> &str {
        &self.name
    }

    fn capability(&self) -> Capability {
        Capability::ALL
    }

    async fn probe(&self) -> Result<()> {
        self.store.experiment(ExperimentId::DEFAULT).await.map(drop)
    }

    async fn deliver(&self, batch: &RunBatch) -> Result<()> {
        if let Some(started) = &batch.started {
            self.start(&batch.run, started).await?;
        }
        // A removal may find the tag gone, so it is a transaction of its own; all else goes in one.
        for events in batch.events.split_inclusive(|event| matches!(event, Event::TagDeleted(_))) {
            match events.split_last() {
                Some((removal @ Event::TagDeleted(_), rest)) => {
                    self.append(&batch.run, rest).await?;
                    let known = self.store.run(&batch.run).await?.is_some();
                    let removed = self.append(&batch.run, std::slice::from_ref(removal)).await;
                    if known { unless(ErrorKind::NotFound, removed)? } else { removed? }
                }
                _ => self.append(&batch.run, events).await?,
            }
        }
        Ok(())
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
