//! Tags and params on the wire: a key and a text.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use trackside_core::KeyValue;

use crate::{Failure, names};

/// A tag of an experiment, run or model, or a param: all have this shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Absent counts as empty.
    #[serde(default)]
    pub key: Option<CompactString>,
    /// Absent counts as empty.
    #[serde(default)]
    pub value: Option<String>,
}

impl Tag {
    /// Checks key and length of the value and makes it one of core's. `parameter` is what messages call the key.
    pub fn checked(self, parameter: &str, max_value_chars: usize) -> Result<KeyValue, Failure> {
        let text = self.key.unwrap_or_default();
        let key = names::key(text, parameter)?;
        names::max_chars(key.as_str(), names::MAX_KEY_CHARS, "key")?;
        let value = self.value.unwrap_or_default();
        names::max_chars(&value, max_value_chars, "value")?;
        Ok(KeyValue { key, value })
    }
}

impl From<KeyValue> for Tag {
    fn from(tag: KeyValue) -> Self {
        Self { key: Some(tag.key.into()), value: Some(tag.value) }
    }
}
