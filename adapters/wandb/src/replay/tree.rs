//! A document that is told value by value, under keys and paths of keys. Values are extended JSON.

use std::collections::BTreeMap;

use serde_json::Value;
use trackside_wandb_wire::{
    extended_json::{self, Object},
    record::{Item, Items},
};

/// A value, or values by key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Value(String),
    Keys(BTreeMap<String, Tree>),
}

impl Default for Tree {
    fn default() -> Self {
        Self::Keys(BTreeMap::new())
    }
}

impl Tree {
    /// What a record changes.
    pub(super) fn apply(&mut self, items: &Items) {
        for item in &items.update {
            self.set(&path(item), &item.value_json);
        }
        for item in &items.remove {
            self.remove(&path(item));
        }
    }

    /// Sets one value.
    pub(super) fn set(&mut self, path: &[&str], json: &str) {
        match path.split_first() {
            None => *self = Self::Value(json.to_owned()),
            Some((key, rest)) => self.keys().entry((*key).to_owned()).or_default().set(rest, json),
        }
    }

    fn remove(&mut self, path: &[&str]) {
        let Some((key, rest)) = path.split_first() else { return };
        if rest.is_empty() {
            self.keys().remove(*key);
        } else if let Some(below) = self.keys().get_mut(*key) {
            below.remove(rest);
        }
    }

    /// Its keys; a value that is an object is taken apart, any other gives way.
    fn keys(&mut self) -> &mut BTreeMap<String, Self> {
        if let Self::Value(json) = self {
            let object = match serde_json::from_str(&extended_json::strict(json)) {
                Ok(Value::Object(object)) => object,
                _ => serde_json::Map::new(),
            };
            *self = Self::Keys(object.into_iter().map(|(key, value)| (key, Self::Value(value.to_string()))).collect());
        }
        match self {
            Self::Keys(keys) => keys,
            Self::Value(_) => unreachable!("it was taken apart"),
        }
    }

    /// Keys and values at the top.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, String)> {
        let keys = match self {
            Self::Keys(keys) => Some(keys),
            Self::Value(_) => None,
        };
        keys.into_iter().flatten().map(|(key, below)| (key.as_str(), below.text()))
    }

    /// As extended JSON.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Value(json) => json.clone(),
            Self::Keys(keys) => {
                let mut object = Object::default();
                for (key, below) in keys {
                    object.raw(key, &below.text());
                }
                object.finish()
            }
        }
    }
}

fn path(item: &Item) -> Vec<&str> {
    if item.nested_key.is_empty() {
        vec![item.key.as_str()]
    } else {
        item.nested_key.iter().map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_set_and_removed_below_each_other() {
        let mut tree = Tree::default();
        let update = vec![
            Item::new("a", r#"{"b":1,"n":NaN}"#),
            Item::nested(&["a", "c"], "[2]"),
            Item::new("d", "-Infinity"),
            Item::new("e", "3"),
            Item::nested(&["e", "f"], "4"),
        ];
        tree.apply(&Items { update, remove: vec![Item::nested(&["a", "b"], ""), Item::nested(&["x", "y"], "")] });
        assert_eq!(tree.text(), r#"{"a":{"c":[2],"n":"NaN"},"d":-Infinity,"e":{"f":4}}"#);
        tree.apply(&Items { update: vec![], remove: vec![Item::new("a", ""), Item::new("e", "")] });
        assert_eq!(tree.entries().collect::<Vec<_>>(), [("d", "-Infinity".to_owned())]);
    }
}
