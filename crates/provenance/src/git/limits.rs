//! Bounds of a capture.

use std::time::Duration;

/// How much is kept of what is not committed, and how long a capture may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// A larger file is left out of a snapshot, in bytes.
    pub file_bytes: u64,
    /// Most that a snapshot adds in all, in bytes.
    pub total_bytes: u64,
    /// Most files that a snapshot adds.
    pub files: u64,
    /// A capture that takes longer is a gap. libgit2 gets half of it, the program `git` what is left.
    pub timeout: Duration,
}

impl Default for Limits {
    /// Code fits well within; data does not, and belongs to `--data`.
    fn default() -> Self {
        Self { file_bytes: 10 << 20, total_bytes: 100 << 20, files: 10_000, timeout: Duration::from_secs(30) }
    }
}
