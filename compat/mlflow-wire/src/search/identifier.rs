//! The left side of a condition, and what is ordered by: `entity.key`, or a bare key, which is an attribute.
//!
//! The text is split at the first dot; the key loses one pair of quotes, then one pair of backquotes, so dots, quotes
//! and blanks inside stay. Source: `_get_identifier` and its siblings in `utils/search_utils.py` of MLflow 3.17.2.

use trackside_core::{Error, Result};

use super::literal::unquoted;

/// What a key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entity {
    Metric,
    Param,
    Tag,
    Attribute,
    Dataset,
}

impl Entity {
    const ALL: [Self; 5] = [Self::Metric, Self::Param, Self::Tag, Self::Attribute, Self::Dataset];

    /// The word used in messages.
    pub(super) const fn as_str(self) -> &'static str {
        self.names()[0]
    }

    /// All spellings, in searches for runs; the first one is the official.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Metric => &["metric", "metrics"],
            Self::Param => &["parameter", "parameters", "param", "params"],
            Self::Tag => &["tag", "tags"],
            Self::Attribute => &["attribute", "attr", "attributes", "run"],
            Self::Dataset => &["dataset", "datasets"],
        }
    }
}

/// The attributes a dataset input is searched by.
const DATASET_KEYS: [&str; 3] = ["name", "digest", "context"];

/// Reads an identifier of a search for runs.
pub(super) fn of_run<'a>(identifier: &'a str, attributes: &[&str]) -> Result<(Entity, &'a str)> {
    let (entity, key) = identifier.split_once('.').unwrap_or((Entity::Attribute.as_str(), identifier));
    let name = trim_backquotes(entity);
    let entity = Entity::ALL.into_iter().find(|entity| entity.names().contains(&name)).ok_or_else(|| {
        let valid = Entity::ALL.map(|entity| format!("'{}'", entity.as_str())).join(", ");
        Error::invalid(format!("Invalid entity type '{name}'. Valid values are [{valid}]"))
    })?;
    let key = trim(key);
    match entity {
        Entity::Attribute if !attributes.contains(&key) => Err(unknown_attribute(key, attributes)),
        Entity::Dataset if !DATASET_KEYS.contains(&key) => Err(Error::invalid(format!(
            "Invalid dataset key '{key}' specified. Valid keys are '{}'",
            set(&DATASET_KEYS)
        ))),
        _ => Ok((entity, key)),
    }
}

/// Reads an identifier of any other search, where there are only attributes and tags.
pub(super) fn of_other<'a>(identifier: &'a str, attributes: &[&str]) -> Result<(Entity, &'a str)> {
    let (entity, key) = entity_of_other(identifier)?;
    let key = trim(key);
    if entity == Entity::Attribute && !attributes.contains(&key) {
        return Err(unknown_attribute(key, attributes));
    }
    Ok((entity, key))
}

/// Reads an identifier in a filter for registered models or model versions, where attributes cannot be quoted.
pub(super) fn of_registry<'a>(identifier: &'a str, attributes: &[&str]) -> Result<(Entity, &'a str)> {
    let (entity, key) = entity_of_other(identifier)?;
    if entity == Entity::Attribute && !attributes.contains(&key) {
        return Err(unknown_attribute(key, attributes));
    }
    Ok((entity, trim(key)))
}

fn entity_of_other(identifier: &str) -> Result<(Entity, &str)> {
    match identifier.split_once('.') {
        None => Ok((Entity::Attribute, identifier)),
        Some(("attribute", key)) => Ok((Entity::Attribute, key)),
        Some(("tag" | "tags", key)) => Ok((Entity::Tag, key)),
        Some((other, _)) => Err(Error::invalid(format!(
            "Invalid entity type '{other}'. Valid entity types are ('attribute', 'tag', 'tags')"
        ))),
    }
}

fn unknown_attribute(key: &str, attributes: &[&str]) -> Error {
    Error::invalid(format!("Invalid attribute key '{key}' specified. Valid keys are '{}'", set(attributes)))
}

/// A set as Python prints it; there the order is random, here it is the one given.
pub(super) fn set(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("'{name}'")).collect();
    format!("{{{}}}", quoted.join(", "))
}

pub(super) fn trim(key: &str) -> &str {
    trim_backquotes(unquoted(key).unwrap_or(key))
}

pub(super) fn trim_backquotes(text: &str) -> &str {
    text.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lose_one_pair_of_quotes() {
        for (identifier, key) in [
            ("tags.a.b", "a.b"),
            ("tags.`a b`", "a b"),
            ("tags.\"`a`\"", "a"),
            ("tags.'a'", "a"),
            ("`tags`.a", "a"),
            ("tags.", ""),
            ("tags. a", " a"),
            ("tags.`a`.`b`", "a`.`b"),
        ] {
            assert_eq!(of_run(identifier, &[]).unwrap(), (Entity::Tag, key), "{identifier}");
        }
    }

    #[test]
    fn attributes_of_the_registry_cannot_be_quoted() {
        assert!(of_other("`name`", &["name"]).is_ok());
        assert!(of_registry("`name`", &["name"]).is_err());
        assert!(of_other("`tags`.a", &[]).is_err());
    }
}
