use bytes::Bytes;
use futures_util::Stream;
use trackside_core::{ArtifactEntry, ArtifactPath, Error, Event, Key, LoggedModelId, Result, RunId, VersionNumber};

use crate::{ArtifactFile, ArtifactStore, Service};

impl Service {
    /// Stores a file below the proxied root, whole or not at all, and tells the log. Returns its bytes.
    pub async fn put_artifact(
        &self,
        path: &ArtifactPath,
        bytes: impl Stream<Item = Result<Bytes>> + Send,
    ) -> Result<u64> {
        let size = self.parts.artifacts.proxy().put(path, bytes).await?;
        self.log_proxied(path, |path| stored(path, size)).await?;
        Ok(size)
    }

    /// A file below the proxied root.
    pub async fn artifact(&self, path: &ArtifactPath) -> Result<ArtifactFile> {
        self.parts.artifacts.proxy().file(path).await
    }

    /// What lies directly below a directory of the proxied root; paths are relative to that directory.
    pub async fn list_artifacts(&self, directory: &ArtifactPath) -> Result<Vec<ArtifactEntry>> {
        let entries = self.parts.artifacts.proxy().list(directory).await?;
        relative_to(directory, entries)
    }

    /// Removes a file or directory below the proxied root, and tells the log; harmless when there is none.
    pub async fn delete_artifact(&self, path: &ArtifactPath) -> Result<()> {
        self.parts.artifacts.proxy().delete(path).await?;
        self.log_proxied(path, Event::ArtifactDeleted).await
    }

    /// The root URI of a run's artifacts, and what lies directly below a directory of it; paths are relative
    /// to that root.
    pub async fn list_run_artifacts(
        &self,
        run: &RunId,
        directory: &ArtifactPath,
    ) -> Result<(String, Vec<ArtifactEntry>)> {
        let root = self.run(run).await?.info.artifact_uri;
        let entries = self.list_below(&root, directory).await?;
        Ok((root, entries))
    }

    /// A file of a run.
    pub async fn run_artifact(&self, run: &RunId, path: &ArtifactPath) -> Result<ArtifactFile> {
        let root = self.run(run).await?.info.artifact_uri;
        self.file_below(&root, path).await
    }

    /// Stores a file of a run, whole or not at all, and tells the log. Returns its bytes.
    pub async fn put_run_artifact(
        &self,
        run: &RunId,
        path: &ArtifactPath,
        bytes: impl Stream<Item = Result<Bytes>> + Send,
    ) -> Result<u64> {
        let root = self.run(run).await?.info.artifact_uri;
        let (store, base) = self.parts.artifacts.locate(&root)?;
        let size = store.put(&base.join(path), bytes).await?;
        self.log_of_run(run, stored(path.clone(), size)).await?;
        Ok(size)
    }

    /// All files of a run, by path; paths are relative to its root.
    pub async fn all_run_artifacts(&self, run: &RunId) -> Result<Vec<ArtifactEntry>> {
        let root = self.run(run).await?.info.artifact_uri;
        let (store, base) = self.parts.artifacts.locate(&root)?;
        relative_to(&base, files_below(store, &base).await?)
    }

    /// Removes a file of a run, and tells the log; harmless when there is none.
    pub async fn delete_run_artifact(&self, run: &RunId, path: &ArtifactPath) -> Result<()> {
        if path.is_root() {
            return Err(Error::invalid("Invalid path"));
        }
        let root = self.run(run).await?.info.artifact_uri;
        let (store, base) = self.parts.artifacts.locate(&root)?;
        store.delete(&base.join(path)).await?;
        self.log_of_run(run, Event::ArtifactDeleted(path.clone())).await
    }

    /// As [`Self::list_run_artifacts`], of a logged model.
    pub async fn list_model_artifacts(
        &self,
        model: &LoggedModelId,
        directory: &ArtifactPath,
    ) -> Result<(String, Vec<ArtifactEntry>)> {
        let root = self.logged_model(model, false).await?.artifact_uri;
        let entries = self.list_below(&root, directory).await?;
        Ok((root, entries))
    }

    /// A file of a logged model.
    pub async fn model_artifact(&self, model: &LoggedModelId, path: &ArtifactPath) -> Result<ArtifactFile> {
        let root = self.logged_model(model, false).await?.artifact_uri;
        self.file_below(&root, path).await
    }

    /// A file of a model version.
    pub async fn version_artifact(
        &self,
        model: &Key,
        number: VersionNumber,
        path: &ArtifactPath,
    ) -> Result<ArtifactFile> {
        let version = self.model_version(model, number).await?;
        self.file_below(version.download_uri(), path).await
    }

    async fn list_below(&self, root: &str, directory: &ArtifactPath) -> Result<Vec<ArtifactEntry>> {
        let (store, base) = self.parts.artifacts.locate(root)?;
        relative_to(&base, store.list(&base.join(directory)).await?)
    }

    pub(crate) async fn file_below(&self, root: &str, path: &ArtifactPath) -> Result<ArtifactFile> {
        let (store, base) = self.parts.artifacts.locate(root)?;
        store.file(&base.join(path)).await
    }
}

/// All files below a directory, by path.
pub(crate) async fn files_below(store: &ArtifactStore, root: &ArtifactPath) -> Result<Vec<ArtifactEntry>> {
    let (mut files, mut directories) = (Vec::new(), vec![root.clone()]);
    while let Some(directory) = directories.pop() {
        for entry in store.list(&directory).await? {
            match entry.size {
                Some(_) => files.push(entry),
                None => directories.push(entry.path),
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn stored(path: ArtifactPath, size: u64) -> Event {
    Event::ArtifactStored(ArtifactEntry { path, size: Some(size) })
}

/// The same entries with paths relative to `base`, below which they all lie.
pub(crate) fn relative_to(base: &ArtifactPath, entries: Vec<ArtifactEntry>) -> Result<Vec<ArtifactEntry>> {
    entries
        .into_iter()
        .map(|entry| {
            let below = entry
                .path
                .as_str()
                .strip_prefix(base.as_str())
                .ok_or_else(|| Error::internal(format!("'{}' was listed below '{base}'", entry.path)))?;
            Ok(ArtifactEntry { path: ArtifactPath::parse(below.trim_start_matches('/'))?, ..entry })
        })
        .collect()
}
