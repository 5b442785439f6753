//! Puts the record on the runs that the command makes.
//!
//! A run is told of its inputs as soon as it is there, so that a machine that dies takes only the end of the story along.

use std::collections::BTreeMap;

use trackside_core::{Clock, Result, SystemClock};
use trackside_evidence::{Data, Dimension, Gap, Instant, LinkedDataset, Parameters, Record, Scope, StoredFile};
use trackside_provenance::git;
use trackside_tracking::{Dataset, DatasetInput, Run, RunInfo, Server, Tag, Upload};

use super::{capture::Captured, command::Outcome};

/// The directory among the artifacts of a run that is ours.
pub(crate) const DIRECTORY: &str = "trackside";
/// The record.
pub(crate) const RECORD: &str = "trackside/provenance.json";
/// The tag that says which run this one repeats.
pub(crate) const REPRODUCES: &str = "trackside.reproduces";
/// The tag that says which invocation a run is of.
pub(crate) const INVOCATION: &str = "trackside.invocation";

/// The runs of an invocation, told of their record.
#[derive(Debug)]
pub(super) struct Attachment {
    server: Server,
    invocation: String,
    /// By id, those that are told.
    runs: BTreeMap<String, RunInfo>,
}

impl Attachment {
    /// No run is known yet.
    pub(super) fn new(server: Server, invocation: String) -> Self {
        Self { server, invocation, runs: BTreeMap::new() }
    }

    /// Tells the runs that are new.
    pub(super) async fn look(&mut self, captured: &Captured) -> Result<()> {
        let filter = format!("tags.`{INVOCATION}` = '{}'", self.invocation);
        for run in self.server.runs(&[], &filter).await? {
            if !self.runs.contains_key(&run.info.run_id) {
                self.begin(run, captured).await?;
            }
        }
        Ok(())
    }

    /// Makes a run of our own if the command has made none, and tells it.
    pub(super) async fn ensure_run(
        &mut self,
        captured: &Captured,
        experiment: Option<&str>,
        name: Option<&str>,
    ) -> Result<()> {
        if !self.runs.is_empty() {
            return Ok(());
        }
        let experiment = self.server.ensure_experiment(experiment.unwrap_or("Default")).await?;
        let mut tags = vec![(INVOCATION.to_owned(), self.invocation.clone())];
        if let Some(execution) = &captured.record.execution {
            tags.push(("mlflow.source.name".to_owned(), execution.command.join(" ")));
            tags.push(("mlflow.source.type".to_owned(), "LOCAL".to_owned()));
        }
        let started = captured.record.captured_at.0;
        let run = self.server.create_run(experiment, name.map(str::to_owned), started, tags).await?;
        self.begin(run, captured).await
    }

    /// The runs.
    pub(super) fn runs(&self) -> impl Iterator<Item = &RunInfo> {
        self.runs.values()
    }

    /// Where they are.
    pub(super) const fn server(&self) -> &Server {
        &self.server
    }

    async fn begin(&mut self, run: Run, captured: &Captured) -> Result<()> {
        let info = run.info;
        let mut record = captured.record.clone();
        record.run_id = Some(info.run_id.clone());
        let repository = record.code.repository.as_ref();
        if let Some((repository, snapshot)) = repository.and_then(|found| Some((found, found.snapshot.as_ref()?))) {
            let named =
                git::name(repository.root.as_ref(), &info.run_id, &snapshot.commit, git::Limits::default().timeout);
            if let Err(fault) = named {
                let gap = Gap::new(Dimension::Code, "uncommitted state", format!("it has no reference: {fault}"));
                record.gaps.push(gap);
            }
        }
        self.server.tag(&info.run_id, &tags(&record)).await?;
        self.store(&info, &record, captured).await?;
        self.server.log_datasets(&info.run_id, record.data.iter().filter_map(dataset).collect()).await?;
        self.runs.insert(info.run_id.clone(), info);
        Ok(())
    }

    /// Tells all runs how the command went.
    pub(super) async fn end(&self, captured: &Captured, outcome: &Outcome) -> Result<()> {
        let now = SystemClock.now();
        for info in self.runs.values() {
            let run = self.server.run(&info.run_id).await?;
            if run.info.end_time.is_none() {
                let status = match (outcome.code(), outcome.signal()) {
                    (0, _) => "FINISHED",
                    (_, None) => "FAILED",
                    (_, Some(_)) => "KILLED",
                };
                self.server.end_run(&info.run_id, status, now).await?;
            }
            let mut record = captured.record.clone();
            record.run_id = Some(info.run_id.clone());
            record.parameters = Some(Parameters::new(pairs(&run.data.params)));
            record.datasets = linked(&run, &record);
            if let Some(execution) = &mut record.execution {
                execution.ended_at = Some(Instant(now));
                execution.exit_code = Some(outcome.code());
                execution.signal = outcome.signal();
                execution.resources = outcome.resources;
            }
            self.streams(info, &mut record, outcome).await?;
            record.artifacts = self.artifacts(info, &mut record.gaps).await?;
            record.provenance_key = record.key(Scope::Provenance).ok();
            self.server.tag(&info.run_id, &tags(&record)).await?;
            self.store(info, &record, captured).await?;
        }
        Ok(())
    }

    async fn store(&self, info: &RunInfo, record: &Record, captured: &Captured) -> Result<()> {
        for (path, manifest) in &captured.manifests {
            self.server.upload(info, path, Upload::Bytes(manifest.to_json())).await?;
        }
        // Last, so that what it refers to is there.
        self.server.upload(info, RECORD, Upload::Bytes(record.to_json())).await
    }

