use serde::{Deserialize, Serialize};

use crate::Key;

/// Who changes something, as far as it is known. The default is nobody in particular.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Name of the API key. Nobody else can claim it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "name")]
    pub name: Option<Key>,
    /// Where the request came from, or a sink or command of this process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the client calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Why, in its own words; beside `by` in the stored form.
    #[serde(skip)]
    pub reason: Option<String>,
}

impl Origin {
    /// Nobody in particular.
    pub const NOBODY: Self = Self { name: None, address: None, client: None, reason: None };
}

mod name {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::Key;

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(name: &Option<Key>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(name.as_ref().map(Key::as_str).unwrap_or_default())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Key>, D::Error> {
        Key::new(String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
    }
}
