//! Looks at what is there now.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::task::spawn_blocking;
use trackside_evidence::{
    ArtifactNow, CodeNow, DataNow, Environment, Manifest, Observed, Record, Repository, difference,
};
use trackside_provenance::{data::Survey, environment, git};
use trackside_tracking::{Run, Server};

use crate::recording::{PROVENANCE_KEY, manifests, pairs, stored_files, survey};

/// How long git may take.
const PATIENCE: Duration = Duration::from_mins(1);

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
        artifacts: artifacts(server, run).await,
        provenance_key: tags.get(PROVENANCE_KEY).cloned(),
        ..local
    })
}

async fn artifacts(server: &Server, run: &Run) -> Option<BTreeMap<String, ArtifactNow>> {
    let mut found = BTreeMap::new();
    for file in stored_files(server, run).await.ok()? {
        let sha256 = file.sha256(server).await.map_err(|error| error.message().to_owned());
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
    let Ok(survey) = survey(project) else { return BTreeMap::new() };
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
