//! Looks at what is there now.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use tokio::task::spawn_blocking;
use trackside_core::{ErrorKind, SystemClock};
use trackside_evidence::{
    ArtifactNow, CodeNow, Data, DataNow, Environment, Manifest, Observed, Record, Repository, difference,
};
use trackside_provenance::{data::Survey, environment, git};
use trackside_tracking::{Run, RunInfo, Server};

use crate::{
    data_command::{Bar, cache_directory},
    run_command::{DIRECTORY, RECORD, pairs},
};

/// Largest record and manifest that is read: a million files make 200 MiB.
const MAX_DOCUMENT: usize = 512 << 20;
/// How long git may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// The record of a run, with the bytes it is stored as; `None` when it has none.
pub(crate) async fn record(server: &Server, info: &RunInfo) -> anyhow::Result<Option<(Record, Vec<u8>)>> {
    let stored = match server.read(info, RECORD, MAX_DOCUMENT).await {
        Ok(stored) => stored,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let record = Record::read(&stored).with_context(|| format!("{RECORD} of run {}", info.run_id))?;
    Ok(Some((record, stored)))
}

/// The lists of files that go with a record, by the path of the data.
pub(crate) async fn manifests(server: &Server, info: &RunInfo, record: &Record) -> BTreeMap<String, Manifest> {
    let mut manifests = BTreeMap::new();
    for data in &record.data {
        // Without it a change is still found, and its files are not named.
        if let Some(manifest) = stored_manifest(server, info, data).await {
            manifests.insert(data.path.clone(), manifest);
        }
    }
    manifests
}

/// The list of the files of a directory, if it is there and whole.
pub(crate) async fn stored_manifest(server: &Server, info: &RunInfo, data: &Data) -> Option<Manifest> {
    let bytes = server.read(info, data.manifest.as_ref()?, MAX_DOCUMENT).await.ok()?;
    let manifest = Manifest::read(&bytes).ok()?;
    (Some(manifest.sha256()) == data.digest.as_ref().map(|digest| digest.sha256.clone())).then_some(manifest)
}

/// What is there now of what a record tells.
pub(crate) async fn observe(
    server: &Server,
    run: &Run,
    record: &Record,
    repository: Option<&Path>,
) -> anyhow::Result<Observed> {
    let manifests = manifests(server, &run.info, record).await;
    let tags = pairs(&run.data.tags);
    let (looked, repository) = (record.clone(), repository.map(Path::to_path_buf));
    let local = spawn_blocking(move || local(&looked, &manifests, repository)).await?;
    Ok(Observed {
        params: Some(pairs(&run.data.params)),
        status: Some(run.info.status.clone()),
        artifacts: artifacts(server, &run.info).await,
        provenance_key: tags.get("trackside.key.provenance").cloned(),
        ..local
    })
}

async fn artifacts(server: &Server, info: &RunInfo) -> Option<BTreeMap<String, ArtifactNow>> {
    let mut found = BTreeMap::new();
    for file in server.files(info).await.ok()? {
        if file.path.split('/').next() == Some(DIRECTORY) {
            continue;
        }
        let sha256 = server.sha256(info, &file.path).await;
        let sha256 = sha256.map(|(hash, _)| hash).map_err(|error| error.message().to_owned());
        found.insert(file.path, ArtifactNow { sha256, size: file.size });
    }
    Some(found)
}

/// Of this machine. Blocks.
fn local(record: &Record, manifests: &BTreeMap<String, Manifest>, repository: Option<PathBuf>) -> Observed {
    let root = root(record, repository);
    let code = record.code.repository.as_ref().zip(root.as_deref()).and_then(|(recorded, root)| code(recorded, root));
    let project = root.or_else(|| std::env::current_dir().ok());
    let data = project.map(|project| data(record, manifests, &project)).unwrap_or_default();
    Observed { code, data, environment: surroundings(record), ..Observed::default() }
}

/// Where the project is now.
pub(crate) fn root(record: &Record, repository: Option<PathBuf>) -> Option<PathBuf> {
    let recorded = record.code.repository.as_ref().map(|repository| PathBuf::from(&repository.root));
    let directory = record.execution.as_ref().map(|execution| Survey::project(Path::new(&execution.directory)));
    let here = std::env::current_dir().ok().map(|here| Survey::project(&here));
    repository.or_else(|| recorded.or(directory).filter(|root| root.is_dir())).or(here)
}

fn code(recorded: &Repository, root: &Path) -> Option<CodeNow> {
    let repository = root.display().to_string();
    let Some(head) = recorded.commit.as_deref().or(recorded.exact_commit()) else {
        return Some(CodeNow { repository, ..CodeNow::default() });
    };
    let tree = recorded.exact_tree().filter(|_| recorded.snapshot.is_none());
    let found = git::find(root, head, tree, PATIENCE).ok()?;
    let snapshot = recorded.snapshot.as_ref();
    let snapshot = match snapshot {
        Some(snapshot) => git::find(root, &snapshot.commit, None, PATIENCE).ok()?.commit,
        None => false,
    };
    let reached_from = [found.branches, found.tags, found.remote_branches, found.runs].concat();
    Some(CodeNow { repository, commit: found.commit, snapshot, reached_from, same_tree: found.same_tree })
}

fn data(record: &Record, manifests: &BTreeMap<String, Manifest>, project: &Path) -> BTreeMap<String, DataNow> {
    let Ok(survey) = Survey::new(project, Arc::new(SystemClock)) else { return BTreeMap::new() };
    let survey = survey.with_progress(Arc::new(Bar::new(false)));
    let survey = match cache_directory() {
        Some(cache) => survey.with_cache(cache),
        None => survey,
    };
    // A path of the record is below the project.
    let paths: Vec<PathBuf> = record.data.iter().map(|data| project.join(&data.path)).collect();
    let measured = survey.measure(&paths, false);
    let now = record.data.iter().zip(measured).map(|(data, found)| {
        let same = found.digest.as_ref().zip(data.digest.as_ref()).is_some_and(|(now, then)| now.sha256 == then.sha256);
        let difference = match (same, manifests.get(&data.path), found.manifest()) {
            (false, Some(then), Some(now)) => Some(difference(then, &now)),
            _ => None,
        };
        let elsewhere = match &data.digest {
            Some(digest) if !same => survey.elsewhere(&digest.md5),
            _ => Vec::new(),
        };
        let error = found.gaps.first().map(|gap| gap.why.clone()).filter(|_| found.digest.is_none());
        (data.path.clone(), DataNow { digest: found.digest, difference, elsewhere, error })
    });
    now.collect()
}

/// What the command would run in, here and now.
fn surroundings(record: &Record) -> Option<Environment> {
    let execution = record.execution.as_ref()?;
    let directory = std::env::current_dir().ok()?;
    let variables = std::env::vars_os().collect();
    let command: Vec<OsString> = execution.command.iter().map(OsString::from).collect();
    let also: Vec<String> = record.environment.variables.keys().cloned().collect();
    let request = environment::Request {
        directory: &directory,
        command: &command,
        variables: &variables,
        also: &also,
        root: Path::new("/"),
    };
    Some(environment::capture(&request).0)
}
