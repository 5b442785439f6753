//! How a section of the tree is read: key by key, with every fault collected.
//!
//! A [`Section`] is opened on a map, asked for each key it knows, and finished, at which point what nobody asked for is
//! an unknown key. A value that is wrong is reported and read as if it were absent, so that one run finds all faults.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;

use crate::config::{
    Environment, Fault,
    suggestion::nearest,
    value::{Entries, Node, Origin, Value},
};

/// A key, what it may hold, and a value that would be right.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) key: Cow<'static, str>,
    pub(crate) allowed: Cow<'static, str>,
    pub(crate) example: Cow<'static, str>,
}

impl Field {
    pub(crate) const fn new(key: &'static str, allowed: &'static str, example: &'static str) -> Self {
        Self { key: Cow::Borrowed(key), allowed: Cow::Borrowed(allowed), example: Cow::Borrowed(example) }
    }

    fn line(&self) -> String {
        format!("{}: {}", self.key, self.example)
    }
}

/// A value as it was resolved.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    /// Where in the tree, e.g. `sinks.prod.url`.
    pub(crate) path: String,
    /// The value; secrets are replaced.
    pub(crate) value: Json,
    /// Who gave it.
    pub(crate) origin: Origin,
}

/// What reading the tree yields besides the values.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) faults: Vec<Fault>,
    pub(crate) settings: Vec<Setting>,
    pub(crate) environment: Environment,
    /// The folder of the file, from which its relative paths count.
    folder: PathBuf,
}

impl Report {
    pub(crate) fn new(environment: Environment, file: Option<&Path>) -> Self {
        let folder = file.and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        Self { faults: Vec::new(), settings: Vec::new(), environment, folder }
    }

    /// A path as its giver meant it: what stands in the file is relative to the file's folder.
    pub(crate) fn anchored(&self, path: &str, origin: &Origin) -> PathBuf {
        match origin {
            Origin::File(_) => self.folder.join(path),
            _ => PathBuf::from(path),
        }
    }
}

/// A map that is being read.
#[derive(Debug)]
pub(crate) struct Section<'r> {
    pub(crate) report: &'r mut Report,
    path: String,
    entries: Entries,
    origin: Origin,
    known: Vec<Field>,
}

impl<'r> Section<'r> {
    /// Opens a map; nothing at all is an empty one.
    pub(crate) fn open(report: &'r mut Report, path: &str, value: Option<Value>, example: &str) -> Self {
        let (entries, origin) = match value {
            None => (Entries::new(), Origin::Default),
            Some(Value { node: Node::Empty, origin }) => (Entries::new(), origin),
            Some(Value { node: Node::Map(entries), origin }) => (entries, origin),
            Some(other) => {
                report.faults.push(Fault {
                    path: if path.is_empty() { "the whole file".to_owned() } else { path.to_owned() },
                    place: place(&other.origin),
                    found: other.found(),
                    allowed: "a map of keys".to_owned(),
                    example: example.to_owned(),
                });
                (Entries::new(), other.origin)
            }
        };
        Self { report, path: path.to_owned(), entries, origin, known: Vec::new() }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Takes a value out, to be read by other means.
    pub(crate) fn take(&mut self, field: &Field) -> Option<Value> {
        self.known.push(field.clone());
        self.entries.remove(field.key.as_ref())
    }

    /// Who gave a value that has not been read yet.
    pub(crate) fn origin_of(&self, key: &str) -> Option<&Origin> {
        self.entries.get(key).map(|value| &value.origin)
    }

    /// Reads a value where there is one. `parse` says what is wrong with it, or nothing when `allowed` says it all.
    pub(crate) fn optional<T>(
        &mut self,
        field: &Field,
        parse: impl FnOnce(&Value, &Report) -> Result<T, String>,
        shown: impl FnOnce(&T) -> Json,
    ) -> Option<T> {
        let value = self.take(field)?;
        match parse(&value, self.report) {
            Ok(parsed) => {
                self.resolved(&field.key, shown(&parsed), value.origin);
                Some(parsed)
            }
            Err(found) => {
                self.fault(field, &value.origin, found);
                None
            }
        }
    }

    /// Reads a value, or takes the default.
    pub(crate) fn or<T>(
        &mut self,
        field: &Field,
        default: T,
        parse: impl FnOnce(&Value, &Report) -> Result<T, String>,
        shown: impl Fn(&T) -> Json,
    ) -> T {
        if let Some(parsed) = self.optional(field, parse, &shown) {
            return parsed;
        }
        self.resolved(&field.key, shown(&default), Origin::Default);
        default
    }

    /// Reads a value that must be there. `None` after the fault was noted.
    pub(crate) fn required<T>(
        &mut self,
        field: &Field,
        parse: impl FnOnce(&Value, &Report) -> Result<T, String>,
        shown: impl FnOnce(&T) -> Json,
    ) -> Option<T> {
        if self.entries.contains_key(field.key.as_ref()) {
            return self.optional(field, parse, shown);
        }
        self.known.push(field.clone());
        self.missing(field);
        None
    }

    /// Notes a value and who gave it.
    pub(crate) fn resolved(&mut self, key: &str, value: Json, origin: Origin) {
        self.report.settings.push(Setting { path: self.path_of(key), value, origin });
    }

    /// Notes that a value is wrong.
    pub(crate) fn fault(&mut self, field: &Field, origin: &Origin, found: String) {
        let (allowed, example) = (field.allowed.clone().into_owned(), field.line());
        self.report.faults.push(Fault {
            path: self.path_of(&field.key),
            place: place(origin),
            found,
            allowed,
            example,
        });
    }

    /// Notes that a value is missing.
    pub(crate) fn missing(&mut self, field: &Field) {
        let origin = self.origin.clone();
        self.fault(field, &origin, "nothing".to_owned());
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn finish(self) {
        for (key, value) in &self.entries {
            let known = || self.known.iter().map(|field| field.key.as_ref());
            let meant = nearest(key, known()).and_then(|word| self.known.iter().find(|field| field.key == word));
            self.report.faults.push(Fault {
                path: self.path_of(key),
                place: place(&value.origin),
                found: match meant {
                    Some(field) => format!("an unknown key; did you mean `{}`?", field.key),
                    None => "an unknown key".to_owned(),
                },
                allowed: known().collect::<Vec<_>>().join(", "),
                example: meant.map(Field::line).unwrap_or_default(),
            });
        }
    }
}

fn place(origin: &Origin) -> String {
    match origin {
        Origin::Default => String::new(),
        given => given.to_string(),
    }
}
