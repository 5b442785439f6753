//! Answers: what was found, cut to what was asked for.
//!
//! Lists of runs and points are turned into JSON item by item while they are written: as trees they would take several
//! times their memory.

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value as Json, json};
use trackside_core::{Key, Point, RunId};

use super::{
    plan::{Shape, Shown},
    schema::Kind,
};
use crate::{Experiment, ModelVersion, Run, history_page::PlainMetric};

/// What was found for a field at the top.
#[derive(Debug)]
pub enum Found {
    /// The answer of REST.
    Answer(Json),
    /// A run.
    Run(Box<RelatedRun>),
    /// A page of runs, and where it goes on.
    Runs(Vec<RelatedRun>, Option<String>),
    /// Points of one metric, run after run.
    Points(Key, Vec<(RunId, Vec<Point>)>),
    /// Null, or the name of a type.
    Nothing,
}

impl Found {
    /// The answer of REST.
    pub fn answer(answer: &impl Serialize) -> Self {
        Self::Answer(tree(answer))
    }

    /// This text.
    pub fn echo(text: &str) -> Self {
        Self::Answer(json!({ "output": text }))
    }
}

/// A run with what REST does not send with it, where that was asked for.
#[derive(Debug, Serialize)]
pub struct RelatedRun {
    /// The run.
    #[serde(flatten)]
    pub run: Run,
    /// The one it belongs to.
    pub experiment: Option<Experiment>,
    /// Those that it made.
    pub model_versions: Vec<ModelVersion>,
}

impl Shape {
    /// The whole answer. What could not be found is null, and why is in `errors`.
    pub fn to_json(&self, found: Vec<Result<Found, String>>) -> Vec<u8> {
        let mut errors = Vec::new();
        let found: Vec<_> = found.into_iter().map(|found| found.map_err(|why| errors.push(why)).ok()).collect();
        let data = Data { shown: &self.0, found: &found };
        written(&Whole { data: Some(data), errors: (!errors.is_empty()).then_some(errors) })
    }
}

/// The answer to a query that cannot be.
pub fn refusal(why: String) -> Vec<u8> {
    written(&Whole { data: None, errors: Some(vec![why]) })
}

#[derive(Serialize)]
struct Whole<'a> {
    data: Option<Data<'a>>,
    errors: Option<Vec<String>>,
}

struct Data<'a> {
    shown: &'a [Shown],
    found: &'a [Option<Found>],
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_map(self.shown.iter().zip(self.found).map(|(shown, found)| (&shown.key, Top { shown, found })))
    }
}

/// A field at the top.
struct Top<'a> {
    shown: &'a Shown,
    found: &'a Option<Found>,
}

impl Serialize for Top<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = |value| Value { shown: self.shown, value };
        match self.found {
            None => serializer.serialize_none(),
            Some(Found::Nothing) => match self.shown.kind {
                Kind::TypeName(name) => serializer.serialize_str(name),
                _ => serializer.serialize_none(),
            },
            Some(Found::Answer(answer)) => value(answer).serialize(serializer),
            Some(Found::Run(run)) => value(&json!({ "run": tree(run) })).serialize(serializer),
            Some(Found::Runs(runs, next)) => {
                let rest = json!({ "next_page_token": next });
                self.listed(serializer, "runs", &|| Box::new(runs.iter().map(tree)), &rest)
            }
            Some(Found::Points(key, runs)) => {
                let points = runs.iter().flat_map(|(run, points)| points.iter().map(move |point| (run, point)));
                let tree = |(run, point): (&RunId, &Point)| tree(&PlainMetric::of(key, Some(run.as_str()), point));
                self.listed(serializer, "metrics", &|| Box::new(points.clone().map(tree)), &Json::Null)
            }
        }
    }
}

impl Top<'_> {
    /// An object one field of which is a list that is made while it is written.
    fn listed<'a, S: Serializer>(
        &self,
        serializer: S,
        source: &str,
        items: &dyn Fn() -> Box<dyn Iterator<Item = Json> + 'a>,
        rest: &Json,
    ) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.shown.inner.len()))?;
        for shown in &self.shown.inner {
            if shown.source == source {
                map.serialize_entry(&shown.key, &Items { shown: &shown.inner, items })?;
            } else {
                map.serialize_entry(&shown.key, &Value { shown, value: &rest[&shown.source] })?;
            }
        }
        map.end()
    }
}

struct Items<'a, 'i> {
    shown: &'a [Shown],
    items: &'a dyn Fn() -> Box<dyn Iterator<Item = Json> + 'i>,
}

impl Serialize for Items<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.items)().map(|item| Owned { shown: self.shown, object: item }))
    }
}

/// An object that is there only while it is written.
struct Owned<'a> {
    shown: &'a [Shown],
    object: Json,
}

impl Serialize for Owned<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Object { shown: self.shown, object: &self.object }.serialize(serializer)
    }
}

struct Object<'a> {
    shown: &'a [Shown],
    object: &'a Json,
}

impl<'a> Serialize for Object<'a> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = |shown: &'a Shown| Value { shown, value: &self.object[&shown.source] };
        serializer.collect_map(self.shown.iter().map(|shown| (&shown.key, value(shown))))
    }
}

/// A field of an object. Where REST leaves something out, GraphQL has what protobuf has by default: empty texts, zeros,
/// empty lists, and objects full of these.
struct Value<'a> {
    shown: &'a Shown,
    value: &'a Json,
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { shown, value } = self;
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        match shown.kind {
            Kind::TypeName(name) => serializer.serialize_str(name),
            Kind::Absent(_) => serializer.serialize_none(),
            Kind::Object(_) => Object { shown: &shown.inner, object: value }.serialize(serializer),
            Kind::Objects(_) => {
                serializer.collect_seq(items.iter().map(|object| Object { shown: &shown.inner, object }))
            }
            Kind::Texts => items.serialize(serializer),
            Kind::Long => serializer.collect_str(&value.as_i64().unwrap_or_default()),
            // NaN is a text in REST.
            Kind::Float => value.as_f64().serialize(serializer),
            Kind::Flag => value.as_bool().unwrap_or_default().serialize(serializer),
            Kind::Text => serializer.serialize_str(value.as_str().unwrap_or_default()),
            Kind::Choice(_) => value.serialize(serializer),
        }
    }
}

fn tree(value: &impl Serialize) -> Json {
    serde_json::to_value(value).expect("keys of the shapes of REST are texts")
}

fn written(answer: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(answer).expect("keys of an answer are texts")
}
