use bytes::Bytes;
use futures_util::stream;
use trackside_core::{ArtifactPath, Event, Param, Result, Run, RunStatus, RunUpdate, Tag, Timestamp};

use crate::{RunRequest, Service};

/// A run that is over when it is told of.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptRunRequest {
    /// The run; `started_at` only counts with `has_start`.
    pub run: RunRequest,
    /// Whether it began before now.
    pub has_start: bool,
    /// Params; no key twice.
    pub params: Vec<Param>,
    /// Further tags.
    pub tags: Vec<Tag>,
    /// A file of it.
    pub file: (ArtifactPath, Bytes),
}

impl Service {
    /// Creates a run with all that belongs to it, and ends it. When its file cannot be stored the run has failed.
    pub async fn record_prompt_run(&self, request: PromptRunRequest) -> Result<Run> {
        let PromptRunRequest { mut run, has_start, params, tags, file: (path, bytes) } = request;
        if !has_start {
            run.started_at = self.parts.clock.now();
        }
        let id = self.create_run(run).await?.info.id;
        self.append(&id, vec![Event::Params(params), Event::Tags(tags)]).await?;
        let stored = self.put_run_artifact(&id, &path, stream::iter([Ok(bytes)])).await;
        let status = if stored.is_ok() { RunStatus::Finished } else { RunStatus::Failed };
        let ended_at: Timestamp = self.parts.clock.now();
        let end = RunUpdate { status: Some(status), ended_at: Some(ended_at), name: None };
        self.append(&id, vec![Event::Updated(end)]).await?;
        self.run(&id).await
    }
}
