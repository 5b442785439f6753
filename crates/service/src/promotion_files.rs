//! Files of a version, as a policy asks for them.

use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use trackside_core::{ArtifactPath, ErrorKind, LoggedModelId, ModelVersion, Result, Run, RunId};
use trackside_evidence::Record;
use trackside_policy::FileCheck;

use crate::{
    ArtifactFile, Service,
    artifact_uri::{UriParts, below},
    artifacts::{files_below, relative_to},
};

/// A description of a model is no larger.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

impl Service {
    /// Whether the description of the model has a signature, or why that is not known.
    pub(crate) async fn has_signature(&self, version: &ModelVersion) -> Result<Result<bool, String>> {
        let Some(root) = self.files_root(version).await? else { return Ok(Err(elsewhere(version))) };
        let file = match self.file_below(&root, &ArtifactPath::parse("MLmodel")?).await {
            Ok(file) if file.size() <= MOST_BYTES => file,
            Ok(_) => return Ok(Err("its MLmodel file is too large".to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Err("it has no MLmodel file".to_owned())),
            Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(Err(elsewhere(version))),
            Err(error) => return Err(error),
        };
        let text = String::from_utf8(contents(&file).await?).unwrap_or_default();
        // MLflow writes block style: a key in the first column is one at the top, and nothing else can begin there.
        let value = text.lines().find_map(|line| line.strip_prefix("signature:"));
        Ok(Ok(value.is_some_and(|value| !matches!(value.trim(), "null" | "~" | "{}"))))
    }

    /// Reads the files of a version again and compares them with what its run has stored, or says why not.
    pub(crate) async fn check_files(
        &self,
        version: &ModelVersion,
        run: &Run,
        record: &Record,
    ) -> Result<Result<FileCheck, String>> {
        let Some(root) = self.files_root(version).await? else { return Ok(Err(elsewhere(version))) };
        let Some(prefix) = self.place_in_record(version, run, &root).await? else {
            return Ok(Err("its files are not among those of its run".to_owned()));
        };
        let expected: Vec<(&str, &str)> = record
            .artifacts
            .iter()
            .filter_map(|file| Some((file.path.strip_prefix(&prefix)?, file.sha256.as_str())))
            .collect();
        if expected.is_empty() {
            return Ok(Err("its files are not on record".to_owned()));
        }
        let (store, base) = match self.parts.artifacts.locate(&root) {
            Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(Err(elsewhere(version))),
            located => located?,
        };
        let mut check = FileCheck { count: expected.len(), differing: Vec::new() };
        let present = relative_to(&base, files_below(store, &base).await?)?;
        for (path, sha256) in &expected {
            let is_same = match self.file_below(&root, &ArtifactPath::parse(path)?).await {
                Ok(file) => digest(&file).await? == *sha256,
                Err(error) if error.kind() == ErrorKind::NotFound => false,
                Err(error) => return Err(error),
            };
            if !is_same {
                check.differing.push((*path).to_owned());
            }
        }
        let is_new = |path: &str| !expected.iter().any(|(known, _)| *known == path) && !is_ours(path);
        check
            .differing
            .extend(present.iter().map(|entry| entry.path.as_str()).filter(|path| is_new(path)).map(str::to_owned));
        Ok(Ok(check))
    }

    /// Where the files of a version are, if that is known.
    async fn files_root(&self, version: &ModelVersion) -> Result<Option<String>> {
        let uri = version.download_uri();
        let parts = UriParts::of(uri);
        if parts.scheme != "runs" {
            return Ok(Some(uri.to_owned()));
        }
        let mut segments = parts.path.trim_start_matches('/').splitn(2, '/');
        let (run, path) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
        let Ok(run) = RunId::parse(run) else { return Ok(None) };
        Ok(self.store().run(&run).await?.map(|run| below(&run.info.artifact_uri, path)))
    }

    /// What paths of these files begin with in the record of the run.
    async fn place_in_record(&self, version: &ModelVersion, run: &Run, root: &str) -> Result<Option<String>> {
        let inside = UriParts::of(root).path.strip_prefix(UriParts::of(&run.info.artifact_uri).path).map(str::to_owned);
        if let Some(inside) = inside {
            let inside = inside.trim_matches('/');
            return Ok(Some(if inside.is_empty() { String::new() } else { format!("{inside}/") }));
        }
        let Some(id) = version.source.strip_prefix("models:/") else { return Ok(None) };
        let Ok(id) = LoggedModelId::parse(id) else { return Ok(None) };
        Ok(self.store().logged_model(&id, false).await?.map(|model| format!("{}/", model.name)))
    }
}

fn elsewhere(version: &ModelVersion) -> String {
    format!("its files are at {}, where this server does not read", version.download_uri())
}

/// Whether it is a file that registering a model adds.
fn is_ours(path: &str) -> bool {
    path == "registered_model_meta" || path.starts_with(Record::DIRECTORY)
}

/// A small file.
pub(crate) async fn contents(file: &ArtifactFile) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut stream = file.read(0..file.size()).await?;
    while let Some(part) = stream.try_next().await? {
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

async fn digest(file: &ArtifactFile) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut stream = file.read(0..file.size()).await?;
    while let Some(part) = stream.try_next().await? {
        hasher.update(&part);
    }
    Ok(hex::encode(hasher.finalize()))
}
