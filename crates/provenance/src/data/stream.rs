//! Hashes a stream of bytes, a chunk at a time.
//!
//! MD5 is the slowest part and cannot be split, so a big file is a pipeline: this thread reads and computes SHA-256,
//! another computes MD5. A chunk is handed on and comes back; nothing is copied or shared, and four of them are all the
//! memory it takes.

use std::{
    io::{self, Read},
    mem,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use md5::Md5;
use sha2::{Digest as _, Sha256};

use super::{
    dos2unix::{CHUNK, Dos2Unix},
    file_hash::FileHash,
};

/// Chunks in flight: one with each thread, and one between them.
const CHUNKS: usize = 4;

/// Hashes to the end on this thread. `tick` is told how many bytes were read.
pub(crate) fn hash(reader: &mut impl Read, legacy: bool, tick: impl Fn(u64)) -> io::Result<(FileHash, u64)> {
    let (mut md5, mut sha256, mut dos2unix) = (Md5::new(), Sha256::new(), legacy.then(Dos2Unix::default));
    let (mut chunk, mut size) = (Vec::new(), 0);
    while fill(reader, &mut chunk)? {
        md5.update(&chunk);
        sha256.update(&chunk);
        if let Some(dos2unix) = &mut dos2unix {
            dos2unix.update(&chunk);
        }
        size += chunk.len() as u64;
        tick(chunk.len() as u64);
    }
    Ok((together(md5, sha256, dos2unix), size))
}

/// The same on two threads, or three for the legacy hash.
pub(crate) fn hash_in_parallel(
    reader: &mut impl Read,
    legacy: bool,
    tick: impl Fn(u64),
) -> io::Result<(FileHash, u64)> {
    thread::scope(|scope| {
        let (full, to_md5) = sync_channel(CHUNKS);
        let (back, returned) = sync_channel(CHUNKS);
        let (md5, dos2unix) = if legacy {
            let (next, to_dos2unix) = sync_channel(CHUNKS);
            let md5 = scope.spawn(move || each(&to_md5, &next, Md5::new(), |hash, chunk| hash.update(chunk)));
            let own = move || each(&to_dos2unix, &back, Dos2Unix::default(), Dos2Unix::update);
            (md5, Some(scope.spawn(own)))
        } else {
            (scope.spawn(move || each(&to_md5, &back, Md5::new(), |hash, chunk| hash.update(chunk))), None)
        };
        let read = feed(reader, full, &returned, tick);
        let md5 = md5.join().expect("a hash does not panic");
        let dos2unix = dos2unix.map(|thread| thread.join().expect("a hash does not panic"));
        let (sha256, size) = read?;
        Ok((together(md5, sha256, dos2unix), size))
    })
}

/// Reads, hashes and hands on, until the end. Dropping `full` ends the other threads.
fn feed(
    reader: &mut impl Read,
    full: SyncSender<Vec<u8>>,
    returned: &Receiver<Vec<u8>>,
    tick: impl Fn(u64),
) -> io::Result<(Sha256, u64)> {
    let (mut sha256, mut size, mut made) = (Sha256::new(), 0, 0);
    loop {
        let mut chunk = if made < CHUNKS { Vec::new() } else { returned.recv().unwrap_or_default() };
        made += 1;
        if !fill(reader, &mut chunk)? {
            drop(full);
            return Ok((sha256, size));
        }
        let length = chunk.len() as u64;
        sha256.update(&chunk);
        size += length;
        if full.send(chunk).is_err() {
            return Err(io::Error::other("a thread that hashes has ended"));
        }
        tick(length);
    }
}

/// Feeds every chunk that comes to a hash, and hands it on.
fn each<H>(from: &Receiver<Vec<u8>>, to: &SyncSender<Vec<u8>>, mut hash: H, update: impl Fn(&mut H, &[u8])) -> H {
    for chunk in from {
        update(&mut hash, &chunk);
        // Nobody takes chunks back any more once the file is at its end.
        mem::drop(to.send(chunk));
    }
    hash
}

/// Fills the chunk as far as there are bytes; false at the end.
fn fill(reader: &mut impl Read, chunk: &mut Vec<u8>) -> io::Result<bool> {
    chunk.clear();
    chunk.reserve_exact(CHUNK);
    reader.take(CHUNK as u64).read_to_end(chunk)?;
    Ok(!chunk.is_empty())
}

fn together(md5: Md5, sha256: Sha256, dos2unix: Option<Dos2Unix>) -> FileHash {
    FileHash { md5: md5.finalize().into(), sha256: sha256.finalize().into(), legacy: dos2unix.map(Dos2Unix::finish) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives what a slow disk or a signal might: a few bytes at a time.
    struct Dribble<'a>(&'a [u8]);

    impl Read for Dribble<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = buffer.len().min(self.0.len()).min(70_001);
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    /// Lines that end as those of DOS do, none of them a multiple of a chunk.
    fn bytes(length: usize) -> Vec<u8> {
        b"abcdefghijklmnopqrstuvwxyz,0123456789\r\n".iter().copied().cycle().take(length).collect()
    }

    #[test]
    fn threads_and_small_reads_make_no_difference() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 9 * CHUNK + 5] {
            let bytes = bytes(length);
            let expected =
                FileHash { md5: Md5::digest(&bytes).into(), sha256: Sha256::digest(&bytes).into(), legacy: None };
            let alone = hash(&mut bytes.as_slice(), true, |_| ()).unwrap();
            assert_eq!((FileHash { legacy: None, ..alone.0 }, alone.1), (expected, length as u64));
            assert_eq!(hash_in_parallel(&mut Dribble(&bytes), true, |_| ()).unwrap(), alone);
            assert_eq!(hash_in_parallel(&mut Dribble(&bytes), false, |_| ()).unwrap().0, expected);
        }
    }

    #[test]
    fn an_error_while_reading_ends_all_threads() {
        struct Broken(usize);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 = self.0.checked_sub(1).ok_or_else(|| io::Error::other("the disk is gone"))?;
                buffer.fill(0);
                Ok(buffer.len())
            }
        }
        for legacy in [false, true] {
            let error = hash_in_parallel(&mut Broken(7), legacy, |_| ()).unwrap_err();
            assert_eq!(error.to_string(), "the disk is gone");
        }
    }
}
