//! A whole line: version, position, subject, and what the subject calls for.
//!
//! Version and subject are read before anything else. So a line of a later version is named as such whatever its
//! shape, and the rest is read in one pass into the right types.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
    ser::SerializeMap,
};

use super::{
    FIRST_VERSION, VERSION,
    list::{List, Stored},
    logged_model::CreatedForm,
    run::StartedForm,
    version_of,
};
use crate::{
    Batch, Event, Key, LoggedModelBatch, LoggedModelChange, LoggedModelCreated, LoggedModelId, RegisteredModelBatch,
    RegistryEvent, Result, RunBatch, RunId, RunStarted, Seq, Timestamp,
};

/// A batch on its way to or from its line.
pub(super) struct Line<'a>(Cow<'a, Batch>);

impl<'a> Line<'a> {
    pub(super) const fn of(batch: &'a Batch) -> Self {
        Self(Cow::Borrowed(batch))
    }

    pub(super) fn into_batch(self) -> Batch {
        self.0.into_owned()
    }
}

/// The keys a line begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Head {
    V,
    Seq,
    Run,
    LoggedModel,
    RegisteredModel,
}

/// What follows when the subject is a run.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfRun {
    started: Option<StartedForm<'static>>,
    events: List<'static, Event>,
}

/// What follows when it is a logged model.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfLoggedModel {
    created: Option<CreatedForm<'static>>,
    changes: List<'static, (LoggedModelChange, Timestamp)>,
}

/// What follows when it is a registered model.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfRegisteredModel {
    events: List<'static, RegistryEvent>,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry(&Head::V, &version_of(&self.0))?;
        line.serialize_entry(&Head::Seq, &self.0.last().0)?;
        match &*self.0 {
            Batch::Run(batch) => {
                line.serialize_entry(&Head::Run, batch.run.as_str())?;
                if let Some(started) = &batch.started {
                    line.serialize_entry("started", &started.form())?;
                }
                line.serialize_entry("events", &List::of(&batch.events))?;
            }
            Batch::LoggedModel(batch) => {
                line.serialize_entry(&Head::LoggedModel, batch.model.as_str())?;
                if let Some(created) = &batch.created {
                    line.serialize_entry("created", &created.form())?;
                }
                line.serialize_entry("changes", &List::of(&batch.changes))?;
            }
            Batch::RegisteredModel(batch) => {
                line.serialize_entry(&Head::RegisteredModel, batch.model.as_str())?;
                line.serialize_entry("events", &List::of(&batch.events))?;
            }
        }
        line.end()
    }
}

impl<'de> Deserialize<'de> for Line<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LineVisitor).map(|batch| Self(Cow::Owned(batch)))
    }
}

struct LineVisitor;

impl<'de> Visitor<'de> for LineVisitor {
    type Value = Batch;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line of `trackside-events`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Batch, A::Error> {
        let version: u32 = expect(&mut map, Head::V, "a line begins with its version `v`")?;
        if !(FIRST_VERSION..=VERSION).contains(&version) {
            return Err(A::Error::custom(format!("it has version {version}, this build knows {VERSION}")));
        }
        let last = Seq(expect(&mut map, Head::Seq, "`seq` follows the version")?);
        let Some(subject) = map.next_key()? else {
            return Err(A::Error::custom("the subject is missing"));
        };
        let batch = match subject {
            Head::Run => {
                let run = RunId::parse(&map.next_value::<Cow<'_, str>>()?).map_err(A::Error::custom)?;
                let rest = OfRun::deserialize(MapAccessDeserializer::new(map))?;
                let started = rest.started.map(RunStarted::from_form).transpose().map_err(A::Error::custom)?;
                Batch::Run(RunBatch { run, started, events: rest.events.into_vec(), last })
            }
            Head::LoggedModel => {
                let model = LoggedModelId::parse(&map.next_value::<Cow<'_, str>>()?).map_err(A::Error::custom)?;
                let rest = OfLoggedModel::deserialize(MapAccessDeserializer::new(map))?;
                let created = rest.created.map(LoggedModelCreated::from_form).transpose().map_err(A::Error::custom)?;
                Batch::LoggedModel(LoggedModelBatch { model, created, changes: rest.changes.into_vec(), last })
            }
            Head::RegisteredModel => {
                let model = Key::new(map.next_value::<String>()?).map_err(A::Error::custom)?;
                let rest = OfRegisteredModel::deserialize(MapAccessDeserializer::new(map))?;
                Batch::RegisteredModel(RegisteredModelBatch { model, events: rest.events.into_vec(), last })
            }
            Head::V | Head::Seq => return Err(A::Error::custom("the subject follows `seq`")),
        };
        if version_of(&batch) > version {
            return Err(A::Error::custom(format!("it has version {version}, which lacks what it holds")));
        }
        Ok(batch)
    }
}

/// The value of the next key, which must be this one.
fn expect<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    map: &mut A,
    head: Head,
    rule: &'static str,
) -> Result<T, A::Error> {
    if map.next_key::<Head>()? == Some(head) { map.next_value() } else { Err(A::Error::custom(rule)) }
}
