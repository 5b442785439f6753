//! Runs at a server.
//!
//! A batch becomes at most: one upsert of the run, uploads, and requests of the file stream, in this order, of which
//! the last says what was uploaded and, when the run has ended, that it has. Requests of one run follow each other.

mod client;
mod refusal;
mod upload;

use std::{collections::BTreeMap, sync::Arc};

use trackside_core::{ArtifactSource, Error, Result, RunId};
use trackside_wandb_wire::{
    config::Document,
    file_stream::{FileStreamRequest, HISTORY, Lines, MAX_REQUEST_BYTES, SUMMARY},
    names,
    resume_status::RunResumeStatus,
    upsert_bucket::{Bucket, UpsertBucket},
};

pub(crate) use client::Client;

use crate::{
    change::{Change, Fields},
    memory::Memory,
    rows::{self, Written},
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
    entity: &'a str,
    project: &'a str,
    name: &'a str,
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
        if !rows.rows.is_empty() || !uploaded.is_empty() || change.status.is_some() || memory.exit_code != was {
            for request in requests(&rows, &memory, uploaded) {
                self.client.stream(place, &request).await?;
            }
        }
        Ok(memory)
    }

    /// Says that the run goes on.
    pub(crate) async fn keep_alive(&self, run: &RunId, memory: &Memory) -> Result<()> {
        if memory.exit_code.is_some() {
            return Ok(());
        }
        let name = names::run_id(run.as_str());
        let place = Place { entity: &memory.entity, project: &memory.project, name: &name };
        self.client.stream(place, &FileStreamRequest::default()).await
    }

    /// Creates the run, or makes one that is there begin anew.
    async fn begin(&self, name: &str, change: &Change<'_>) -> Result<Bucket> {
        let experiment = change.started.map_or("", |started| started.experiment.as_str());
        let project = self.project.clone().unwrap_or_else(|| names::project(experiment));
        let mut document = Document::default();
        document.begin(rows::STEP);
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
        config: None,
        commit: change.fields.commit.clone(),
        program: change.fields.program.clone(),
        repo: change.fields.repo.clone(),
    }
}

/// Requests that write these rows, none too large; the last says the rest.
fn requests(rows: &Written, memory: &Memory, uploaded: Vec<String>) -> Vec<FileStreamRequest> {
    let mut blocks: Vec<Lines> = Vec::new();
    let mut bytes = MAX_REQUEST_BYTES;
    for (number, row) in (rows.offset..).zip(&rows.rows) {
        let line = rows::line(&rows::fields(row, memory.started_at));
        bytes += line.len();
        if bytes > MAX_REQUEST_BYTES {
            bytes = line.len();
            blocks.push(Lines { offset: number, content: Vec::new() });
        }
        if let Some(block) = blocks.last_mut() {
            block.content.push(line);
        }
    }
    let wrote = !blocks.is_empty();
    let history = |lines| FileStreamRequest {
        files: BTreeMap::from([(HISTORY.to_owned(), lines)]),
        ..FileStreamRequest::default()
    };
    let mut requests: Vec<FileStreamRequest> = blocks.into_iter().map(history).collect();
    let mut rest = FileStreamRequest {
        files: BTreeMap::new(),
        uploaded,
        complete: memory.exit_code.map(|_| true),
        exitcode: memory.exit_code,
    };
    if wrote {
        let line = rows::line(&rows::summary(memory));
        // A request of its own when the two would be too large together.
        if bytes + line.len() <= MAX_REQUEST_BYTES
            && let Some(last) = requests.pop()
        {
            rest.files = last.files;
        }
        rest.files.insert(SUMMARY.to_owned(), Lines { offset: 0, content: vec![line] });
    }
    requests.push(rest);
    requests
}
