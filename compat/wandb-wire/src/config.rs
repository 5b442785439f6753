//! The config of a run: one JSON document of `{"key": {"value": …}}`.
//!
//! The key `_wandb` is the client's own. In it `t` says that the run was begun by a client; without it a server's run
//! counts as never started and nobody can resume it. `m` lists what is known of metrics.

use serde_json::{Map, Value, json};
use trackside_core::{Error, ErrorKind, Result};

/// Where clients keep what is not the user's.
pub const RESERVED: &str = "_wandb";
/// The client whose protocol we speak.
const CLIENT_VERSION: &str = "0.31.0";

/// The document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document(Map<String, Value>);

impl Document {
    /// Reads the text of one. What is not an object at all is `Unavailable`: no server that works sends that.
    pub fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).map(Self).map_err(|error| {
            Error::new(ErrorKind::Unavailable, "the config of the run cannot be read").with_source(error)
        })
    }

    /// As text.
    pub fn to_text(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// Sets a value; the description of an entry stays.
    pub fn set(&mut self, key: &str, value: Value) {
        match self.0.get_mut(key) {
            Some(Value::Object(entry)) => drop(entry.insert("value".to_owned(), value)),
            _ => drop(self.0.insert(key.to_owned(), json!({ "value": value }))),
        }
    }

    /// A value.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.0.get(key)?.get("value")
    }

    /// Changes the object that is a value; an empty one takes the place of anything else.
    pub fn edit(&mut self, key: &str, change: impl FnOnce(&mut Map<String, Value>)) {
        let mut object = self.value(key).and_then(Value::as_object).cloned().unwrap_or_default();
        change(&mut object);
        self.set(key, Value::Object(object));
    }

    /// Says that a client began the run, and that this metric is not to be shown of its own accord.
    pub fn begin(&mut self, hidden_metric: &str) {
        self.edit(RESERVED, |own| {
            own.insert("t".to_owned(), json!({ "5": CLIENT_VERSION }));
            // 1 is the name; of the options in 6, 2 is hidden and 3 defined by hand.
            own.insert("m".to_owned(), json!([{ "1": hidden_metric, "6": [2, 3], "7": [] }]));
        });
    }

    /// Keys and values, sorted by key.
    pub fn values(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().filter_map(|(key, entry)| Some((key.as_str(), entry.get("value")?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_written_as_the_client_writes_it() {
        let mut document = Document::default();
        document.begin("hid");
        document.set("lr", json!(0.1));
        assert_eq!(
            document.to_text(),
            r#"{"_wandb":{"value":{"m":[{"1":"hid","6":[2,3],"7":[]}],"t":{"5":"0.31.0"}}},"lr":{"value":0.1}}"#
        );
    }

    #[test]
    fn what_others_wrote_stays() {
        let mut document = Document::parse(r#"{"a":{"value":1,"desc":"d"},"odd":3}"#).unwrap();
        document.set("a", json!(2));
        document.edit("b", |b| drop(b.insert("c".to_owned(), json!(null))));
        assert_eq!(document.to_text(), r#"{"a":{"desc":"d","value":2},"b":{"value":{"c":null}},"odd":3}"#);
        assert_eq!(document.value("odd"), None);
        assert!(Document::parse("[]").is_err());
    }
}
