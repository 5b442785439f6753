//! What is remembered of a subject, as text with a version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trackside_core::{Error, ErrorKind, Result, VersionNumber};

use crate::{EventKind, notice::Notice};

/// Version of the stored form.
const VERSION: u32 = 1;

/// What is remembered of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Memory {
    v: u32,
    /// The id of the last notice of each kind, so that what is said twice is told once.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) told: BTreeMap<EventKind, String>,
    /// Which version holds or last held a stage or an alias.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) targets: BTreeMap<String, Holder>,
    /// Notices of digests that are not sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) held: Vec<Held>,
}

/// The last holder of a stage or an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Holder {
    pub(crate) version: VersionNumber,
    /// Whether it still does.
    pub(crate) holds: bool,
}

/// A notice that waits for its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Held {
    /// The end of its period, in milliseconds since the epoch.
    pub(crate) until: i64,
    pub(crate) notice: Notice,
}

impl Memory {
    /// From what [`Self::write`] has made.
    pub(crate) fn read(text: Option<&str>) -> Result<Self> {
        let Some(text) = text else { return Ok(Self::default()) };
        let corrupt =
            |why: String| Error::new(ErrorKind::Corrupt, format!("what was remembered cannot be read: {why}"));
        let memory: Self = serde_json::from_str(text).map_err(|error| corrupt(error.to_string()))?;
        if memory.v == VERSION { Ok(memory) } else { Err(corrupt(format!("it is of version {}", memory.v))) }
    }

    /// Nothing for nothing: most runs are never told of.
    pub(crate) fn write(&self) -> Result<Option<String>> {
        let memory = Self { v: VERSION, ..self.clone() };
        if memory == (Self { v: VERSION, ..Self::default() }) {
            return Ok(None);
        }
        let text = serde_json::to_string(&memory);
        text.map(Some).map_err(|error| Error::internal("a memory cannot be written").with_source(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::tests::{failed, promoted};

    #[test]
    fn the_stored_form_is_this() {
        let memory = Memory {
            told: [(EventKind::RunFailed, "ab".into())].into(),
            targets: [("@champion".into(), Holder { version: 3, holds: true })].into(),
            held: vec![Held { until: 60_000, notice: Notice { id: "cd".into(), ..promoted() } }],
            ..Memory::default()
        };
        let text = r#"{"v":1,"told":{"run.failed":"ab"},"targets":{"@champion":{"version":3,"holds":true}},"held":[{"until":60000,"notice":{"id":"cd","event":"promotion.done","at":1735787045678,"about":{"version":{"model":"a b/c","version":3,"target":"@champion","previous":2}},"by":"alice","reason":"it is\nbetter"}}]}"#;
        assert_eq!(memory.write().unwrap().unwrap(), text);
        assert_eq!(Memory::read(Some(text)).unwrap(), Memory { v: 1, ..memory });
        let held = vec![Held { until: 1, notice: failed("n") }];
        let run = Memory { held, v: 1, ..Memory::default() };
        assert_eq!(Memory::read(run.write().unwrap().as_deref()).unwrap(), run);
    }

    #[test]
    fn nothing_is_nothing_and_other_versions_are_refused() {
        assert_eq!(Memory::read(None).unwrap().write().unwrap(), None);
        assert!(Memory::read(Some(r#"{"v":2}"#)).is_err());
        assert!(Memory::read(Some("x")).is_err());
    }
}
