//! What of a filter a store can search by.
//!
//! Every run that passes the filter passes what is made of it here; the other way round holds only where it is said to.

use trackside_core::{
    Json, Key, RunStatus,
    query::{Compare as By, Filter as Search, RunField, Test as Hold},
};

use super::{Compare, Field, Filter, Test, instant};
use crate::{leaves, run_tag};

/// A search, and whether it finds nothing that does not pass the filter.
type Part = (Search<RunField>, bool);

impl Filter {
    /// A search that finds at least the runs that pass; and whether it finds no others.
    pub fn search(&self) -> (Search<RunField>, bool) {
        match self {
            Self::All(parts) => joined(parts, Search::All),
            Self::Any(parts) => joined(parts, Search::Any),
            Self::Not(inner) => match inner.search() {
                (search, true) => (Search::Not(Box::new(search)), true),
                (_, false) => everything(),
            },
            Self::Field(field, test) => leaf(field, test).unwrap_or_else(everything),
        }
    }
}

fn joined(parts: &[Filter], make: fn(Vec<Search<RunField>>) -> Search<RunField>) -> Part {
    let (searches, exact): (Vec<_>, Vec<_>) = parts.iter().map(Filter::search).unzip();
    (make(searches), exact.into_iter().all(|exact| exact))
}

fn everything() -> Part {
    (Search::All(Vec::new()), false)
}

const fn nothing() -> Search<RunField> {
    Search::Any(Vec::new())
}

fn leaf(field: &Field, test: &Test) -> Option<Part> {
    match field {
        // A run that another client made is called by its id.
        Field::Name => {
            let tag = text(RunField::Tag(Key::new(run_tag::RUN_ID).ok()?), test)?;
            Some((Search::Any(vec![tag, text(RunField::Id, test)?]), false))
        }
        Field::DisplayName => Some((text(RunField::Name, test)?, true)),
        Field::User => Some((text(RunField::User, test)?, true)),
        Field::Tag(key) => tag(key, test),
        Field::State => states(test).map(|search| (search, true)),
        Field::Labels => labels(test).map(|search| (search, false)),
        Field::CreatedAt => {
            let Test::Compare(by, operand) = test else { return None };
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of today are far below 2^53")]
            let millis = instant(operand)?.millis() as f64;
            Some((Search::Field(RunField::StartedAt, Hold::Number(compare(*by), millis)), true))
        }
        Field::Config(path) => value(RunField::Param(Key::new(path.as_str()).ok()?), test),
        Field::Summary(path) => summary(RunField::Metric(Key::new(path.as_str()).ok()?), test),
        Field::Unknown => (!matches!(test, Test::Exists(false))).then(|| (nothing(), true)),
        Field::HeartbeatAt | Field::Duration => None,
    }
}

const fn compare(by: Compare) -> By {
    match by {
        Compare::Less => By::Less,
        Compare::LessOrEqual => By::LessOrEqual,
        Compare::Greater => By::Greater,
        Compare::GreaterOrEqual => By::GreaterOrEqual,
    }
}

fn text(field: RunField, test: &Test) -> Option<Search<RunField>> {
    let hold = match test {
        Test::Equal(Json::Text(text)) => Hold::Text(By::Equal, text.clone()),
        Test::In(values) => {
            let texts: Option<Vec<String>> = values.iter().map(|value| value.as_text().map(str::to_owned)).collect();
            Hold::OneOf { values: texts?, negated: false }
        }
        Test::Matches(regex) => Hold::Matches(pattern(regex)),
        _ => return None,
    };
    Some(Search::Field(field, hold))
}

/// Empty tags count as missing.
fn tag(key: &str, test: &Test) -> Option<Part> {
    let field = RunField::Tag(Key::new(key).ok()?);
    let is_empty = match test {
        Test::Equal(Json::Text(text)) => text.is_empty(),
        Test::In(values) => values.iter().any(|value| value.as_text() == Some("")),
        _ => false,
    };
    if is_empty {
        return None;
    }
    Some((text(field, test)?, !matches!(test, Test::Matches(_))))
}

fn states(test: &Test) -> Option<Search<RunField>> {
    let wanted: Vec<&str> = match test {
        Test::Equal(Json::Text(state)) => vec![state],
        Test::In(values) => values.iter().filter_map(Json::as_text).collect(),
        _ => return None,
    };
    let states: Option<Vec<_>> = wanted.into_iter().map(state).collect();
    states.map(Search::Any)
}

fn state(state: &str) -> Option<Search<RunField>> {
    let Some(status) = run_tag::status(state) else { return Some(nothing()) };
    let has_status = Search::Field(RunField::Status, Hold::Text(By::Equal, status.as_str().to_owned()));
    let said = |word: &str| {
        let tag = RunField::Tag(Key::new(run_tag::STATE).ok()?);
        Some(Search::Field(tag, Hold::Text(By::Equal, word.to_owned())))
    };
    Some(match (state, status) {
        ("crashed" | "preempting", _) => Search::All(vec![has_status, said(state)?]),
        ("failed", _) => Search::All(vec![has_status, Search::Not(Box::new(said(run_tag::CRASHED)?))]),
        ("running", RunStatus::Running) => {
            Search::All(vec![has_status, Search::Not(Box::new(said(run_tag::PREEMPTING)?))])
        }
        ("preempted", _) => nothing(),
        _ => has_status,
    })
}

/// Labels are a list in JSON: a run that has one has it in quotes somewhere in the text.
fn labels(test: &Test) -> Option<Search<RunField>> {
    let wanted: Vec<&str> = match test {
        Test::Equal(Json::Text(label)) => vec![label],
        Test::In(values) => values.iter().filter_map(Json::as_text).collect(),
        _ => return None,
    };
    let field = RunField::Tag(Key::new(run_tag::LABELS).ok()?);
    let has = |label: &str| {
        // What is a wildcard in a pattern stands for itself, too.
        let pattern = format!("%{}%", serde_json::Value::from(label));
        Search::Field(field.clone(), Hold::Like { pattern, case_sensitive: true })
    };
    Some(Search::Any(wanted.into_iter().map(has).collect()))
}

/// A value of a config. Numbers are found by what a param spells; all else could be cut there, or be written in another
/// way, and is looked at in the config.
fn value(field: RunField, test: &Test) -> Option<Part> {
    let number = |operand: &Json| match operand {
        Json::Integer(_) | Json::Float(_) => leaves::number(operand).filter(|number| number.is_finite()),
        _ => None,
    };
    let search = match test {
        Test::Equal(operand) => Search::Field(field, Hold::Number(By::Equal, number(operand)?)),
        Test::Compare(by, operand) => Search::Field(field, Hold::Number(compare(*by), number(operand)?)),
        _ => return None,
    };
    Some((search, true))
}

/// A number of a summary is the latest value of its metric.
fn summary(field: RunField, test: &Test) -> Option<Part> {
    value(field, test).map(|(search, _)| (search, false))
}

/// The pattern of an expression with its flags in front, for a store to read.
fn pattern(regex: &regex::Regex) -> String {
    regex.as_str().to_owned()
}
