//! Values that a client gives to a field. What is of another type than wanted counts as not given.

use serde_json::{Map, Value};
use trackside_core::{Error, Result};

/// The arguments of a field, or the fields of an input object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arguments(Map<String, Value>);

impl Arguments {
    /// These values by name.
    pub const fn new(values: Map<String, Value>) -> Self {
        Self(values)
    }

    /// The same, and one more.
    #[must_use]
    pub fn with(&self, name: &str, value: Value) -> Self {
        let mut values = self.0.clone();
        values.insert(name.to_owned(), value);
        Self(values)
    }

    /// A value; `None` when it is not given, or null.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name)?.as_str()
    }

    /// A text that is not empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// A text that must be there and not be empty. `Invalid` otherwise.
    pub fn required(&self, name: &str) -> Result<&str> {
        self.filled(name).ok_or_else(|| Error::invalid(format!("the argument '{name}' is missing")))
    }

    /// A whole number; texts that spell one count too.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.value(name)? {
            Value::String(text) => text.parse().ok(),
            #[expect(clippy::cast_possible_truncation, reason = "steps come as whole doubles")]
            number => number.as_i64().or_else(|| number.as_f64().map(|number| number as i64)),
        }
    }

    /// A size, cut to these bounds.
    pub fn size(&self, name: &str, default: usize, most: usize) -> usize {
        let size = self.integer(name).and_then(|size| usize::try_from(size).ok());
        size.unwrap_or(default).clamp(1, most)
    }

    /// A truth.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.value(name)?.as_bool()
    }

    /// Texts of a list; a single text is a list of one.
    pub fn texts(&self, name: &str) -> Option<Vec<&str>> {
        match self.value(name)? {
            Value::Array(items) => Some(items.iter().filter_map(Value::as_str).collect()),
            Value::String(text) => Some(vec![text]),
            _ => None,
        }
    }

    /// The input objects of a list.
    pub fn inputs(&self, name: &str) -> Vec<Self> {
        let items = self.value(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(Value::as_object).cloned().map(Self).collect()
    }

    /// The fields of an input object; none when it is not given.
    #[must_use]
    pub fn input(&self, name: &str) -> Self {
        Self(self.value(name).and_then(Value::as_object).cloned().unwrap_or_default())
    }
}
