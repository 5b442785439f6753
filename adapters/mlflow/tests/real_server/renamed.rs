//! Registered models have one name on the whole server. Here each test's have a prefix.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use serde_json::Value;
use trackside_adapter_mlflow::MlflowTracker;
use trackside_core::{
    Batch, Capability, Delivered, Key, RegisteredModelChange, RegistryEvent, Result, TrackerInterface,
};

/// Ids of logged models at the server: no search finds those in the bin.
pub(crate) type ModelIds = Arc<Mutex<BTreeSet<String>>>;

/// A destination that puts a prefix before the names of registered models.
#[derive(Debug)]
pub(crate) struct Renamed {
    tracker: MlflowTracker,
    prefix: String,
    model_ids: ModelIds,
}

impl Renamed {
    pub(crate) fn new(tracker: MlflowTracker, prefix: String) -> Self {
        Self { tracker, prefix, model_ids: ModelIds::default() }
    }

    pub(crate) fn model_ids(&self) -> ModelIds {
        Arc::clone(&self.model_ids)
    }

    fn name(&self, name: &Key) -> Key {
        Key::new(format!("{}{name}", self.prefix)).unwrap()
    }

    fn batch(&self, batch: &Batch) -> Batch {
        let mut batch = batch.clone();
        if let Batch::RegisteredModel(batch) = &mut batch {
            batch.model = self.name(&batch.model);
            for event in &mut batch.events {
                match event {
                    RegistryEvent::Created(new) => new.name = self.name(&new.name),
                    RegistryEvent::Changed(RegisteredModelChange::Rename(to), _) => *to = self.name(to),
                    RegistryEvent::VersionCreated(_, new) => new.model = self.name(&new.model),
                    _ => {}
                }
            }
        }
        batch
    }
}

#[async_trait]
impl TrackerInterface for Renamed {
    fn name(&self) -> &str {
        self.tracker.name()
    }

    fn capability(&self) -> Capability {
        self.tracker.capability()
    }

    async fn probe(&self) -> Result<()> {
        self.tracker.probe().await
    }

    async fn deliver(&self, batch: &Batch, memory: Option<&str>) -> Result<Delivered> {
        let delivered = self.tracker.deliver(&self.batch(batch), memory).await?;
        if let (Batch::LoggedModel(_), Some(memory)) = (batch, &delivered.memory) {
            let memory: Value = serde_json::from_str(memory).unwrap();
            self.model_ids.lock().unwrap().insert(memory["model_id"].as_str().unwrap().to_owned());
        }
        Ok(delivered)
    }

    async fn flush(&self) -> Result<()> {
        self.tracker.flush().await
    }
}
