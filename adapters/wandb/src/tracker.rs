//! The destination itself.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use trackside_core::{
    ArtifactSource, Batch, Capability, Clock, Delivered, Error, ErrorKind, Result, RunBatch, Subject, TrackerInterface,
};

use crate::{Config, Mode, change::Change, memory::Memory, offline::Directories, online::Server};

/// A server counts a run as crashed that it has not heard of for minutes; the client says something every 30 s.
const HEARTBEAT: Duration = Duration::from_secs(30);

const CAPABILITY: Capability = Capability {
    params: true,
    points: true,
    tags: true,
    datasets: true,
    artifacts: true,
    model_links: false,
    deletion: false,
    logged_models: false,
    registry: false,
};

/// Mirrors runs into W&B.
#[derive(Debug)]
pub struct WandbTracker {
    name: String,
    peer: Peer,
}

#[derive(Debug)]
enum Peer {
    Online(Box<Server>),
    Offline(Directories),
}

impl WandbTracker {
    /// `Invalid` for an address or certificates that cannot be used. Connects to nothing and makes no directory.
    pub fn new(config: Config, artifacts: Arc<dyn ArtifactSource>, clock: Arc<dyn Clock>) -> Result<Self> {
        let Config { name, mode, entity, project } = config;
        let peer = match mode {
            Mode::Online { base_url, api_key, timeout, ca_file } => {
                let client = crate::online::Client::new(&base_url, api_key, timeout, ca_file, clock)?;
                Peer::Online(Box::new(Server { client, artifacts, entity, project }))
            }
            Mode::Offline { directory } => Peer::Offline(Directories::new(directory, artifacts, entity, project)),
        };
        Ok(Self { name, peer })
    }
}

#[async_trait]
impl TrackerInterface for WandbTracker {
    fn name(&self) -> &str {
        &self.name
    }

    fn capability(&self) -> Capability {
        CAPABILITY
    }

    async fn probe(&self) -> Result<()> {
        match &self.peer {
            Peer::Online(server) => server.client.probe().await,
            Peer::Offline(directories) => directories.probe().await,
        }
    }

    async fn deliver(&self, batch: &Batch, memory: Option<&str>) -> Result<Delivered> {
        let batch = supported(batch)?;
        let memory = memory.map(Memory::parse).transpose()?;
        if memory.is_none() && batch.started.is_none() {
            let message = format!("run {} is not known at {}", batch.run, self.name);
            return Err(Error::not_found(message));
        }
        let change = Change::of(batch);
        let memory = match &self.peer {
            Peer::Online(server) => server.deliver(&batch.run, &change, memory).await?,
            Peer::Offline(directories) => directories.deliver(&batch.run, &change, memory).await?,
        };
        Ok(Delivered {
            memory: Some(memory.to_text()?),
            withheld: change.withheld,
            keep_alive: matches!(self.peer, Peer::Online(_)) && memory.exit_code.is_none(),
        })
    }

    async fn flush(&self) -> Result<()> {
        match &self.peer {
            // The server has what it has answered for.
            Peer::Online(_) => Ok(()),
            Peer::Offline(directories) => directories.flush().await,
        }
    }

    fn keep_alive_interval(&self) -> Option<Duration> {
        matches!(self.peer, Peer::Online(_)).then_some(HEARTBEAT)
    }

    async fn keep_alive(&self, subject: &Subject, memory: Option<&str>, quiet: Duration) -> Result<Option<String>> {
        let (Peer::Online(server), Subject::Run(run), Some(memory)) = (&self.peer, subject, memory) else {
            return Ok(None);
        };
        let memory = server.keep_alive(run, Memory::parse(memory)?, quiet).await?;
        memory.as_ref().map(Memory::to_text).transpose()
    }
}

/// The batch, if it is of a run and holds nothing that the capability lacks.
fn supported(batch: &Batch) -> Result<&RunBatch> {
    match batch {
        Batch::Run(run) if run.events.iter().all(|event| CAPABILITY.allows(event)) => Ok(run),
        other => {
            Err(Error::new(ErrorKind::Unsupported, format!("{} holds what W&B has no place for", other.subject())))
        }
    }
}
