//! What both sides said when they last agreed.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};
use trackside_core::{Error, ErrorKind, Result, VersionNumber};

/// Version of the stored form.
const FORM: u32 = 1;

/// Stored form `trackside-mirror`, version 1: JSON, kept in the repository itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    v: u32,
    /// The registry: the digest of the first entry of its ledger.
    pub registry: String,
    /// By their names in git.
    pub(super) models: BTreeMap<String, BaseModel>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BaseModel {
    /// The last entry of the ledger when this was noted.
    pub(super) seq: u64,
    pub(super) versions: BTreeMap<Version, BaseVersion>,
    /// Which version each names, by its name in git.
    pub(super) aliases: BTreeMap<String, Version>,
    /// Objects of the tags that were there.
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BaseVersion {
    pub(super) number: VersionNumber,
    /// The entry that registered it.
    pub(super) entry: u64,
    /// Its stage by its name in git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stage: Option<String>,
}

impl BaseModel {
    /// Whether there is nothing to know.
    pub(super) fn is_empty(&self) -> bool {
        self.versions.is_empty() && self.aliases.is_empty() && self.tags.is_empty()
    }
}

impl Base {
    /// The last entry of the ledger that it knows of.
    pub fn seq(&self) -> u64 {
        self.models.values().map(|model| model.seq).max().unwrap_or_default()
    }

    /// That of sides that never agreed.
    pub fn new(registry: &str) -> Self {
        Self { v: FORM, registry: registry.to_owned(), ..Self::default() }
    }

    /// Reads the stored form.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let corrupt = |why: String| Error::new(ErrorKind::Corrupt, why);
        let form: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| corrupt(error.to_string()))?;
        match form.get("v").and_then(serde_json::Value::as_u64) {
            Some(v) if v == u64::from(FORM) => serde_json::from_value(form).map_err(|error| corrupt(error.to_string())),
            Some(v) => Err(corrupt(format!("it is of version {v}, {FORM} is known"))),
            None => Err(corrupt("it is no state of a mirror".to_owned())),
        }
    }

    /// The stored form.
    pub fn bytes(&self) -> Vec<u8> {
        // There is nothing in it that JSON lacks.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Takes for meant that tags are gone which were there.
    pub fn accept_deleted(&mut self, is_there: impl Fn(&str) -> bool) {
        for model in self.models.values_mut() {
            model.tags.retain(|name, _| is_there(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_is_this() {
        let text = r#"{"v":1,"registry":"ab","models":{"churn":{"seq":9,"versions":{"1.2.0":{"number":3,"entry":5,"stage":"production"}},"aliases":{"champion":"1.2.0"},"tags":{"churn@v1.2.0":"cd"}}}}"#;
        let base = Base::read(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(base.bytes()).unwrap(), text);
        for (bad, word) in [("{", "EOF"), ("{}", "no state"), (r#"{"v":2}"#, "version 2"), (r#"{"v":1,"x":1}"#, "x")] {
            let error = Base::read(bad.as_bytes()).unwrap_err();
            assert!(error.message().contains(word), "{}", error.message());
        }
    }
}
