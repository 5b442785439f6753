//! The destination: which subject goes where.

use std::sync::Arc;

use async_trait::async_trait;
use trackside_core::{
    ArtifactSource, Batch, Capability, Clock, Delivered, Error, ErrorKind, Event, Kind, LoggedModelId, Result,
    RunBatch, RunId, RunUpdate, TrackerInterface,
};
use trackside_http_client::Client;

use crate::{
    Config,
    api::Api,
    events::Writer,
    experiment,
    lane::{Lane, Lanes},
    memory::{Known, RemoteModel, RemoteRun, memory_of, recall},
    refusal,
    run::Target,
    tag,
};

/// A running MLflow server as a destination.
#[derive(Debug)]
pub struct MlflowTracker {
    name: String,
    client: Client,
    capability: Capability,
    lanes: Lanes,
    pub(crate) artifacts: Arc<dyn ArtifactSource>,
    pub(crate) experiment_prefix: String,
    pub(crate) runs: Known<RunId, RemoteRun>,
    pub(crate) models: Known<LoggedModelId, RemoteModel>,
}

impl MlflowTracker {
    /// A destination that reads artifacts there. `Invalid` when the settings cannot be right; connects to nothing.
    pub fn new(config: Config, artifacts: Arc<dyn ArtifactSource>, clock: Arc<dyn Clock>) -> Result<Self> {
        Ok(Self {
            client: Client::new(&config.url, &config.http, clock)?.reading_errors(refusal::read),
            name: config.name,
            capability: Capability { artifacts: config.artifacts, ..Capability::ALL },
            lanes: Lanes::default(),
            artifacts,
            experiment_prefix: config.experiment_prefix.unwrap_or_default(),
            runs: Known::default(),
            models: Known::default(),
        })
    }

    async fn run(&self, api: &Api, batch: &RunBatch, memory: Option<&str>) -> Result<Delivered> {
        let target = match recall(memory) {
            Some(remote) => Target { remote, is_new: false },
            None => self.target(api, batch).await?,
        };
        self.runs.insert(&batch.run, &target.remote);
        let mut writer = Writer::new(self, api, &batch.run, &target.remote);
        let mut again = Vec::new();
        if let Some(started) = &batch.started {
            if target.is_new {
                let n_ours = started.tags.iter().filter(|own| tag::is_ours(own.key.as_str())).count();
                writer.withheld.add(Kind::Tags, n_ours as u64);
            } else {
                // It was there: perhaps from long ago, with another name and fewer tags.
                again.push(Event::Tags(started.tags.clone()));
                again.push(Event::Updated(RunUpdate { name: Some(started.name.clone()), ..RunUpdate::default() }));
            }
        }
        writer.write(&again.iter().chain(&batch.events).collect::<Vec<_>>()).await?;
        let withheld = writer.withheld;
        Ok(Delivered { memory: memory_of(&target.remote), withheld, ..Delivered::default() })
    }

    fn refuse_unsupported(&self, batch: &Batch) -> Result<()> {
        let Batch::Run(batch) = batch else { return Ok(()) };
        match batch.events.iter().find(|event| !self.capability.allows(event)) {
            Some(event) => Err(Error::new(
                ErrorKind::Unsupported,
                format!("{} is set up to leave out {:?}", self.name, event.kind()),
            )),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl TrackerInterface for MlflowTracker {
    fn name(&self) -> &str {
        &self.name
    }

    fn capability(&self) -> Capability {
        self.capability
    }

    async fn probe(&self) -> Result<()> {
        experiment::page(&Api::new(self.client.clone(), Lane::default()), 1, None).await.map(drop)
    }

    async fn deliver(&self, batch: &Batch, memory: Option<&str>) -> Result<Delivered> {
        self.refuse_unsupported(batch)?;
        let subject = batch.subject();
        let api = Api::new(self.client.clone(), self.lanes.enter(subject.clone()));
        let delivered = match batch {
            Batch::Run(batch) => self.run(&api, batch, memory).await,
            Batch::LoggedModel(batch) => self.logged_model(&api, batch, memory).await,
            Batch::RegisteredModel(batch) => self.registered_model(&api, batch).await,
        };
        self.lanes.leave(&subject);
        delivered
    }

    /// Every call is answered once the server has committed.
    async fn flush(&self) -> Result<()> {
        Ok(())
    }
}
