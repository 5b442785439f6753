//! What is wrong with a configuration, said so that it can be put right without reading anything else.

use std::{error, fmt, path::PathBuf};

use serde::Serialize;
use trackside_admin::shape;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    /// Where in the tree, e.g. `sinks.prod.url`; empty when the text is no YAML.
    pub(crate) path: String,
    /// The line, variable or flag; empty when nobody gave the value.
    pub(crate) place: String,
    /// What stands there. Never a secret.
    pub(crate) found: String,
    /// What may stand there.
    pub(crate) allowed: String,
    /// A line that would be right.
    pub(crate) example: String,
}

impl Fault {
    /// The text is no YAML.
    pub(crate) fn syntax(place: String, what: impl Into<String>) -> Self {
        Self { path: String::new(), place, found: what.into(), allowed: String::new(), example: String::new() }
    }
}

impl From<Fault> for shape::Fault {
    fn from(fault: Fault) -> Self {
        let Fault { path, place, found, allowed, example } = fault;
        Self { path, place, found, allowed, example }
    }
}

impl From<shape::Fault> for Fault {
    fn from(fault: shape::Fault) -> Self {
        let shape::Fault { path, place, found, allowed, example } = fault;
        Self { path, place, found, allowed, example }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.path.as_str(), self.place.as_str()) {
            ("", place) => return write!(f, "{place}: {}", self.found),
            (path, "") => write!(f, "{path}: found {}", self.found)?,
            (path, place) => write!(f, "{path} ({place}): found {}", self.found)?,
        }
        if !self.allowed.is_empty() {
            write!(f, "; allowed: {}", self.allowed)?;
        }
        if !self.example.is_empty() {
            write!(f, "; example: {}", self.example)?;
        }
        Ok(())
    }
}

impl Fault {
    /// Its line in the file; faults of other places come after those of all lines.
    fn line(&self) -> usize {
        let number = self.place.strip_prefix("line ").and_then(|rest| rest.split(',').next());
        number.and_then(|number| number.parse().ok()).unwrap_or(usize::MAX)
    }
}

/// All that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Faults {
    /// The file, when there is one.
    pub(crate) file: Option<PathBuf>,
    /// At least one, in the order of the file.
    pub(crate) faults: Vec<Fault>,
}

impl Faults {
    pub(crate) fn new(file: Option<PathBuf>, mut faults: Vec<Fault>) -> Self {
        faults.sort_by_key(Fault::line);
        Self { file, faults }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = match self.faults.len() {
            1 => "1 fault".to_owned(),
            n => format!("{n} faults"),
        };
        match &self.file {
            Some(file) => write!(f, "{}: {count}", file.display())?,
            None => write!(f, "configuration: {count}")?,
        }
        for fault in &self.faults {
            match (fault.path.as_str(), fault.place.as_str()) {
                ("", place) => write!(f, "\n\n  {place}: {}", fault.found)?,
                (path, "") => write!(f, "\n\n  {path}\n    found    {}", fault.found)?,
                (path, place) => write!(f, "\n\n  {path} ({place})\n    found    {}", fault.found)?,
            }
            if !fault.allowed.is_empty() {
                write!(f, "\n    allowed  {}", fault.allowed)?;
            }
            if !fault.example.is_empty() {
                write!(f, "\n    example  {}", fault.example)?;
            }
        }
        Ok(())
    }
}

impl error::Error for Faults {}
