use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use tokio::{fs::File, io::AsyncReadExt};
use trackside_core::{ArtifactBytes, ArtifactEntry, ArtifactPath, ArtifactSource, Error, ErrorKind, Result, RunId};

use super::ActiveRun;

/// How much of a file is held at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// Files of this machine as artifacts of runs. They are read when they are delivered: leave them where they are.
#[derive(Debug, Default)]
pub struct LocalFiles(Mutex<BTreeMap<(RunId, ArtifactPath), PathBuf>>);

impl LocalFiles {
    /// Logs a file as an artifact of a run, under a path such as `plots/loss.png`.
    pub async fn log_artifact(&self, run: &ActiveRun, file: &Path, path: &str) -> Result<()> {
        let path = ArtifactPath::parse(path)?;
        let size = tokio::fs::metadata(file).await.map_err(|error| unreadable(file, error))?.len();
        self.files().insert((run.id().clone(), path.clone()), file.to_owned());
        run.artifact_stored(path, size).await
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<(RunId, ArtifactPath), PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ArtifactSource for LocalFiles {
    async fn artifact(&self, run: &RunId, path: &ArtifactPath) -> Result<Option<ArtifactBytes>> {
        let Some(file) = self.files().get(&(run.clone(), path.clone())).cloned() else { return Ok(None) };
        let opened = match File::open(&file).await {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|error| unreadable(&file, error))?,
        };
        let size = opened.metadata().await.map_err(|error| unreadable(&file, error))?.len();
        // A file that grows meanwhile is cut where it ended when it was opened.
        let chunks = stream::try_unfold((opened.take(size), file), |(mut rest, file)| async move {
            let mut chunk = vec![0; CHUNK_BYTES];
            let n = rest.read(&mut chunk).await.map_err(|error| unreadable(&file, error))?;
            chunk.truncate(n);
            Ok((n > 0).then(|| (Bytes::from(chunk), (rest, file))))
        });
        Ok(Some(ArtifactBytes { size, chunks: Box::pin(chunks) }))
    }

    async fn artifacts(&self, run: &RunId) -> Result<Vec<ArtifactEntry>> {
        let files = self.files();
        let of_run = files.keys().filter(|(owner, _)| owner == run);
        Ok(of_run.map(|(_, path)| ArtifactEntry { path: path.clone(), size: None }).collect())
    }
}

fn unreadable(file: &Path, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, format!("{} cannot be read", file.display())).with_source(error)
}
