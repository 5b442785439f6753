//! A local file as a stream: while one piece is sent the next one is read, into the memory of one that was sent.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use tokio::task::{JoinHandle, spawn_blocking};

/// Bytes of one read. Smaller pieces cost more trips to a blocking thread, larger ones no longer stay in a processor's
/// cache on their way from file to socket.
const READ_BYTES: usize = 512 * 1024;
/// Pieces whose memory is kept: two that hyper has yet to send, and one that it has sent. With the one that is being read
/// this is the memory of a download, 2 MiB. Memory that is asked for anew each time has to be cleared by the kernel.
const KEPT: usize = 3;

type Reading = JoinHandle<io::Result<(File, Bytes)>>;

/// A download under way.
struct Download {
    rest: Range<u64>,
    /// Where the rest begins; `None` while it is read.
    file: Option<File>,
    reading: Option<Reading>,
    sent: Vec<Bytes>,
}

/// These bytes of a file, which must be there.
pub(crate) fn read(
    mut file: File,
    range: Range<u64>,
) -> io::Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static> {
    file.seek(SeekFrom::Start(range.start))?;
    let download = Download { rest: range, file: Some(file), reading: None, sent: Vec::new() };
    Ok(stream::try_unfold(download, |mut download| async move {
        let Some(reading) = download.reading.take().or_else(|| download.begin()) else { return Ok(None) };
        let (file, bytes) = reading.await.map_err(io::Error::other)??;
        download.file = Some(file);
        download.rest.start += bytes.len() as u64;
        download.reading = download.begin();
        if download.sent.len() == KEPT {
            download.sent.remove(0);
        }
        download.sent.push(bytes.clone());
        Ok(Some((bytes, download)))
    }))
}

impl Download {
    /// Begins to read the next piece, if there is one.
    fn begin(&mut self) -> Option<Reading> {
        let length = usize::try_from(self.rest.end - self.rest.start).unwrap_or(READ_BYTES).min(READ_BYTES);
        let mut file = self.file.take().filter(|_| length > 0)?;
        let mut piece = self.memory(length);
        Some(spawn_blocking(move || {
            file.read_exact(&mut piece)?;
            Ok((file, piece.freeze()))
        }))
    }

    fn memory(&mut self, length: usize) -> BytesMut {
        let free = self.sent.iter().position(Bytes::is_unique).map(|at| self.sent.remove(at));
        match free.map(Bytes::try_into_mut) {
            Some(Ok(mut piece)) => {
                piece.resize(length, 0);
                piece
            }
            _ => BytesMut::zeroed(length),
        }
    }
}
