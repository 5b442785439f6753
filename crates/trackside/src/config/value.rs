//! The configuration as a tree of texts, each with the place it comes from.
//!
//! Scalars stay as they were written: whether `007` is a number or a password is known only to whoever reads it.

use std::{collections::BTreeMap, fmt};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody gave it.
    Default,
    /// A line of the file, from 1.
    File(usize),
    /// A variable of the environment.
    Variable(String),
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(line) => write!(f, "line {line}"),
            Self::Variable(name) => f.write_str(name),
            Self::Flag => f.write_str("command line"),
        }
    }
}

/// The entries of a map, by key.
pub(crate) type Entries = BTreeMap<String, Value>;

/// What stands at a place.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// Nothing, or `null`.
    Empty,
    /// A text, number or truth value, as written.
    Scalar(String),
    /// A list.
    List(Vec<Value>),
    /// A map.
    Map(Entries),
}

/// A part of the configuration.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// What it is.
    pub(crate) node: Node,
    /// Where it stands.
    pub(crate) origin: Origin,
}

impl Value {
    /// A map without entries.
    pub(crate) fn empty_map(origin: Origin) -> Self {
        Self { node: Node::Map(Entries::new()), origin }
    }

    /// The text of a scalar.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.node {
            Node::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The entry of a map, made when it is absent. `None` when this is not a map.
    pub(crate) fn entry(&mut self, key: &str, absent: impl FnOnce() -> Self) -> Option<&mut Self> {
        if self.node == Node::Empty {
            self.node = Node::Map(Entries::new());
        }
        match &mut self.node {
            Node::Map(entries) => Some(entries.entry(key.to_owned()).or_insert_with(absent)),
            _ => None,
        }
    }

    /// What a user wrote, in short.
    pub(crate) fn found(&self) -> String {
        match &self.node {
            Node::Empty => "nothing".to_owned(),
            Node::Scalar(text) => format!("`{}`", without_credentials(text)),
            Node::List(items) => format!("a list of {}", items.len()),
            Node::Map(entries) => {
                let keys: Vec<&str> = entries.keys().map(String::as_str).collect();
                if keys.is_empty() { "an empty map".to_owned() } else { format!("a map with {}", keys.join(", ")) }
            }
        }
    }
}

/// Values may be secrets, so only their sort is shown.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::Empty => f.write_str("Empty"),
            Node::Scalar(_) => f.write_str("Scalar(..)"),
            Node::List(items) => f.debug_list().entries(items).finish(),
            Node::Map(entries) => f.debug_map().entries(entries).finish(),
        }
    }
}

/// A text with what stands between `://` and `@` taken out: it may be a password.
pub(crate) fn without_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://[hidden]@{host}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_addresses_are_not_repeated() {
        assert_eq!(without_credentials("https://me:p@ss@host/x"), "https://[hidden]@host/x");
        assert_eq!(without_credentials("https://host/@x"), "https://[hidden]@x");
        assert_eq!(without_credentials("me@host"), "me@host");
    }

    #[test]
    fn debug_shows_no_value() {
        let secret = Value { node: Node::Scalar("hunter2".into()), origin: Origin::Flag };
        let map = Value { node: Node::Map(Entries::from([("token".into(), secret)])), origin: Origin::Flag };
        assert_eq!(format!("{map:?}"), r#"{"token": Scalar(..)}"#);
    }
}
