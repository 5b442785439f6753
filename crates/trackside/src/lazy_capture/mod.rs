//! Records how runs came to be that a plain client of this machine makes, as `trackside run` would.
//!
//! Beside the server: news of runs come over a bounded queue, one run is looked at after the other, and each process once.
//! What is recorded is said over HTTP, as by any client. What is missed is missed: nothing waits for it.

mod client;
mod look;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(not(target_os = "linux"))]
mod processes {
    //! Elsewhere no process is found.
    pub(super) const fn find(_: u16, _: &str) -> Option<super::client::Client> {
        None
    }
}

use std::collections::VecDeque;

use tokio::{sync::mpsc, task::spawn_blocking};
use trackside_core::{Clock, RunId, SystemClock};
use trackside_evidence::{Dimension, Gap, Instant};
use trackside_service::News;
use trackside_tracking::Server;

use self::{client::Client, look::Seen};
use crate::recording::{CAPTURED_BY, INVOCATION, Manifests, pairs, record, tell_end, tell_inputs};

/// News that may wait.
pub(crate) const QUEUE: usize = 256;
/// Processes that are remembered, with what was seen.
const REMEMBERED: usize = 32;
/// The value of [`CAPTURED_BY`].
const SERVER: &str = "server";

/// Looks at clients.
#[derive(Debug)]
pub(crate) struct LazyCapture {
    news: mpsc::Receiver<News>,
    server: Server,
    port: u16,
    /// The latest last. `None` for what is not to be recorded.
    seen: VecDeque<((i32, u64), Option<Seen>)>,
}

impl LazyCapture {
    /// For the runs of this server, which listens on that port.
    pub(crate) fn new(news: mpsc::Receiver<News>, server: Server, port: u16) -> Self {
        Self { news, server, port, seen: VecDeque::new() }
    }

    /// Until the server ends.
    pub(crate) async fn run(mut self) {
        while let Some(news) = self.news.recv().await {
            let outcome = match &news {
                News::Began(id) => self.begin(id).await,
                News::Ended(id) => self.end(id).await,
            };
            if let Err(error) = outcome {
                tracing::debug!(?news, error = format!("{error:#}"), "a run is not told of its inputs");
            }
        }
    }

    async fn begin(&mut self, id: &RunId) -> anyhow::Result<()> {
        let run = self.server.run(id.as_str()).await?;
        let tags = pairs(&run.data.tags);
        let is_local = tags.get("mlflow.source.type").is_some_and(|kind| kind == "LOCAL");
        let Some(program) = tags.get("mlflow.source.name").filter(|_| is_local && !tags.contains_key(INVOCATION))
        else {
            return Ok(());
        };
        let (port, program) = (self.port, program.clone());
        let Some(client) = spawn_blocking(move || processes::find(port, &program)).await? else { return Ok(()) };
        let Some(seen) = self.look(client).await? else { return Ok(()) };
        tell_inputs(&self.server, &run.info, seen.record, &seen.manifests).await?;
        Ok(self.server.tag(id.as_str(), &[(CAPTURED_BY.to_owned(), SERVER.to_owned())]).await?)
    }

    /// What a process has loaded stays what it was, so each is looked at once.
    async fn look(&mut self, client: Client) -> anyhow::Result<Option<Seen>> {
        if let Some((_, seen)) = self.seen.iter().find(|(id, _)| *id == client.id) {
            return Ok(seen.clone());
        }
        let id = client.id;
        let seen = spawn_blocking(move || Seen::of(&client)).await?;
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back((id, seen.clone()));
        Ok(seen)
    }

    async fn end(&self, id: &RunId) -> anyhow::Result<()> {
        let run = self.server.run(id.as_str()).await?;
        if pairs(&run.data.tags).get(CAPTURED_BY).is_none_or(|by| by != SERVER) {
            return Ok(());
        }
        let Some((mut record, _)) = record(&self.server, &run.info).await? else { return Ok(()) };
        if let Some(execution) = record.execution.as_mut().filter(|execution| execution.ended_at.is_none()) {
            execution.ended_at = Some(Instant(SystemClock.now()));
            let why = "the server saw the run end, and nobody its process; `trackside run` would have";
            record.gaps.push(Gap::new(Dimension::Execution, "exit code", why));
            tell_end(&self.server, &run, record, &Manifests::new()).await?;
        }
        Ok(())
    }
}
