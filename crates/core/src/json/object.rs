//! Values by key, in the order in which the keys came.

use super::Json;

/// A JSON object. No key twice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object(Vec<(String, Json)>);

impl Object {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// Sets the value of a key, which keeps its place if it has one.
    pub fn set(&mut self, key: impl Into<String>, value: Json) {
        let key = key.into();
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, present)) => *present = value,
            None => self.0.push((key, value)),
        }
    }

    /// Sets all values of another.
    pub fn update(&mut self, other: Self) {
        let known = std::mem::take(self);
        *self = known.into_iter().chain(other).collect();
    }

    /// Removes a key and returns its value.
    pub fn take(&mut self, key: &str) -> Option<Json> {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(at).1)
    }

    /// Keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn sorted(self) -> Self {
        let mut pairs: Vec<_> = self.0.into_iter().map(|(key, value)| (key, value.sorted())).collect();
        pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self(pairs)
    }
}

impl IntoIterator for Object {
    type Item = (String, Json);
    type IntoIter = std::vec::IntoIter<(String, Json)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<(String, Json)> for Object {
    /// Of a key given twice the last value stays, in the place of the first.
    fn from_iter<I: IntoIterator<Item = (String, Json)>>(pairs: I) -> Self {
        let mut places = std::collections::HashMap::new();
        let mut object = Vec::new();
        for (key, value) in pairs {
            if let Some(&place) = places.get(&key) {
                object[place] = (key, value);
            } else {
                places.insert(key.clone(), object.len());
                object.push((key, value));
            }
        }
        Self(object)
    }
}
