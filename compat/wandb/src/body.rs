//! Bodies that are held in memory, and how much of it they may take.

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use trackside_core::{Error, ErrorKind, Result};

/// A client aims at 10 MiB of lines; escaping may inflate them.
const LEAST_MAX_BYTES: usize = 64 << 20;
/// How many bodies of the largest size may be held at once. Others are told to come again, and they do.
const LARGEST_AT_ONCE: usize = 4;

/// Memory for bodies. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Bodies {
    max_bytes: usize,
    /// One permit is one byte.
    room: Arc<Semaphore>,
}

/// A body, and the room it takes until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) bytes: Bytes,
    room: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    /// Bodies of at most so many bytes each, or 64 MiB if that is more, and four times that in all.
    pub(crate) fn of_at_most(max_bytes: usize) -> Self {
        let max_bytes = max_bytes.max(LEAST_MAX_BYTES);
        let all = max_bytes.saturating_mul(LARGEST_AT_ONCE).min(Semaphore::MAX_PERMITS);
        Self { max_bytes, room: Arc::new(Semaphore::new(all)) }
    }

    /// Reads a whole body.
    pub(crate) async fn read(&self, body: Body) -> Result<Held> {
        // Said beforehand: nobody waits for the rest.
        if body.size_hint().lower() > self.max_bytes as u64 {
            return Err(self.too_large());
        }
        let mut body = Limited::new(body, self.max_bytes);
        let mut held = Held { bytes: Bytes::new(), room: None };
        let mut several = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.refused(error.as_ref()))?;
            let Ok(chunk) = frame.into_data() else { continue };
            held.take_room(&self.room, chunk.len())?;
            if held.bytes.is_empty() && several.is_empty() {
                held.bytes = chunk;
                continue;
            }
            if several.is_empty() {
                several.extend_from_slice(&held.bytes);
            }
            several.extend_from_slice(&chunk);
        }
        if !several.is_empty() {
            held.bytes = several.freeze();
        }
        Ok(held)
    }

    fn too_large(&self) -> Error {
        Error::invalid(format!("the request is larger than {} bytes", self.max_bytes))
    }

    fn refused(&self, error: &(dyn std::error::Error + 'static)) -> Error {
        if error.is::<LengthLimitError>() {
            return self.too_large();
        }
        // The connection broke off; whoever is still there tries again.
        Error::new(ErrorKind::Unavailable, "the request could not be read to its end")
    }
}

impl Held {
    fn take_room(&mut self, room: &Arc<Semaphore>, bytes: usize) -> Result<()> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let more = Arc::clone(room)
            .try_acquire_many_owned(bytes)
            .map_err(|_| Error::new(ErrorKind::Unavailable, "too many large requests at once; try again later"))?;
        match &mut self.room {
            Some(taken) => taken.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}
