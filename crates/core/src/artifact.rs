//! Paths of artifacts.

use std::fmt;

use crate::{Error, Result};

/// A relative path below an artifact root: segments joined by `/`; the empty path is the root itself.
///
/// No segment is empty, `.` or `..`, and none holds a NUL, a backslash or a control character, so a
/// path can never leave its root on any file system or object store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ArtifactPath(String);

impl ArtifactPath {
    /// Accepts `a/b`, with empty segments and a trailing `/` dropped; `Invalid` for anything that could escape.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = || Err(Error::invalid("Invalid path"));
        if text.starts_with('/') || has_drive_letter(text) {
            return invalid();
        }
        let mut path = String::with_capacity(text.len());
        for segment in text.split('/').filter(|segment| !segment.is_empty() && *segment != ".") {
            if segment == ".." || segment.chars().any(|c| c.is_control() || c == '\\') {
                return invalid();
            }
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(segment);
        }
        Ok(Self(path))
    }

    /// The root itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// Whether this is the root itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// This path with another below it.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        match (self.is_root(), below.is_root()) {
            (true, _) => below.clone(),
            (_, true) => self.clone(),
            _ => Self(format!("{}/{}", self.0, below.0)),
        }
    }

    /// The path as text, without leading or trailing `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment; empty for the root.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

/// `C:` or `C:/x`: absolute on Windows.
fn has_drive_letter(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && (bytes.len() == 2 || bytes[2] == b'/')
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file or directory of an artifact root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactEntry {
    /// Path below the root that was listed from.
    pub path: ArtifactPath,
    /// Bytes; `None` for a directory.
    pub size: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_root() {
        for bad in ["/etc/passwd", "..", "a/../b", "a/..", "C:/x", "c:", "a\\b", "a\0b", "a\nb"] {
            assert_eq!(ArtifactPath::parse(bad).unwrap_err().message(), "Invalid path", "{bad:?}");
        }
    }

    #[test]
    fn paths_are_normalised() {
        assert_eq!(ArtifactPath::parse("a//b/./c/").unwrap().as_str(), "a/b/c");
        assert!(ArtifactPath::parse("").unwrap().is_root());
        assert_eq!(ArtifactPath::parse("a b/ä%2e").unwrap().file_name(), "ä%2e");
    }
}
