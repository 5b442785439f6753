//! Names that clients choose: keys of metrics, params and tags, names of experiments and models.
//!
//! The rule here is what every store can hold; a protocol's own narrower rule lives in its wire crate.

use std::fmt;

use compact_str::CompactString;

use crate::{Error, Result};

/// Longest key or name in bytes: MLflow's 500 characters of at most four bytes each.
pub const MAX_KEY_BYTES: usize = 2_000;

/// A key or name: at most [`MAX_KEY_BYTES`] bytes, without NUL. May be empty: old MLflow clients tag so. Most have at
/// most 24 bytes, which take no memory elsewhere: requests and answers have thousands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(CompactString);

impl Key {
    /// Checks the rule; `Invalid` otherwise.
    pub fn new(text: impl Into<CompactString>) -> Result<Self> {
        let text = text.into();
        if text.len() > MAX_KEY_BYTES {
            return Err(Error::invalid(format!("a key has {} bytes, at most {MAX_KEY_BYTES} are allowed", text.len())));
        }
        if text.contains('\0') {
            return Err(Error::invalid("a key contains a NUL character"));
        }
        Ok(Self(text))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Key> for CompactString {
    fn from(key: Key) -> Self {
        key.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key with a text value: a param (written once) or a tag (mutable) of a run, experiment or model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValue {
    /// What it is called.
    pub key: Key,
    /// Any text, possibly empty.
    pub value: String,
}

impl KeyValue {
    /// Checks the key.
    pub fn new(key: impl Into<CompactString>, value: impl Into<String>) -> Result<Self> {
        Ok(Self { key: Key::new(key)?, value: value.into() })
    }
}

/// A param: written once; the same value again is harmless.
pub type Param = KeyValue;
/// A tag: the last write wins.
pub type Tag = KeyValue;
