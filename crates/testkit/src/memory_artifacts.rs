//! Artifact bytes for destinations that upload them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use trackside_core::{ArtifactBytes, ArtifactEntry, ArtifactPath, ArtifactSource, Result, RunId};

use crate::fixture::artifact_bytes;

/// An [`ArtifactSource`] in memory.
///
/// Paths that end in a number and an extension, such as `d/b-5.bin`, name a file of so many bytes in every run, which
/// [`artifact_bytes`] gives: the artifacts of [`tracker_suite!`](crate::tracker_suite!) are of this kind. Other files
/// are put there, and any can be removed.
#[derive(Debug, Default)]
pub struct MemoryArtifacts(Mutex<BTreeMap<(RunId, ArtifactPath), Option<Bytes>>>);

impl MemoryArtifacts {
    /// With the files that their paths describe, and no others.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores a file, in place of another.
    pub fn put(&self, run: &RunId, path: &ArtifactPath, bytes: impl Into<Bytes>) {
        self.files().insert((run.clone(), path.clone()), Some(bytes.into()));
    }

    /// Removes a file, also one that its path describes.
    pub fn remove(&self, run: &RunId, path: &ArtifactPath) {
        self.files().insert((run.clone(), path.clone()), None);
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<(RunId, ArtifactPath), Option<Bytes>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bytes(&self, run: &RunId, path: &ArtifactPath) -> Option<Bytes> {
        let described = || described_size(path).map(|size| Bytes::from(artifact_bytes(path, size)));
        self.files().get(&(run.clone(), path.clone())).cloned().unwrap_or_else(described)
    }
}

/// The number before the extension.
fn described_size(path: &ArtifactPath) -> Option<u64> {
    let (stem, _) = path.file_name().rsplit_once('.')?;
    stem.rsplit_once('-')?.1.parse().ok()
}

#[async_trait]
impl ArtifactSource for MemoryArtifacts {
    async fn artifact(&self, run: &RunId, path: &ArtifactPath) -> Result<Option<ArtifactBytes>> {
        Ok(self.bytes(run, path).map(|bytes| ArtifactBytes {
            size: bytes.len() as u64,
            // Small chunks, so that readers meet more than one.
            chunks: stream::iter(chunks(&bytes, 7)).boxed(),
        }))
    }

    /// Those put there; nobody knows which of the others exist.
    async fn artifacts(&self, run: &RunId) -> Result<Vec<ArtifactEntry>> {
        let files = self.files();
        let own = files.iter().filter(|((owner, _), _)| owner == run);
        let entry =
            |path: &ArtifactPath, bytes: &Bytes| ArtifactEntry { path: path.clone(), size: Some(bytes.len() as u64) };
        Ok(own.filter_map(|((_, path), bytes)| Some(entry(path, bytes.as_ref()?))).collect())
    }
}

fn chunks(bytes: &Bytes, size: usize) -> Vec<Result<Bytes>> {
    (0..bytes.len()).step_by(size).map(|at| Ok(bytes.slice(at..bytes.len().min(at + size)))).collect()
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;
    use crate::fixture::artifact;

    async fn read(source: &MemoryArtifacts, path: &str) -> Option<(u64, usize)> {
        let file = source.artifact(&RunId::fresh(1), &artifact(path)).await.unwrap()?;
        let chunks: Vec<Bytes> = file.chunks.try_collect().await.unwrap();
        Some((file.size, chunks.concat().len()))
    }

    #[tokio::test]
    async fn a_path_describes_its_file_unless_told_otherwise() {
        let source = MemoryArtifacts::new();
        assert_eq!(read(&source, "d/b-15.bin").await, Some((15, 15)));
        assert_eq!(read(&source, "d/b.bin").await, None);
        source.put(&RunId::fresh(1), &artifact("d/b.bin"), "abc");
        source.remove(&RunId::fresh(1), &artifact("d/b-15.bin"));
        assert_eq!(read(&source, "d/b.bin").await, Some((3, 3)));
        assert_eq!(read(&source, "d/b-15.bin").await, None);
        let listed = source.artifacts(&RunId::fresh(1)).await.unwrap();
        assert_eq!(listed, [ArtifactEntry { path: artifact("d/b.bin"), size: Some(3) }]);
    }
}
