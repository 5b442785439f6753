//! One destination from its configuration. What a type needs is in the file of its name.

use std::sync::Arc;

use trackside_adapter_sqlite::SqliteStore;
use trackside_core::{ArtifactSource, Clock, Result, Store, TrackerInterface};
use trackside_fanout::Sink;

use crate::{
    config::sink::{Destination, SinkConfig},
    sinks::{exec, mlflow, notify, sqlite, tensorboard, wandb},
};

/// What destinations are built with.
#[derive(Debug, Clone)]
pub(crate) struct Builder {
    /// Where they read artifacts.
    pub(crate) artifacts: Arc<dyn ArtifactSource>,
    /// Where those who tell of something find out more.
    pub(crate) store: Arc<dyn Store>,
    /// The present instant.
    pub(crate) clock: Arc<dyn Clock>,
    /// Where people reach the pages of the server, if anybody has said so.
    pub(crate) public_url: Option<String>,
}

/// A destination, ready to be delivered to.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) sink: Sink,
    /// A copy that must be closed when the sink ends, so that it is one file.
    pub(crate) copy: Option<SqliteStore>,
}

impl Builder {
    /// Builds one. Connects to no peer; opens the file of a copy, which blocks on the disk.
    pub(crate) fn build(&self, config: &SinkConfig) -> Result<Built> {
        let name = config.name.as_str();
        let mut copy = None;
        let (type_name, tracker): (_, Arc<dyn TrackerInterface>) = match &config.destination {
            Destination::Mlflow(mlflow) => ("mlflow", Arc::new(mlflow::build(self, name, mlflow, &config.policy)?)),
            Destination::Wandb(wandb) => ("wandb", Arc::new(wandb::build(self, name, wandb, &config.policy)?)),
            Destination::TensorBoard(tensorboard) => {
                ("tensorboard", Arc::new(tensorboard::build(self, name, tensorboard)))
            }
            Destination::Sqlite(sqlite) => {
                let (tracker, store) = sqlite::build(self, name, sqlite)?;
                copy = Some(store);
                ("sqlite", Arc::new(tracker))
            }
            Destination::Exec(exec) => ("exec", Arc::new(exec::build(name, exec))),
            Destination::Notify(told) => {
                (notify::type_name(told), Arc::new(notify::build(self, name, told, &config.policy)?))
            }
        };
        Ok(Built { sink: Sink { type_name, tracker, policy: config.policy.clone() }, copy })
    }
}
