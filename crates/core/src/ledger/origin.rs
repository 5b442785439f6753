use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Key, PromotionId};

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
    /// What allows it, where that has to be shown.
    #[serde(skip)]
    pub warrant: Option<Warrant>,
}

/// What allows a change: it was looked at, and found right, as of an entry of the ledger. A change that brings a warrant is
/// made only while that is still the last entry of the model; otherwise it is a `Conflict`, and has to be looked at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warrant {
    /// Number of the last entry on the model at that time.
    pub as_of: u64,
    /// What was found, where there are rules: beside the change in the ledger.
    pub evidence: Option<Value>,
    /// The pending promotion that is done with the change.
    pub promotion: Option<PromotionId>,
}

impl Origin {
    /// Nobody in particular.
    pub const NOBODY: Self = Self { name: None, address: None, client: None, reason: None, warrant: None };
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
