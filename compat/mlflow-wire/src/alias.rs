//! Aliases of model versions: shapes of `/mlflow/registered-models/alias`.

use serde::{Deserialize, Serialize};
use trackside_core::{Key, VersionNumber};

use crate::{
    Failure, model_version::version_number, names::max_chars, registered_model::model_name, request::required,
};

/// Longest alias, in characters.
pub const MAX_ALIAS_CHARS: usize = 255;

/// `POST registered-models/alias`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SetAlias {
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl SetAlias {
    /// The name of the model, the alias, and the version it is to name.
    pub fn checked(self) -> Result<(Key, Key, VersionNumber), Failure> {
        let name = required(self.name, "name")?;
        let text = required(self.alias, "alias")?;
        let version = required(self.version, "version")?;
        let name = model_name(name, "name")?;
        let alias = alias(&text)?;
        if text.eq_ignore_ascii_case("latest") {
            return Err(Failure::invalid("'latest' alias name (case insensitive) is reserved."));
        }
        if text.strip_prefix(['v', 'V']).is_some_and(|rest| !rest.is_empty() && rest.chars().all(char::is_numeric)) {
            return Err(Failure::invalid(format!("Version alias name '{text}' is reserved.")));
        }
        let number = version_number(&name, &version)?;
        Ok((name, alias, number))
    }
}

/// `GET` and `DELETE registered-models/alias`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AliasByName {
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

impl AliasByName {
    /// The name of the model and the alias.
    pub fn checked(self) -> Result<(Key, Key), Failure> {
        let name = required(self.name, "name")?;
        let text = required(self.alias, "alias")?;
        Ok((model_name(name, "name")?, alias(&text)?))
    }
}

/// An alias in the answer for a registered model.
#[derive(Debug, Serialize, Deserialize)]
pub struct ModelAlias {
    /// Unique in its model.
    pub alias: String,
    /// A decimal number.
    pub version: String,
}

impl From<(Key, VersionNumber)> for ModelAlias {
    fn from((alias, number): (Key, VersionNumber)) -> Self {
        Self { alias: alias.as_str().to_owned(), version: number.to_string() }
    }
}

fn alias(text: &str) -> Result<Key, Failure> {
    if !text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        return Err(Failure::invalid(format!(
            "Invalid alias name: '{text}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )));
    }
    max_chars(text, MAX_ALIAS_CHARS, "Registered model alias name")?;
    Ok(Key::new(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(alias: &str) -> Result<(Key, Key, VersionNumber), String> {
        let text = |text: &str| Some(text.to_owned());
        let request = SetAlias { name: text("m"), alias: text(alias), version: text("1") };
        request.checked().map_err(|failure| failure.message)
    }

    #[test]
    fn some_aliases_are_reserved() {
        for good in ["champion", "1", "vv1", "v", "v1a", "é", "also-champion_1", &"a".repeat(255)] {
            assert_eq!(set(good).unwrap().1.as_str(), good);
        }
        assert_eq!(set("LaTeSt").unwrap_err(), "'latest' alias name (case insensitive) is reserved.");
        assert_eq!(set("V20").unwrap_err(), "Version alias name 'V20' is reserved.");
    }

    #[test]
    fn aliases_are_words() {
        for bad in ["a b", "a.b", "a/b"] {
            assert!(set(bad).unwrap_err().starts_with(&format!("Invalid alias name: '{bad}'.")));
        }
        assert_eq!(
            set(&"a".repeat(256)).unwrap_err(),
            "'Registered model alias name' exceeds the maximum length of 255 characters"
        );
    }
}
