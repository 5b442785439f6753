//! A run held against a filter.

use std::cmp::Ordering;

use trackside_core::{Json, Object, Run, Timestamp};

use super::{Compare, Field, Filter, Test, instant};
use crate::{leaves, run_tag};

/// A run with all that filters and orders look at.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// The run.
    pub run: &'a Run,
    /// Its whole config, if it is needed.
    pub config: Option<Object>,
    /// Its whole summary, if it is needed.
    pub summary: Option<Object>,
    /// When it was last heard of.
    pub heartbeat: Timestamp,
}

impl Candidate<'_> {
    /// Whether it passes.
    pub fn passes(&self, filter: &Filter) -> bool {
        filter.holds(&|field| (self.value(field), is_instant(field)))
    }

    /// The value of a field; null when there is none.
    pub fn value(&self, field: &Field) -> Json {
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map_or(Json::Null, Json::from);
        let info = &self.run.info;
        match field {
            Field::Name => run_tag::name(self.run).into(),
            Field::DisplayName => info.name.as_str().into(),
            Field::State => run_tag::state(self.run).into(),
            Field::User => info.user.as_str().into(),
            Field::Tag(key) => text(run_tag::value(self.run, key)),
            Field::Labels => Json::List(run_tag::labels(self.run).iter().map(|label| label.as_str().into()).collect()),
            Field::CreatedAt => Json::from(info.started_at.millis()),
            Field::HeartbeatAt => Json::from(self.heartbeat.millis()),
            Field::Duration => {
                let end = info.ended_at.unwrap_or(self.heartbeat);
                Json::from(end.millis().saturating_sub(info.started_at.millis()) / 1000)
            }
            Field::Config(path) => self.config.as_ref().map_or(Json::Null, |config| in_config(config, path)),
            Field::Summary(path) => self.summary.as_ref().map_or(Json::Null, |summary| at(summary, path)),
            Field::Unknown => Json::Null,
        }
    }
}

impl<F> Filter<F> {
    fn holds(&self, value: &dyn Fn(&F) -> (Json, bool)) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(value)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(value)),
            Self::Not(inner) => !inner.holds(value),
            Self::Field(field, test) => {
                let (value, is_instant) = value(field);
                holds(&value, test, is_instant)
            }
        }
    }
}

impl Filter<String> {
    /// Whether something passes whose fields these are. What ends in `_at` is an instant; a name with dots that is no
    /// field's leads into one that is an object.
    pub fn passes(&self, fields: &Object) -> bool {
        self.holds(&|name| (at(fields, name), name.ends_with("_at")))
    }
}

const fn is_instant(field: &Field) -> bool {
    matches!(field, Field::CreatedAt | Field::HeartbeatAt)
}

/// The value at a path of a config, whose entries hold their values under `value`.
fn in_config(config: &Object, path: &str) -> Json {
    let entry = |key: &str| config.get(key)?.as_object()?.get("value");
    if let Some(value) = entry(path) {
        return value.clone();
    }
    // The longest key that is there; the rest of the path leads on.
    let splits = path.char_indices().filter(|(_, c)| *c == '.').map(|(at, _)| at);
    let mut found = splits.filter_map(|dot| {
        let (key, rest) = (path.get(..dot)?, path.get(dot + 1..)?);
        Some(at(entry(key)?.as_object()?, rest))
    });
    found.rfind(|value| *value != Json::Null).unwrap_or(Json::Null)
}

fn at(object: &Object, path: &str) -> Json {
    if let Some(value) = object.get(path) {
        return value.clone();
    }
    let leaves = leaves::of(object);
    leaves.into_iter().find(|(key, _)| key == path).map_or(Json::Null, |(_, leaf)| leaf.clone())
}

fn holds(value: &Json, test: &Test, is_instant: bool) -> bool {
    match test {
        Test::Equal(operand) => equal(value, operand, is_instant),
        Test::Compare(by, operand) => ordered(value, operand, is_instant).is_some_and(|order| match by {
            Compare::Less => order.is_lt(),
            Compare::LessOrEqual => order.is_le(),
            Compare::Greater => order.is_gt(),
            Compare::GreaterOrEqual => order.is_ge(),
        }),
        Test::In(operands) => operands.iter().any(|operand| equal(value, operand, is_instant)),
        Test::Exists(wanted) => (*value != Json::Null) == *wanted,
        Test::Matches(regex) => match value {
            Json::Text(text) => regex.is_match(text),
            Json::List(items) => items.iter().filter_map(Json::as_text).any(|text| regex.is_match(text)),
            _ => false,
        },
    }
}

fn equal(value: &Json, operand: &Json, is_instant: bool) -> bool {
    if ordered(value, operand, is_instant) == Some(Ordering::Equal) || value == operand {
        return true;
    }
    // A list is equal to what it holds.
    matches!(value, Json::List(items) if items.iter().any(|item| equal(item, operand, false)))
}

/// The order of two values of one kind. A text that spells a number is that number beside one: MLflow's params are texts.
fn ordered(value: &Json, operand: &Json, is_instant: bool) -> Option<Ordering> {
    if is_instant {
        return instant(value).zip(instant(operand)).map(|(a, b)| a.cmp(&b));
    }
    match (value, operand) {
        (Json::Text(a), Json::Text(b)) => Some(a.cmp(b)),
        (Json::Bool(a), Json::Bool(b)) => Some(a.cmp(b)),
        // As Python prints them in params.
        (Json::Text(a), Json::Bool(b)) => match a.as_str() {
            "True" => Some(true.cmp(b)),
            "False" => Some(false.cmp(b)),
            _ => None,
        },
        (a, b) => number(a)?.partial_cmp(&number(b)?),
    }
}

pub(super) fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Integer(_) | Json::Float(_) => leaves::number(value),
        Json::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}
