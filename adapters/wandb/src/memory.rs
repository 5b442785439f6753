//! What the destination asks to be told with the next batch of a run.
//!
//! Most of it is the summary, because the server takes it whole: some 40 bytes per metric, never more than what each
//! delivery sends anyway. The config is not kept: it changes seldom and is read back when it does.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use trackside_core::{Error, ErrorKind, Result};
use trackside_wandb_wire::extended_json;

/// Version of the stored form.
const VERSION: u32 = 1;

/// Of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    version: u32,
    /// Project of the run.
    pub(crate) project: String,
    /// Whose project; of a server only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) entity: String,
    /// Milliseconds since the epoch.
    pub(crate) started_at: i64,
    /// How it ended, if it did.
    pub(crate) exit_code: Option<i32>,
    /// How far its history goes.
    pub(crate) history: History,
    /// Latest value of each metric.
    pub(crate) summary: BTreeMap<String, Double>,
    /// Of a run directory only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<RecordFile>,
}

/// How far the history of a run goes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct History {
    /// Rows that are written.
    pub(crate) closed: u64,
    /// The last row of all.
    pub(crate) last: Option<Place>,
    /// The last row, which is over and will be written next; its line number is `closed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) over: Option<Row>,
    /// The last row, while it may still be added to; its line number will be `closed`.
    pub(crate) open: Option<Row>,
}

/// Where a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// `_step`: rises from row to row.
    pub(crate) number: i64,
    /// Milliseconds since the epoch, of its latest point.
    pub(crate) time: i64,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The step that the points have.
    pub(crate) step: i64,
    /// Where it stands.
    pub(crate) place: Place,
    /// Its points.
    pub(crate) values: BTreeMap<String, Double>,
}

/// How far a record file goes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecordFile {
    /// Name of the run directory.
    pub(crate) directory: String,
    /// Bytes that are final.
    pub(crate) bytes: u64,
    /// Records that are final.
    pub(crate) records: i64,
    /// Keys of the datasets in its config: of each the first stays.
    pub(crate) datasets: BTreeSet<String>,
}

impl Memory {
    /// Of a run that has just begun.
    pub(crate) fn begin(project: String, started_at: i64) -> Self {
        Self {
            version: VERSION,
            project,
            entity: String::new(),
            started_at,
            exit_code: None,
            history: History::default(),
            summary: BTreeMap::new(),
            file: None,
        }
    }

    /// Reads the stored form; `Corrupt` for anything else.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let memory: Self = serde_json::from_str(text).map_err(|error| {
            Error::new(ErrorKind::Corrupt, "what the sink remembers cannot be read").with_source(error)
        })?;
        if memory.version == VERSION {
            return Ok(memory);
        }
        Err(Error::new(ErrorKind::Corrupt, format!("what the sink remembers has version {}", memory.version)))
    }

    /// The stored form.
    pub(crate) fn to_text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::internal("the memory cannot be written").with_source(error))
    }
}

/// A double that survives JSON: what is no finite number is a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Double(pub(crate) f64);

impl PartialEq for Double {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits() || (self.0.is_nan() && other.0.is_nan())
    }
}

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(self.0)
        } else {
            serializer.serialize_str(&extended_json::number(self.0))
        }
    }
}

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(f64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(number) => Ok(Self(number)),
            // Rust reads the three spellings of W&B.
            Form::Text(text) => text.parse().map(Self).map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_is_read_back() {
        let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.1, f64::from_bits(1)];
        let mut memory = Memory::begin("p".into(), 1);
        memory.summary = (0..).map(|n| format!("m{n}")).zip(values.map(Double)).collect();
        let place = Place { number: 2, time: 3 };
        let row = Row { step: i64::MIN, place, values: memory.summary.clone() };
        let history = History { closed: 1, last: Some(place), over: None, open: None };
        for history in [History { open: Some(row.clone()), ..history.clone() }, History { over: Some(row), ..history }]
        {
            memory.history = history;
            assert_eq!(Memory::parse(&memory.to_text().unwrap()).unwrap(), memory);
        }
    }

    #[test]
    fn another_version_is_refused() {
        let text = Memory::begin("p".into(), 1).to_text().unwrap();
        assert_eq!(
            Memory::parse(&text.replace(":1,\"project", ":2,\"project")).unwrap_err().kind(),
            ErrorKind::Corrupt
        );
        assert_eq!(Memory::parse("nonsense").unwrap_err().kind(), ErrorKind::Corrupt);
    }
}
