use serde::{Deserialize, Serialize};

use crate::VersionNumber;

/// What of a model or a version an effect is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Facet {
    /// Whether it is there: `true` or nothing. Whatever else it had goes with it.
    Present,
    /// The name of the model.
    Name,
    /// Its description.
    Description,
    /// The tag of a key.
    Tag,
    /// The version, in decimal, that an alias names; the key is the alias.
    Alias,
    /// The stage of a version.
    Stage,
    /// Where its files come from.
    Source,
    /// The run that made it.
    Run,
    /// A promotion of a version: [`crate::Promotion::told`]; the key is its number.
    Promotion,
    /// What somebody says to a promotion, `approve` or `reject`; the key is its number, a slash, and who it is.
    Vote,
}

/// One thing that is otherwise than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// Of this version; absent for the model itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionNumber>,
    /// What of it.
    pub what: Facet,
    /// Which tag or alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What it was; absent for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it is now; absent for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl Effect {
    /// On the model itself.
    pub fn of_model(what: Facet, before: Option<String>, after: Option<String>) -> Self {
        Self { version: None, what, key: None, before, after }
    }

    /// On one of its versions.
    pub fn of_version(version: VersionNumber, what: Facet, before: Option<String>, after: Option<String>) -> Self {
        Self { version: Some(version), what, key: None, before, after }
    }

    /// The same on the tag or alias of this key.
    #[must_use]
    pub fn at(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// Whether anything is otherwise.
    pub fn is_any(&self) -> bool {
        self.before != self.after
    }
}
