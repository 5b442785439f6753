//! The files of a directory.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use trackside_core::Error;

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

    /// Reads a document of this or an older release. The message says what is wrong with it.
    pub fn read(json: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let malformed = |error| Error::invalid(format!("not a list of files: {error}"));
        let head: Head = serde_json::from_slice(json).map_err(malformed)?;
        match head.version {
            VERSION => serde_json::from_slice(json).map_err(malformed),
            newer => Err(Error::invalid(format!(
                "a list of files of version {newer}, which needs a newer release of Trackside"
            ))),
        }
    }

    /// The document as it is stored: one line, because there may be a million files.
    #[expect(clippy::missing_panics_doc, reason = "it does not panic, as the message says")]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec(self).expect("all keys are texts");
        json.push(b'\n');
        json
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let entry = |path: &str| ManifestEntry { path: path.into(), md5: "m".into(), sha256: "s".into(), size: 1 };
        let manifest = Manifest::new(vec![entry("b"), entry("a")]);
        let json = manifest.to_json();
        assert!(json.starts_with(br#"{"version":1,"files":[{"path":"a","#));
        assert_eq!(Manifest::read(&json).unwrap(), manifest);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        assert!(Manifest::read(b"{}").unwrap_err().message().starts_with("not a list of files"));
        assert!(Manifest::read(br#"{"version":1}"#).unwrap_err().message().starts_with("not a list of files"));
        assert!(Manifest::read(br#"{"version":2}"#).unwrap_err().message().contains("newer release"));
    }
}
