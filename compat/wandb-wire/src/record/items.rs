//! Values by key: config, summary, rows of metrics.

use prost::Message;

/// Changes of config or summary.
#[derive(Clone, PartialEq, Message)]
pub struct Items {
    /// What is set.
    #[prost(message, repeated, tag = "1")]
    pub update: Vec<Item>,
    /// What is removed.
    #[prost(message, repeated, tag = "2")]
    pub remove: Vec<Item>,
}

/// One value, under one key or under a path of keys.
#[derive(Clone, PartialEq, Message)]
pub struct Item {
    /// The key.
    #[prost(string, tag = "1")]
    pub key: String,
    /// The path, when the key is empty.
    #[prost(string, repeated, tag = "2")]
    pub nested_key: Vec<String>,
    /// The value as extended JSON.
    #[prost(string, tag = "16")]
    pub value_json: String,
}

/// A row of metrics. `_step` must be among the items: without it the rows are numbered anew.
#[derive(Clone, PartialEq, Message)]
pub struct History {
    /// The values.
    #[prost(message, repeated, tag = "1")]
    pub item: Vec<Item>,
    /// The step once more.
    #[prost(message, optional, tag = "2")]
    pub step: Option<Step>,
}

/// A step.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Step {
    /// The number.
    #[prost(int64, tag = "1")]
    pub num: i64,
}

impl Item {
    /// A value under one key.
    pub fn new(key: impl Into<String>, value_json: impl Into<String>) -> Self {
        Self { key: key.into(), nested_key: Vec::new(), value_json: value_json.into() }
    }

    /// A value under a path of keys.
    pub fn nested(path: &[&str], value_json: impl Into<String>) -> Self {
        let nested_key = path.iter().map(|key| (*key).to_owned()).collect();
        Self { key: String::new(), nested_key, value_json: value_json.into() }
    }
}
