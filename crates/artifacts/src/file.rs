//! A stored artifact, ready to be read.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectMeta, ObjectStore};
use trackside_core::{ArtifactPath, Result, Timestamp};

use crate::{error, read_ahead};

/// One file as it was when it was looked up.
#[derive(Debug, Clone)]
pub struct ArtifactFile {
    store: Arc<dyn ObjectStore>,
    path: ArtifactPath,
    meta: ObjectMeta,
}

impl ArtifactFile {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, path: ArtifactPath, meta: ObjectMeta) -> Self {
        Self { store, path, meta }
    }

    /// Its path below the root.
    pub fn path(&self) -> &ArtifactPath {
        &self.path
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.meta.size
    }

    /// When it was published.
    pub fn modified_at(&self) -> Timestamp {
        Timestamp::from_millis(self.meta.last_modified.timestamp_millis())
    }

    /// Changes whenever the content does; without quotes.
    pub fn etag(&self) -> Option<&str> {
        self.meta.e_tag.as_deref().map(|tag| tag.trim_matches('"'))
    }

    /// Streams these bytes. The range must lie within the size.
    pub async fn read(&self, range: Range<u64>) -> Result<BoxStream<'static, Result<Bytes>>> {
        if range.is_empty() {
            return Ok(futures_util::stream::empty().boxed());
        }
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let found = self
            .store
            .get_opts(&self.meta.location, options)
            .await
            .map_err(|source| error::from_store(&self.path, source))?;
        let path = self.path.clone();
        Ok(match found.payload {
            // By itself `object_store` reads 8 KiB at a time, and nothing ahead.
            GetResultPayload::File(file, _) => {
                let bytes = read_ahead::read(file, found.range).map_err(|source| error::from_disk(&path, source))?;
                bytes.map_err(move |source| error::from_disk(&path, source)).boxed()
            }
            GetResultPayload::Stream(stream) => stream.map_err(move |source| error::from_store(&path, source)).boxed(),
        })
    }
}
