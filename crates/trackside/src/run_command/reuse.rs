//! Does not run what has succeeded before with the same inputs.
//!
//! Conservative: whatever is not known of the inputs means to run again. Outputs are stored among the artifacts of the
//! run that made them, below `trackside/outputs/`, and restored from there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use futures_util::StreamExt;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt;
use trackside_evidence::{Data, DataKind, Manifest, Record, Scope};
use trackside_provenance::data::Survey;
use trackside_tracking::{RunInfo, Server, Upload};

use super::{args::RunArgs, capture::Captured};
use crate::recording::{INPUTS_KEY, record, stored_manifest};

/// Where outputs are among the artifacts.
const OUTPUTS: &str = "trackside/outputs";

/// What came of looking for an earlier run.
pub(super) enum Earlier {
    /// It has the same inputs, and its outputs are in place now.
    Restored(String),
    /// There is none that would do, and why.
    None(String),
}

/// Looks for a run with the same inputs and restores what it wrote.
pub(super) async fn restore(server: &Server, captured: &Captured, args: &RunArgs) -> anyhow::Result<Earlier> {
    let key = match captured.record.key(Scope::Inputs) {
        Ok(key) => key,
        Err(unknown) => return Ok(Earlier::None(unknown.to_string())),
    };
    let filter = format!("tags.`{INPUTS_KEY}` = '{key}' AND attributes.status = 'FINISHED'");
    let mut why = format!("no run with the inputs {key} has succeeded yet");
    let project = Survey::project(&captured.directory);
    for run in server.runs(&[], &filter).await? {
        let id = &run.info.run_id;
        let Some((earlier, _)) = record(server, &run.info).await? else { continue };
        match fits(&earlier, captured, &project, args) {
            Err(reason) => why = format!("run {id} has the same inputs, but {reason}"),
            Ok(outputs) => match put_back(server, &run.info, &outputs, &project).await {
                Ok(()) => return Ok(Earlier::Restored(run.info.run_id)),
                Err(error) => {
                    why = format!("run {id} has the same inputs, but its outputs are not to be had: {error:#}");
                }
            },
        }
    }
    Ok(Earlier::None(why))
}

/// The outputs that are wanted, of a run that has them all.
fn fits(earlier: &Record, captured: &Captured, project: &Path, args: &RunArgs) -> Result<Vec<Data>, String> {
    if earlier.key(Scope::Inputs).ok() != captured.record.key(Scope::Inputs).ok() {
        return Err("its record was changed since".to_owned());
    }
    if earlier.execution.as_ref().and_then(|execution| execution.exit_code) != Some(0) {
        return Err("it did not succeed".to_owned());
    }
    let mut outputs = Vec::new();
    for path in &args.output {
        let wanted = captured.directory.join(path);
        let found = earlier.outputs.iter().find(|data| project.join(&data.path) == wanted && data.digest.is_some());
        let found = found.ok_or_else(|| format!("{} is not among its outputs", path.display()))?;
        if Path::new(&found.path).is_absolute() {
            return Err(format!("{} lies outside of the project, so it was not stored", path.display()));
        }
        outputs.push(found.clone());
    }
    Ok(outputs)
}

/// Stores what the command has written, so that it can be restored.
pub(super) async fn store(server: &Server, info: &RunInfo, captured: &Captured) -> anyhow::Result<()> {
    let project = Survey::project(&captured.directory);
    for data in captured.record.outputs.iter().filter(|data| !Path::new(&data.path).is_absolute()) {
        let list = captured.outputs.iter().find(|(path, _)| Some(path) == data.manifest.as_ref());
        for file in files(data, list.map(|(_, manifest)| manifest)) {
            let source = Upload::File(project.join(&file.path));
            server.upload(info, &format!("{OUTPUTS}/{}", file.path), source).await?;
        }
    }
    Ok(())
}

async fn put_back(server: &Server, info: &RunInfo, outputs: &[Data], project: &Path) -> anyhow::Result<()> {
    let mut staged: Vec<(PathBuf, PathBuf)> = Vec::new();
    let staging = tempfile::Builder::new().prefix(".trackside-").tempdir_in(project)?;
    // All of it is here and whole before anything is put in place.
    for data in outputs {
        let manifest = stored_manifest(server, info, data).await;
        if data.kind == DataKind::Directory && manifest.is_none() {
            bail!("the list of the files of {} is gone", data.path);
        }
        for file in files(data, manifest.as_ref()) {
            let target = staging.path().join(staged.len().to_string());
            fetch(server, info, &file, &target).await.with_context(|| file.path.clone())?;
            staged.push((target, project.join(&file.path)));
        }
    }
    for data in outputs.iter().filter(|data| data.kind == DataKind::Directory) {
        let directory = project.join(&data.path);
        if directory.is_dir() {
            fs::remove_dir_all(&directory).with_context(|| directory.display().to_string())?;
        }
        fs::create_dir_all(&directory)?;
    }
    for (from, to) in staged {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::rename(&from, &to).with_context(|| to.display().to_string())?;
    }
    Ok(())
}

async fn fetch(server: &Server, info: &RunInfo, file: &Stored, target: &Path) -> anyhow::Result<()> {
    let mut chunks = server.download(info, &format!("{OUTPUTS}/{}", file.path)).await?;
    let mut written = tokio::fs::File::create(target).await?;
    let mut hash = Sha256::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        hash.update(&chunk);
        written.write_all(&chunk).await?;
    }
    written.sync_all().await?;
    if hex::encode(hash.finalize()) != file.sha256 {
        bail!("what is stored has another digest than was recorded");
    }
    Ok(())
}

/// A file of an output, below the project.
struct Stored {
    path: String,
    sha256: String,
}

fn files(data: &Data, manifest: Option<&Manifest>) -> Vec<Stored> {
    match (manifest, &data.digest) {
        (Some(manifest), _) => {
            let file = |file: &trackside_evidence::ManifestEntry| Stored {
                path: format!("{}/{}", data.path, file.path),
                sha256: file.sha256.clone(),
            };
            manifest.files.iter().map(file).collect()
        }
        (None, Some(digest)) => vec![Stored { path: data.path.clone(), sha256: digest.sha256.clone() }],
        (None, None) => Vec::new(),
    }
}
