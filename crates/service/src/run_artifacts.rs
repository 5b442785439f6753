//! The artifacts of runs, for destinations that upload them.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt};
use trackside_artifacts::{ArtifactStore, Artifacts};
use trackside_core::{
    ArtifactBytes, ArtifactEntry, ArtifactPath, ArtifactSource, Error, ErrorKind, Result, Retry, RunId, Store,
};

use crate::artifacts::{files_below, relative_to};

/// Reads artifacts of runs below the roots that this server serves. Runs whose artifacts lie elsewhere have none here.
#[derive(Debug, Clone)]
pub struct RunArtifacts {
    store: Arc<dyn Store>,
    artifacts: Artifacts,
}

impl RunArtifacts {
    /// Of the runs of this store.
    pub fn new(store: Arc<dyn Store>, artifacts: Artifacts) -> Self {
        Self { store, artifacts }
    }

    /// Where the artifacts of a run lie.
    async fn root(&self, run: &RunId) -> Result<Option<(&ArtifactStore, ArtifactPath)>> {
        let Some(run) = self.store.run(run).await? else { return Ok(None) };
        match self.artifacts.locate(&run.info.artifact_uri) {
            Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Invalid) => Ok(None),
            located => located.map(Some),
        }
    }
}

#[async_trait]
impl ArtifactSource for RunArtifacts {
    async fn artifact(&self, run: &RunId, path: &ArtifactPath) -> Result<Option<ArtifactBytes>> {
        let Some((store, root)) = self.root(run).await? else { return Ok(None) };
        let file = match store.file(&root.join(path)).await {
            // A directory may have taken its place.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid) => return Ok(None),
            file => file?,
        };
        let size = file.size();
        let chunks = file.read(0..size).await.map_err(changed_meanwhile)?;
        Ok(Some(ArtifactBytes { size, chunks: chunks.map_err(changed_meanwhile).boxed() }))
    }

    async fn artifacts(&self, run: &RunId) -> Result<Vec<ArtifactEntry>> {
        let Some((store, root)) = self.root(run).await? else { return Ok(Vec::new()) };
        relative_to(&root, files_below(store, &root).await?)
    }
}

/// The file was there a moment ago: another may be in its place, so another try is worth it.
fn changed_meanwhile(error: Error) -> Error {
    error.with_retry(Retry::Later)
}
