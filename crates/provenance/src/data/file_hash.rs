//! The hashes of one file's bytes.

use std::{fs::Metadata, os::unix::fs::MetadataExt as _};

/// What a file's bytes are known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHash {
    /// What DVC 3 records.
    pub md5: [u8; 16],
    /// For everybody else.
    pub sha256: [u8; 32],
    /// What DVC 2 recorded, where it was asked for; see `dos2unix.rs`.
    pub legacy: Option<[u8; 16]>,
}

/// What the file system says of a file: while this is the same, so are its bytes, but for a change within the clock's
/// resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileKey {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    /// In bytes.
    pub(crate) size: u64,
    /// When its bytes were changed, in nanoseconds since 1970. Programs may set it at will.
    pub(crate) mtime_ns: i64,
    /// When anything of it was changed. Programs cannot set it.
    pub(crate) ctime_ns: i64,
}

impl FileKey {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let ns = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            mtime_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            ctime_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}
