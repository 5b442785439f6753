//! Bodies that are held in memory, and how much of it they may take.

use std::{
    io::{self, Read},
    ops::Deref,
    sync::Arc,
};

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that a decoder is asked for.
const DECODED_AT_ONCE: usize = 64 * 1024;

/// Memory for bodies. Clones share it.
#[derive(Debug, Clone)]
pub struct Bodies {
    max_bytes: usize,
    /// One permit is one byte.
    room: Arc<Semaphore>,
}

/// A body, and the room it takes until it is dropped.
#[derive(Debug)]
pub struct Held {
    bytes: Bytes,
    room: Option<OwnedSemaphorePermit>,
}

/// Why a body was not read. What is said of it is the protocol's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It is larger than this.
    TooLarge {
        /// The limit.
        max_bytes: usize,
    },
    /// Others take the room; it may be sent again.
    NoRoom,
    /// It could not be read to its end.
    Broken(String),
}

impl Deref for Held {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Bodies {
    /// Bodies of at most so many bytes each, and in all as much as so many of the largest. Who finds no room has to come
    /// again.
    pub fn of_at_most(max_bytes: usize, largest_at_once: usize) -> Self {
        let all = max_bytes.saturating_mul(largest_at_once).min(Semaphore::MAX_PERMITS);
        Self { max_bytes, room: Arc::new(Semaphore::new(all)) }
    }

    /// Reads a whole body.
    pub async fn read(&self, body: Body) -> Result<Held, Unread> {
        self.read_at_most(body, self.max_bytes).await
    }

    /// Reads a whole body that has a limit of its own.
    pub async fn read_at_most(&self, body: Body, max_bytes: usize) -> Result<Held, Unread> {
        let max_bytes = max_bytes.min(self.max_bytes);
        // Said beforehand: nobody waits for the rest.
        if body.size_hint().lower() > max_bytes as u64 {
            return Err(Unread::TooLarge { max_bytes });
        }
        let mut body = Limited::new(body, max_bytes);
        let mut held = Held { bytes: Bytes::new(), room: None };
        let mut several = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| broken(error.as_ref(), max_bytes))?;
            let Ok(chunk) = frame.into_data() else { continue };
            held.take_room(&self.room, chunk.len())?;
            // Most bodies are one chunk, which need not be copied.
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

    /// Reads what a decoder makes of a body, which may be no larger than a body. The outer error is the decoder's.
    pub fn decoded(&self, decoder: &mut dyn Read) -> io::Result<Result<Held, Unread>> {
        let mut held = Held { bytes: Bytes::new(), room: None };
        let mut bytes = BytesMut::new();
        let mut chunk = vec![0; DECODED_AT_ONCE];
        loop {
            let n = decoder.read(&mut chunk)?;
            if n == 0 {
                held.bytes = bytes.freeze();
                return Ok(Ok(held));
            }
            if bytes.len() + n > self.max_bytes {
                return Ok(Err(Unread::TooLarge { max_bytes: self.max_bytes }));
            }
            if let Err(full) = held.take_room(&self.room, n) {
                return Ok(Err(full));
            }
            bytes.extend_from_slice(&chunk[..n]);
        }
    }
}

impl Held {
    /// The same bytes once more; they count as held only as long as this is.
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    fn take_room(&mut self, room: &Arc<Semaphore>, bytes: usize) -> Result<(), Unread> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let more = Arc::clone(room).try_acquire_many_owned(bytes).map_err(|_| Unread::NoRoom)?;
        match &mut self.room {
            Some(taken) => taken.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

fn broken(error: &(dyn std::error::Error + 'static), max_bytes: usize) -> Unread {
    if error.is::<LengthLimitError>() {
        return Unread::TooLarge { max_bytes };
    }
    Unread::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn chunks(count: usize) -> Body {
        Body::from_stream(stream::iter((0..count).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(b"1234567890")))))
    }

    #[tokio::test]
    async fn a_body_is_read_whole_and_its_room_given_back() {
        let bodies = Bodies::of_at_most(20, 8);
        for _ in 0..100 {
            assert_eq!(&*bodies.read(chunks(2)).await.unwrap(), b"12345678901234567890");
        }
        assert!(bodies.read(Body::empty()).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_body_too_large_is_refused() {
        let refused = Bodies::of_at_most(20, 8).read(chunks(3)).await.unwrap_err();
        assert!(matches!(refused, Unread::TooLarge { .. }));
    }

    #[test]
    fn what_a_decoder_gives_is_bounded_as_well() {
        let bodies = Bodies::of_at_most(100_000, 8);
        assert_eq!(bodies.decoded(&mut io::repeat(7).take(100_000)).unwrap().unwrap().len(), 100_000);
        let refused = bodies.decoded(&mut io::repeat(7)).unwrap().unwrap_err();
        assert!(matches!(refused, Unread::TooLarge { .. }));
    }

    #[tokio::test]
    async fn bodies_that_find_no_room_are_told_to_come_again() {
        let bodies = Bodies::of_at_most(20, 8);
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(bodies.read(chunks(2)).await.unwrap());
        }
        assert_eq!(bodies.read(chunks(1)).await.unwrap_err(), Unread::NoRoom);
        held.pop();
        bodies.read(chunks(1)).await.unwrap();
    }
}
