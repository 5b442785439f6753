//! The files of a directory.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Every file below a directory: what later differences are told from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the document, 1.
    version: u32,
    /// Sorted by path, as texts.
    pub files: Vec<ManifestEntry>,
}

/// A file of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// Below the directory, with `/`.
    pub path: String,
    /// MD5 in hexadecimal.
    pub md5: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// In bytes.
    pub size: u64,
}

/// The version that this release writes.
const VERSION: u32 = 1;

impl Manifest {
    /// Of these files, in whatever order.
    pub fn new(mut files: Vec<ManifestEntry>) -> Self {
        files.sort_unstable();
        Self { version: VERSION, files }
    }

    /// SHA-256 over a line `<sha256>  <path>` for each file, as `sha256sum` writes them, in hexadecimal. A line feed or
    /// backslash in a path is escaped there, so each line is one file.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for file in &self.files {
            let escaped = file.path.contains(['\\', '\n', '\r']);
            let path = file.path.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
            hash.update(format!("{}{}  {path}\n", if escaped { "\\" } else { "" }, file.sha256));
        }
        hex::encode(hash.finalize())
    }
}
