//! Digests of files and directories.

use serde::{Deserialize, Serialize};

/// What a file or directory is known by, in DVC's way and by SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest {
    /// As DVC 3 has it: MD5 in 32 hexadecimal digits, `.dir` behind it for a directory.
    pub md5: String,
    /// SHA-256 in 64 hexadecimal digits; of a directory, that of its list, see [`crate::Manifest::sha256`].
    pub sha256: String,
    /// In bytes; of a directory, that of all its files.
    pub size: u64,
    /// 1 for a file.
    pub files: u64,
}
