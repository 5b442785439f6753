//! Searches for traces.
//!
//! Conditions on spans must all be passed by one span. `name`, `run_id`, `prompt` and `text` stand for other things
//! than attributes, and do so also as keys of tags and metadata, which is why a tag called `name` cannot be searched for.
//!
//! What MLflow does otherwise: it takes a pattern that is no regular expression for one that nothing matches, here it is
//! `Invalid`, as are patterns with look-around or references back; of several `run_id = …` it reads the last alone.
//!
//! Source: `SearchTraceUtils` in `utils/search_utils.py` and `_get_filter_clauses_for_search_traces` in
//! `store/tracking/sqlalchemy_store.py` of MLflow 3.17.2.

mod assessment;
mod key;
mod metadata;
mod order;
mod read;
mod span;
#[cfg(test)]
mod tests;

use trackside_core::{
    Error, Key, Result,
    query::{Compare, Filter, Test, TraceField},
};

pub(super) use self::metadata::metadata_equals;
pub use self::order::parse_trace_order;
use self::{
    assessment::assessment,
    key::{Entity, NUMERIC, attribute},
    metadata::metadata,
    read::{PROMPTS, Read, read},
    span::{SpanTest, span},
};
use super::{
    condition::{trace_clauses, trace_conditions},
    identifier::set,
    tree,
    value::{self, Value},
};
use crate::trace::facts::{ARTIFACTS_TAG, NAME_TAG};

/// Comparators of tags and metadata.
const OPTIONAL: [&str; 7] = ["!=", "=", "LIKE", "ILIKE", "RLIKE", "IS NULL", "IS NOT NULL"];
/// Comparators of texts.
const TEXTUAL: [&str; 7] = ["!=", "=", "IN", "NOT IN", "LIKE", "ILIKE", "RLIKE"];

/// Parses the `filter` of `traces/search`. The empty text is the filter that every trace passes.
pub fn parse_trace_filter(filter: &str) -> Result<Filter<TraceField>> {
    conjunction(filter).or_else(|refused| {
        // There each condition on a span may be passed by another one.
        tree::beyond(filter, refused, trace_clauses, |condition| all_of(vec![read(condition)?]))
    })
}

fn conjunction(filter: &str) -> Result<Filter<TraceField>> {
    all_of(trace_conditions(filter)?.iter().map(read).collect::<Result<_>>()?)
}

fn all_of(conditions: Vec<Read>) -> Result<Filter<TraceField>> {
    let mut parts = Vec::with_capacity(conditions.len());
    let mut spans = Vec::new();
    for condition in conditions {
        match part(condition.replaced())? {
            Part::Trace(filter) => parts.push(filter),
            Part::Span(test) => spans.push(test),
        }
    }
    if !spans.is_empty() {
        parts.push(Filter::Field(TraceField::Span(spans), Test::Present(true)));
    }
    Ok(Filter::All(parts))
}

/// What a condition asks of a trace, or of one of its spans.
enum Part {
    Trace(Filter<TraceField>),
    Span(SpanTest),
}

fn part(read: Read) -> Result<Part> {
    match read.entity {
        Entity::Attribute if NUMERIC.contains(&read.key.as_str()) => numeric(read).map(Part::Trace),
        Entity::Attribute => {
            check(&read, &TEXTUAL, |comparator, valid| {
                format!("Invalid comparator '{comparator}' not one of '{valid}'")
            })?;
            let field = attribute(&read.key);
            read.test().map(|test| Part::Trace(Filter::Field(field, test)))
        }
        Entity::Tag => tag(read).map(Part::Trace),
        Entity::Metadata => metadata(read).map(Part::Trace),
        Entity::Span => span(read).map(Part::Span),
        Entity::Feedback | Entity::Expectation | Entity::Issue => assessment(read).map(Part::Trace),
    }
}

/// Refuses what is no comparator of these.
fn check(read: &Read, valid: &[&str], message: impl Fn(&str, &str) -> String) -> Result<()> {
    if valid.contains(&read.comparator.as_str()) {
        return Ok(());
    }
    Err(Error::invalid(message(&read.comparator, &set(valid))))
}

/// A time. Texts are taken too: what is no number is greater than all of them.
fn numeric(read: Read) -> Result<Filter<TraceField>> {
    // This names the wrong comparators and lacks a quote: so does MLflow's message.
    check(&read, &value::NUMERIC, |comparator, _| {
        format!("Invalid comparator '{comparator}' not one of '{}", set(&TEXTUAL))
    })?;
    let value = match read.value {
        Value::Text(text) => match text.trim().parse::<f64>() {
            Ok(number) => Value::Number(number, false),
            Err(_) if matches!(read.comparator.as_str(), "<" | "<=" | "!=") => return Ok(Filter::All(Vec::new())),
            Err(_) => return Ok(Filter::Any(Vec::new())),
        },
        value => value,
    };
    let field = attribute(&read.key);
    Read { value, ..read }.test().map(|test| Filter::Field(field, test))
}

fn tag(read: Read) -> Result<Filter<TraceField>> {
    check(&read, &OPTIONAL, |comparator, valid| format!("Invalid comparator '{comparator}' not one of '{valid}"))?;
    let field = match read.key.as_str() {
        NAME_TAG => TraceField::Name,
        ARTIFACTS_TAG => TraceField::ArtifactUri,
        PROMPTS => return prompt(read),
        key => TraceField::Tag(Key::new(key)?),
    };
    read.test().map(|test| Filter::Field(field, test))
}

fn prompt(read: Read) -> Result<Filter<TraceField>> {
    match (read.comparator.as_str(), read.value) {
        ("=", Value::Text(text)) if text.matches('/').count() == 1 => {
            Ok(Filter::Field(TraceField::Prompt, Test::Text(Compare::Equal, text)))
        }
        ("=", Value::Text(text)) => Err(Error::invalid(format!(
            "Invalid prompts filter value '{text}'. Expected format: prompt = \"name/version\""
        ))),
        (comparator, _) => Err(Error::invalid(format!(
            "Invalid comparator '{comparator}' for prompts filter. Only '=' is supported with format: prompt = \
             \"name/version\""
        ))),
    }
}
