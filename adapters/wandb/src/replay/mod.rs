//! Files of offline runs, sent to a server as the client that wrote them would have.
//!
//! A file that is still being written is sent as far as it goes, and the run goes on. To send a file again changes
//! nothing: lines have the numbers of their places.

mod console;
mod sending;
mod tree;

use std::{
    collections::BTreeSet,
    fs::File,
    io::BufReader,
    path::{Component, Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::TryStreamExt;
use prost::Message;
use serde_json::{Map, Value, json};
use tokio_util::io::ReaderStream;
use trackside_core::{ArtifactBytes, Clock, Error, Result};
use trackside_http_client::Secret;
use trackside_wandb_wire::{
    config::{Document, RESERVED},
    container::Records,
    extended_json::{self, Object},
    file_stream::{HISTORY, Lines, SUMMARY},
    record::{Metric, Record, Run},
    run_files::CreateRunFiles,
    upsert_bucket::UpsertBucket,
};

use self::{console::Console, sending::Sending, tree::Tree};
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

/// What is known of a run from its records so far.
#[derive(Debug, Default)]
struct Told {
    run: Run,
    producer: String,
    config: Tree,
    summary: Tree,
    metrics: Vec<Metric>,
    files: Vec<String>,
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
        walk(&directory, "", &mut wanted);
        let mut all: Vec<(String, PathBuf)> = Vec::new();
        for name in wanted {
            match within(&directory, &name) {
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
                self.client.upload(url, places.headers(), open(file).await?).await?;
                replayed.files += 1;
            }
        }
        Ok(all.into_iter().map(|(name, _)| name).collect())
    }
}

impl Told {
    /// Takes a record in; the lines that it makes.
    fn take(&mut self, record: Record, console: &mut Console, replayed: &mut Replayed) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        if let Some(header) = record.header {
            self.producer = header.version_info.unwrap_or_default().producer;
        }
        if let Some(row) = record.history {
            let mut tree = Tree::default();
            tree.apply(&trackside_wandb_wire::record::Items { update: row.item, remove: Vec::new() });
            lines.push((HISTORY, tree.text()));
            replayed.rows += 1;
        }
        if let Some(stats) = record.stats {
            let at = console::instant(&stats.timestamp.unwrap_or_default());
            let started = console::instant(&self.run.start_time.unwrap_or_default());
            let mut event = Object::default();
            event.raw("_wandb", "true");
            event.number("_timestamp", seconds(at.millis()));
            event.number("_runtime", seconds(at.millis().saturating_sub(started.millis())));
            for item in &stats.item {
                event.raw(&format!("system.{}", item.key), &item.value_json);
            }
            lines.push((EVENTS, event.finish()));
        }
        if let Some(piece) = record.output_raw {
            lines.extend(console.push(&piece).into_iter().map(|line| (OUTPUT, line)));
        }
        for (items, tree) in [(record.config, &mut self.config), (record.summary, &mut self.summary)] {
            tree.apply(&items.unwrap_or_default());
        }
        self.metrics.extend(record.metric);
        for file in record.files.unwrap_or_default().files {
            if !self.files.contains(&file.path) {
                self.files.push(file.path);
            }
        }
        replayed.artifacts += u64::from(record.artifact.is_some());
        if let Some(exit) = record.exit {
            replayed.exit_code = Some(exit.exit_code);
        }
        lines
    }

    /// With what the client keeps there itself.
    fn config_document(&self) -> Document {
        let mut document = Document::default();
        for (key, value) in self.config.entries() {
            // NaN has no place in a config; W&B's client writes null.
            let value = serde_json::from_str(&value).ok();
            document.set(key, value.unwrap_or_else(|| strict(&self.config, key)));
        }
        let index = |name: &str| self.metrics.iter().position(|metric| metric.name == name).map(|place| place + 1);
        let metrics: Vec<Value> = self
            .metrics
            .iter()
            .map(|metric| metric.to_config(|name| if name.is_empty() { None } else { index(name) }))
            .collect();
        document.edit(RESERVED, |own: &mut Map<String, Value>| {
            own.insert("t".to_owned(), json!({ "5": self.producer }));
            own.insert("cli_version".to_owned(), json!(self.producer));
            if let Some(started) = self.run.start_time {
                own.insert("start_time".to_owned(), json!(seconds(console::instant(&started).millis())));
            }
            if !metrics.is_empty() {
                own.insert("m".to_owned(), Value::Array(metrics));
            }
        });
        document
    }
}

/// The value with texts for the numbers that JSON lacks.
fn strict(config: &Tree, key: &str) -> Value {
    let text = config.entries().find(|(other, _)| *other == key).map(|(_, text)| text).unwrap_or_default();
    serde_json::from_str(&extended_json::strict(&text)).unwrap_or(Value::Null)
}

fn place(replayed: &Replayed) -> Place<'_> {
    Place { entity: &replayed.entity, project: &replayed.project, name: &replayed.run }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of this age fit")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

/// A file of that name below the directory. A link leads where it does, as `run.save` makes them.
fn within(directory: &Path, name: &str) -> Option<PathBuf> {
    let name = Path::new(name);
    let is_below = name.components().all(|part| matches!(part, Component::Normal(_)));
    Some(directory.join(name)).filter(|file| is_below && file.is_file())
}

/// Adds the names of all files below the directory.
fn walk(directory: &Path, below: &str, names: &mut BTreeSet<String>) {
    for entry in directory.join(below).read_dir().into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let name = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(directory, &name, names);
        } else {
            names.insert(name);
        }
    }
}

async fn open(path: &Path) -> Result<ArtifactBytes> {
    let unreadable = {
        let shown = path.display().to_string();
        move |error: std::io::Error| Error::invalid(format!("{shown} cannot be read: {error}")).with_source(error)
    };
    let file = tokio::fs::File::open(path).await.map_err(unreadable.clone())?;
    let size = file.metadata().await.map_err(unreadable.clone())?.len();
    let chunks = ReaderStream::with_capacity(tokio::io::AsyncReadExt::take(file, size), 1 << 20).map_err(unreadable);
    Ok(ArtifactBytes { size, chunks: Box::pin(chunks) })
}
