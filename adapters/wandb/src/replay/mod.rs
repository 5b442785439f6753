//! Files of offline runs, sent to a server as the client that wrote them would have.
//!
//! A file that is still being written is sent as far as it goes, and the run goes on. To send a file again changes
//! nothing: lines have the numbers of their places.

mod console;
mod files;
mod sending;
mod told;
mod tree;

use std::{
    collections::BTreeSet,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use prost::Message;
use trackside_core::{Clock, Error, Result};
use trackside_http_client::Secret;
use trackside_wandb_wire::{
    container::Records,
    file_stream::{Lines, SUMMARY},
    record::Record,
    run_files::CreateRunFiles,
    upsert_bucket::UpsertBucket,
};

use self::{console::Console, sending::Sending, told::Told};
use crate::online::{Client, Place};

/// System metrics.
const EVENTS: &str = "wandb-events.jsonl";
/// What the program wrote.
const OUTPUT: &str = "output.log";
/// Files whose addresses are asked for at once.
const FILES_AT_ONCE: usize = 100;
/// For a whole call; for an upload, how long nothing may move.
const TIMEOUT: Duration = Duration::from_mins(2);

/// Sends files to a server.
#[derive(Debug)]
pub struct Replayer {
    client: Client,
    /// In place of what the files say.
    entity: Option<String>,
    project: Option<String>,
}

/// What became of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Whose project.
    pub entity: String,
    /// Which project.
    pub project: String,
    /// W&B's id of the run.
    pub run: String,
    /// Rows of history.
    pub rows: u64,
    /// Files uploaded.
    pub files: u64,
    /// Files that the run names and that are not there.
    pub missing: Vec<String>,
    /// Artifacts, which are not sent.
    pub artifacts: u64,
    /// Its exit code; `None` when it had not ended.
    pub exit_code: Option<i32>,
}

impl Replayer {
    /// A server that speaks W&B's protocol. `entity` and `project` go over what files say.
    pub fn new(
        base_url: &str,
        api_key: Secret,
        entity: Option<String>,
        project: Option<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        Ok(Self { client: Client::new(base_url, api_key, TIMEOUT, None, clock)?, entity, project })
    }

    /// Sends a `.wandb` file with the files beside it. `advance` is told of bytes read.
    pub async fn replay(&self, path: &Path, advance: impl Fn(u64)) -> Result<Replayed> {
        let unreadable = |error: std::io::Error| {
            Error::invalid(format!("{} cannot be read: {error}", path.display())).with_source(error)
        };
        let mut records = Records::new(BufReader::new(File::open(path).map_err(unreadable)?)).map_err(unreadable)?;
        let (mut told, mut sending, mut console) = (Told::default(), Sending::default(), Console::default());
        let mut replayed = Replayed::default();
        while let Some(bytes) = records.read().map_err(unreadable)? {
            advance(bytes.len() as u64);
            let damaged = |error| Error::invalid(format!("{} holds a damaged record: {error}", path.display()));
            let record = Record::decode(bytes.as_slice()).map_err(damaged)?;
            if let Some(run) = &record.run
                && replayed.run.is_empty()
            {
                told.run = run.clone();
                told.config.apply(&run.config.clone().unwrap_or_default());
                let bucket = self.client.upsert(&self.upsert(&told)).await?;
                replayed.entity = bucket.project.entity.name;
                replayed.project = bucket.project.name;
                replayed.run = bucket.name;
            }
            let lines = told.take(record, &mut console, &mut replayed);
            if !lines.is_empty() && replayed.run.is_empty() {
                return Err(Error::invalid(format!("{} does not say which run it is of", path.display())));
            }
            for (stream, line) in lines {
                sending.line(&self.client, place(&replayed), stream, line).await?;
            }
        }
        if replayed.run.is_empty() {
            return Err(Error::invalid(format!("{} holds no run", path.display())));
        }
        for line in console.finish() {
            sending.line(&self.client, place(&replayed), OUTPUT, line).await?;
        }
        self.client.upsert(&self.upsert(&told)).await?;
        let uploaded = self.upload(path, &told.files, &mut replayed).await?;
        sending.flush(&self.client, place(&replayed)).await?;
        let mut last = sending.last();
        last.files.insert(SUMMARY.to_owned(), Lines { offset: 0, content: vec![told.summary.text()] });
        last.uploaded = uploaded;
        last.complete = replayed.exit_code.map(|_| true);
        last.exitcode = replayed.exit_code;
        self.client.stream(place(&replayed), &last).await?;
        Ok(replayed)
    }

    fn upsert(&self, told: &Told) -> UpsertBucket {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (run, git) = (&told.run, told.run.git.clone().unwrap_or_default());
        UpsertBucket {
            name: run.run_id.clone(),
            project: self.project.clone().or_else(|| given(&run.project)).unwrap_or_else(|| "uncategorized".to_owned()),
            entity: self.entity.clone().or_else(|| given(&run.entity)),
            group_name: given(&run.run_group),
            job_type: given(&run.job_type),
            display_name: given(&run.display_name),
            notes: given(&run.notes),
            tags: Some(run.tags.clone()).filter(|tags| !tags.is_empty()),
            sweep: given(&run.sweep_id),
            host: given(&run.host),
            config: Some(told.config_document().to_text()),
            commit: given(&git.commit),
            program: None,
            repo: given(&git.remote_url),
        }
    }

    /// Uploads what the run names, from the directory `files` beside its records. Returns what is there now.
    async fn upload(&self, path: &Path, names: &[String], replayed: &mut Replayed) -> Result<Vec<String>> {
        let directory = path.parent().unwrap_or(Path::new("")).join("files");
        let mut wanted: BTreeSet<String> = names.iter().cloned().collect();
        files::walk(&directory, "", &mut wanted);
        let mut all: Vec<(String, PathBuf)> = Vec::new();
        for name in wanted {
            match files::within(&directory, &name) {
                Some(file) => all.push((name, file)),
                None => replayed.missing.push(name),
            }
        }
        for some in all.chunks(FILES_AT_ONCE) {
            let call = CreateRunFiles {
                entity: replayed.entity.clone(),
                project: replayed.project.clone(),
                run: replayed.run.clone(),
                files: some.iter().map(|(name, _)| name.clone()).collect(),
            };
            let places = self.client.graphql(&call).await?.create_run_files;
            for (name, file) in some {
                let missing = || Error::internal(format!("the server has no address for the file {name}"));
                let url = places.url(name).ok_or_else(missing)?;
                self.client.upload(url, places.headers(), files::open(file).await?).await?;
                replayed.files += 1;
            }
        }
        Ok(all.into_iter().map(|(name, _)| name).collect())
    }
}

fn place(replayed: &Replayed) -> Place<'_> {
    Place { entity: &replayed.entity, project: &replayed.project, name: &replayed.run }
}
