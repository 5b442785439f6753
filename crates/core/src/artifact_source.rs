//! Where a destination reads the bytes of artifacts that events refer to.

use std::{fmt, pin::Pin};

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;

use crate::{ArtifactEntry, ArtifactPath, Result, RunId};

/// The bytes of an artifact, streamed.
pub struct ArtifactBytes {
    /// How many there are.
    pub size: u64,
    /// The bytes, in chunks of any size.
    pub chunks: Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>,
}

impl fmt::Debug for ArtifactBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArtifactBytes").field("size", &self.size).finish_non_exhaustive()
    }
}

/// Opens artifacts of runs as they are now.
#[async_trait]
pub trait ArtifactSource: fmt::Debug + Send + Sync + 'static {
    /// `None` when it is gone: an event that tells so is on its way, and the destination may pass over this one.
    async fn artifact(&self, run: &RunId, path: &ArtifactPath) -> Result<Option<ArtifactBytes>>;

    /// Every file of a run, by path; what a sink that is added later is told of. Empty for an unknown run.
    async fn artifacts(&self, run: &RunId) -> Result<Vec<ArtifactEntry>>;
}
