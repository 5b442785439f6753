//! Runs at a server.
//!
//! A batch becomes at most: one upsert of the run, uploads, and requests of the file stream, in this order, of which
//! the last says what was uploaded and, when the run has ended, that it has. Requests of one run follow each other.
//! The row of history that is still open is in none of them: what W&B does with a line that changes is not known.

mod client;
mod refusal;
mod requests;
mod upload;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use trackside_core::{ArtifactSource, Error, Result, RunId};
use trackside_wandb_wire::{
    config::Document,
    file_stream::FileStreamRequest,
    names,
    resume_status::RunResumeStatus,
    upsert_bucket::{Bucket, UpsertBucket},
};

pub(crate) use client::Client;

use crate::{
    change::{Change, Fields},
    line,
    memory::Memory,
    rows,
};

/// A server, and where in it runs go.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) client: Client,
    pub(crate) artifacts: Arc<dyn ArtifactSource>,
    pub(crate) entity: Option<String>,
    pub(crate) project: Option<String>,
}

/// A run at the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) entity: &'a str,
    pub(crate) project: &'a str,
    pub(crate) name: &'a str,
}

impl Server {
    /// Delivers a batch; the new memory. Without memory the batch begins the run.
    pub(crate) async fn deliver(&self, run: &RunId, change: &Change<'_>, memory: Option<Memory>) -> Result<Memory> {
        let name = names::run_id(run.as_str());
        let mut memory = match (memory, change.started) {
            (Some(memory), None) => {
                self.change(&name, change, &memory).await?;
                memory
            }
            (_, Some(started)) => {
                let bucket = self.begin(&name, change).await?;
                let mut memory = Memory::begin(bucket.project.name, started.started_at.millis());
                memory.entity = bucket.project.entity.name;
                memory
            }
            (None, None) => return Err(Error::internal("a run without memory does not begin")),
        };
        let was = memory.exit_code;
        memory.exit_code = change.exit_code(was);
        let rows = rows::take(&change.points, &mut memory);
        let place = Place { entity: &memory.entity, project: &memory.project, name: &name };
        let uploaded = upload::files(&self.client, self.artifacts.as_ref(), run, place, &change.files).await?;
        let summary = (!change.points.is_empty()).then(|| line::text(&line::summary(&memory)));
        let says_status = change.status.is_some() || memory.exit_code != was;
        if summary.is_some() || !rows.rows.is_empty() || !uploaded.is_empty() || says_status {
            self.stream(place, requests::of(&rows, summary, uploaded, &memory)).await?;
        }
        Ok(memory)
    }

    /// Says that the run goes on, of which nothing was delivered for so long; the new memory, if it changes.
    pub(crate) async fn keep_alive(&self, run: &RunId, mut memory: Memory, quiet: Duration) -> Result<Option<Memory>> {
        if memory.exit_code.is_some() {
            return Ok(None);
        }
        let settled = rows::settle(&mut memory, quiet);
        let changed = settled.is_some();
        let name = names::run_id(run.as_str());
        let place = Place { entity: &memory.entity, project: &memory.project, name: &name };
        self.stream(place, requests::of(&settled.unwrap_or_default(), None, vec![], &memory)).await?;
        Ok(changed.then_some(memory))
    }

    /// Sends requests, in parts where one is too large for the server: lines stay what they are, whereas halves of the
    /// batch could make other rows than a try of the whole whose answer was lost.
    async fn stream(&self, place: Place<'_>, requests: Vec<FileStreamRequest>) -> Result<()> {
        let mut requests = VecDeque::from(requests);
        while let Some(request) = requests.pop_front() {
            let Err(error) = self.client.stream(place, &request).await else { continue };
            let parts = if refusal::is_too_large(&error) { requests::halves(request) } else { None };
            let Some((first, second)) = parts else { return Err(error) };
            requests.push_front(second);
            requests.push_front(first);
        }
        Ok(())
    }

    /// Creates the run, or makes one that is there begin anew.
    async fn begin(&self, name: &str, change: &Change<'_>) -> Result<Bucket> {
        let experiment = change.started.map_or("", |started| started.experiment.as_str());
        let project = self.project.clone().unwrap_or_else(|| names::project(experiment));
        let mut document = Document::default();
        document.begin(line::STEP);
        change.apply(&mut document);
        let call = upsert(name, self.entity.clone(), project, change);
        self.client.upsert(&UpsertBucket { config: Some(document.to_text()), ..call }).await
    }

    /// Changes what is known of the run, if the batch asks for that.
    async fn change(&self, name: &str, change: &Change<'_>, memory: &Memory) -> Result<()> {
        let mut call = upsert(name, Some(memory.entity.clone()), memory.project.clone(), change);
        if change.touches_config() {
            let mut document = self.config(name, memory).await?;
            change.apply(&mut document);
            call.config = Some(document.to_text());
        } else if change.fields == Fields::default() {
            return Ok(());
        }
        self.client.upsert(&call).await.map(drop)
    }

    /// The config as the server has it, with what users changed there.
    async fn config(&self, name: &str, memory: &Memory) -> Result<Document> {
        let (project, entity) = (memory.project.clone(), Some(memory.entity.clone()));
        let call = RunResumeStatus { project, entity, name: name.to_owned() };
        let bucket = self.client.graphql(&call).await?.model.and_then(|model| model.bucket);
        let gone = || Error::not_found(format!("run {name} is no longer in project {}", memory.project));
        bucket.ok_or_else(gone)?.config.as_deref().map_or_else(|| Ok(Document::default()), Document::parse)
    }
}

fn upsert(name: &str, entity: Option<String>, project: String, change: &Change<'_>) -> UpsertBucket {
    UpsertBucket {
        name: name.to_owned(),
        project,
        entity,
        group_name: change.fields.group.clone(),
        display_name: change.fields.display_name.clone(),
        notes: change.fields.notes.clone(),
        commit: change.fields.commit.clone(),
        program: change.fields.program.clone(),
        repo: change.fields.repo.clone(),
        ..UpsertBucket::default()
    }
}
