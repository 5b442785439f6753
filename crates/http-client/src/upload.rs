//! A streamed request body of known length, and a watch over its progress.

use std::{
    error, fmt,
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use reqwest::Body;
use tokio::time::timeout;
use trackside_core::{ArtifactBytes, Error, ErrorKind, Result};

use crate::broken::Broken;

/// The chunks of an artifact.
type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// A body to stream.
#[derive(Debug)]
pub(crate) struct Upload {
    body: ArtifactBytes,
    watch: Watch,
}

/// How an upload fares.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch {
    sent: Arc<AtomicU64>,
    error: Arc<Mutex<Option<Error>>>,
}

impl Upload {
    pub(crate) fn new(body: ArtifactBytes) -> Self {
        Self { body, watch: Watch::default() }
    }

    pub(crate) const fn size(&self) -> u64 {
        self.body.size
    }

    pub(crate) fn watch(&self) -> Watch {
        self.watch.clone()
    }

    pub(crate) fn into_body(self) -> Body {
        Body::wrap_stream(watched(self.body, self.watch))
    }
}

/// The chunks, counted. Fails where the source does, and where there are more or fewer bytes than announced: else
/// the peer would keep a file that never was.
fn watched(body: ArtifactBytes, watch: Watch) -> impl Stream<Item = Result<Bytes, Cut>> + Send {
    let ArtifactBytes { size, chunks } = body;
    stream::try_unfold((chunks, 0), move |(mut chunks, sent)| {
        let watch = watch.clone();
        async move {
            let next = counted(&mut chunks, sent, size).await.map_err(|error| watch.keep(error))?;
            Ok(next.map(|(chunk, sent)| {
                watch.sent.store(sent, Ordering::Relaxed);
                (chunk, (chunks, sent))
            }))
        }
    })
}

/// The next chunk and how much there is with it. The last one is held back until the source has ended: a connection
/// asks for no more once it has what was announced.
async fn counted(chunks: &mut Chunks, sent: u64, size: u64) -> Result<Option<(Bytes, u64)>> {
    let Some(chunk) = chunks.next().await.transpose()? else {
        return if sent == size { Ok(None) } else { Err(changed()) };
    };
    let sent = sent + chunk.len() as u64;
    let has_more = sent == size && chunks.next().await.transpose()?.is_some_and(|more| !more.is_empty());
    if sent > size || has_more { Err(changed()) } else { Ok(Some((chunk, sent))) }
}

fn changed() -> Error {
    Error::new(ErrorKind::Unavailable, "an artifact changed while it was read")
}

impl Watch {
    fn keep(&self, error: Error) -> Cut {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        Cut
    }

    /// What was wrong with the body, if that ended the call.
    pub(crate) fn error(&self) -> Option<Error> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The outcome of an exchange, unless nothing moves for this long (and at most twice as long).
    pub(crate) async fn unless_stalled<T>(
        &self,
        limit: Duration,
        exchange: impl Future<Output = Result<T, Broken>> + Send,
    ) -> Result<T, Broken> {
        let mut exchange = pin!(exchange);
        loop {
            let before = self.sent.load(Ordering::Relaxed);
            match timeout(limit, &mut exchange).await {
                Ok(outcome) => return outcome,
                Err(_) if self.sent.load(Ordering::Relaxed) == before => return Err(Broken::Stalled(limit)),
                Err(_) => {}
            }
        }
    }
}

/// Stands for the error that the watch has.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body could not be read")
    }
}

impl error::Error for Cut {}