    async fn streams(&self, info: &RunInfo, record: &mut Record, outcome: &Outcome) -> Result<()> {
        let Some(output) = &outcome.output else { return Ok(()) };
        for (kept, name) in output.iter().zip(["stdout", "stderr"]) {
            let artifact = format!("{DIRECTORY}/{name}.log");
            self.server.upload(info, &artifact, Upload::Bytes(kept.text())).await?;
            if let Some(execution) = &mut record.execution {
                let stream = trackside_evidence::Stream { artifact, bytes: kept.written(), left_out: kept.left_out() };
                execution.streams.push(stream);
            }
        }
        Ok(())
    }

    /// What the run has stored besides what is ours.
    async fn artifacts(&self, info: &RunInfo, gaps: &mut Vec<Gap>) -> Result<Vec<StoredFile>> {
        let mut stored = Vec::new();
        for file in self.server.files(info).await? {
            if file.path.split('/').next() == Some(DIRECTORY) {
                continue;
            }
            match self.server.sha256(info, &file.path).await {
                Ok((sha256, size)) => stored.push(StoredFile { path: file.path, size, sha256 }),
                Err(error) => gaps.push(Gap::new(Dimension::Artifacts, file.path, error.message())),
            }
        }
        Ok(stored)
    }
}

/// Params or tags by key.
pub(crate) fn pairs(pairs: &[Tag]) -> BTreeMap<String, String> {
    let pair = |pair: &Tag| Some((pair.key.as_ref()?.to_string(), pair.value.clone().unwrap_or_default()));
    pairs.iter().filter_map(pair).collect()
}

/// What is searched for, as tags.
fn tags(record: &Record) -> Vec<(String, String)> {
    let mut tags = Vec::new();
    let mut tag = |key: &str, value: &str| tags.push((format!("trackside.{key}"), value.to_owned()));
    if let Some(repository) = &record.code.repository {
        let facts = [
            ("git.commit", repository.commit.as_deref()),
            ("git.branch", repository.branch.as_deref()),
            ("git.repository", repository.remotes.first().map(|remote| remote.url.as_str())),
            ("git.snapshot", repository.snapshot.as_ref().map(|snapshot| snapshot.commit.as_str())),
            ("git.tree", repository.exact_tree()),
        ];
        for (key, value) in facts {
            if let Some(value) = value {
                tag(key, value);
            }
        }
        tag("git.dirty", if repository.dirty { "true" } else { "false" });
    }
    for output in &record.outputs {
        if let Some(digest) = &output.digest {
            tag(&format!("output.{}", digest.md5), &output.path);
        }
    }
    if let Some(execution) = &record.execution {
        tag("command", &execution.command.join(" "));
        if let Some(code) = execution.exit_code {
            tag("exit_code", &code.to_string());
        }
    }
    if let Some(key) = &record.inputs_key {
        tag("key.inputs", key.as_str());
    }
    if let Some(key) = &record.provenance_key {
        tag("key.provenance", key.as_str());
    }
    tag("gaps", &record.gaps.len().to_string());
    tags
}

/// What was read, as the run's inputs show it.
fn dataset(data: &Data) -> Option<DatasetInput> {
    let digest = data.digest.as_ref()?;
    let source_type = match data.source {
        trackside_evidence::DataSource::Argument => "local",
        trackside_evidence::DataSource::Dvc { .. } => "dvc",
    };
    let profile = serde_json::json!({"size": digest.size, "files": digest.files});
    Some(DatasetInput {
        tags: Some(vec![Tag { key: Some("mlflow.data.context".into()), value: Some("trackside".to_owned()) }]),
        dataset: Some(Dataset {
            name: Some(data.path.clone()),
            digest: Some(digest.md5.clone()),
            source_type: Some(source_type.to_owned()),
            source: Some(serde_json::json!({"uri": data.path, "sha256": digest.sha256}).to_string()),
            schema: None,
            profile: Some(profile.to_string()),
        }),
    })
}

/// The datasets that the client logged, with what their digests would not show.
fn linked(run: &Run, record: &Record) -> Vec<LinkedDataset> {
    let known = |digest: &str| record.data.iter().any(|data| data.digest.as_ref().is_some_and(|own| own.md5 == digest));
    let link = |input: &DatasetInput| {
        let dataset = input.dataset.as_ref()?;
        let (name, digest) = (dataset.name.clone()?, dataset.digest.clone()?);
        if known(&digest) {
            return None;
        }
        let source = dataset.source.as_deref().unwrap_or_default();
        let path = record.data.iter().map(|data| &data.path).find(|path| source.contains(path.as_str())).cloned();
        let warning = path.is_none().then(|| weakness(&digest)).flatten();
        Some(LinkedDataset { name, digest, path, warning })
    };
    let mut linked: Vec<_> = run.inputs.dataset_inputs.iter().filter_map(link).collect();
    linked.sort_by(|a, b| (&a.name, &a.digest).cmp(&(&b.name, &b.digest)));
    linked
}

/// What MLflow's own digests would not show.
fn weakness(digest: &str) -> Option<String> {
    let is_short = digest.len() <= 8;
    is_short.then(|| {
        "the digest is over a sample of 10,000 rows and has 32 bits: a change further down, or in a column of booleans or \
         dates, would not show; name the file with --data"
            .to_owned()
    })
}
