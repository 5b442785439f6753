//! Values bound to a statement under construction.

use rusqlite::types::Value;

/// Values in the order of their numbers, from 1.
#[derive(Debug, Default, Clone)]
pub(crate) struct Binds(Vec<Value>);

impl Binds {
    /// Adds a value and returns the parameter that stands for it, e.g. `?3`.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.0.push(value.into());
        format!("?{}", self.0.len())
    }

    /// Adds a set of texts and returns the query that lists it: one parameter, however many there are.
    pub(crate) fn bind_set(&mut self, texts: &[String]) -> String {
        let json = serde_json::Value::from(texts).to_string();
        format!("(SELECT value FROM json_each({}))", self.bind(json))
    }

    /// Replaces the first value.
    pub(crate) fn set_first(&mut self, value: i64) {
        self.0[0] = value.into();
    }

    pub(crate) fn values(&self) -> &[Value] {
        &self.0
    }
}
