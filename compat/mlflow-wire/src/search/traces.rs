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

use trackside_core::{
    AssessmentKind, Cost, Error, Json, Key, Result, Token, Usage,
    query::{Compare, Filter, Order, SpanField, Test, TraceField},
};

use super::{
    condition::{Condition, trace_conditions},
    identifier::{set, trim, trim_backquotes},
    literal::{quoted_text, some_texts},
    order_by, python,
    token::Kind,
    value::{self, Value},
};
use crate::trace::{
    cost,
    facts::{ARTIFACTS_TAG, COST, NAME_TAG, SESSION, TOKENS},
    tokens, written_cost, written_tokens,
};

/// Attributes that a filter may name.
const SEARCHABLE: [&str; 13] = [
    "request_id",
    "timestamp",
    "timestamp_ms",
    "execution_time",
    "execution_time_ms",
    "end_time",
    "end_time_ms",
    "status",
    "client_request_id",
    "name",
    "run_id",
    "prompt",
    "text",
];
/// Attributes that may be ordered by.
const ORDERABLE: [&str; 11] = [
    "experiment_id",
    "timestamp",
    "timestamp_ms",
    "execution_time",
    "execution_time_ms",
    "end_time",
    "end_time_ms",
    "status",
    "request_id",
    "name",
    "run_id",
];
const NUMERIC: [&str; 6] =
    ["timestamp_ms", "timestamp", "execution_time_ms", "execution_time", "end_time_ms", "end_time"];
/// Attributes that are compared with a list.
const LISTS: [&str; 5] = ["name", "status", "request_id", "run_id", "client_request_id"];
/// Comparators of tags and metadata.
const OPTIONAL: [&str; 7] = ["!=", "=", "LIKE", "ILIKE", "RLIKE", "IS NULL", "IS NOT NULL"];
/// Comparators of texts.
const TEXTUAL: [&str; 7] = ["!=", "=", "IN", "NOT IN", "LIKE", "ILIKE", "RLIKE"];
/// Comparators of assessments.
const ASSESSED: [&str; 11] = ["!=", "=", ">", ">=", "<", "<=", "LIKE", "ILIKE", "RLIKE", "IS NULL", "IS NOT NULL"];
/// The tag under which MLflow's clients keep prompts, and the metadata with the run.
const PROMPTS: &str = "mlflow.linkedPrompts";
const RUN: &str = "mlflow.sourceRun";

/// What a key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Entity {
    Attribute,
    Tag,
    Metadata,
    Span,
    Feedback,
    Expectation,
    Issue,
}

impl Entity {
    /// All spellings; the first one is used in messages.
    const NAMES: [(&str, Self); 11] = [
        ("tag", Self::Tag),
        ("request_metadata", Self::Metadata),
        ("attribute", Self::Attribute),
        ("span", Self::Span),
        ("feedback", Self::Feedback),
        ("expectation", Self::Expectation),
        ("issue", Self::Issue),
        ("tags", Self::Tag),
        ("attributes", Self::Attribute),
        ("trace", Self::Attribute),
        ("metadata", Self::Metadata),
    ];

    fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, entity)| *entity == self).map_or("", |(name, _)| name)
    }
}

/// A condition of which both sides have been read.
#[derive(Debug)]
struct Read {
    entity: Entity,
    key: String,
    /// In upper case.
    comparator: String,
    value: Value,
}

/// Parses the `filter` of `traces/search`. The empty text is the filter that every trace passes.
pub fn parse_trace_filter(filter: &str) -> Result<Filter<TraceField>> {
    let read = trace_conditions(filter)?.iter().map(read).collect::<Result<Vec<_>>>()?;
    let mut parts = Vec::with_capacity(read.len());
    let mut spans = Vec::new();
    for condition in read {
        match part(replaced(condition))? {
            Part::Trace(filter) => parts.push(filter),
            Part::Span(field, test) => spans.push((field, test)),
        }
    }
    if !spans.is_empty() {
        parts.push(Filter::Field(TraceField::Span(spans), Test::Present(true)));
    }
    Ok(Filter::All(parts))
}

/// Parses the `order_by` of `traces/search`.
pub fn parse_trace_order(order_by: &[String]) -> Result<Vec<Order<TraceField>>> {
    let mut seen = Vec::with_capacity(order_by.len());
    for text in order_by {
        let order_by::Clause { what, ascending } = order_by::parse(text)?;
        let (entity, key) = identifier(what.trim(), &ORDERABLE)?;
        let Read { entity, key, .. } =
            replaced(Read { entity, key: key.to_owned(), comparator: String::new(), value: Value::Nothing });
        let criterion = Order { field: ordered(entity, &key)?, ascending };
        if seen.iter().any(|known: &Order<TraceField>| known.field == criterion.field) {
            return Err(Error::invalid(format!("`order_by` contains duplicate fields: {}", python::list(order_by))));
        }
        seen.push(criterion);
    }
    Ok(seen)
}

fn ordered(entity: Entity, key: &str) -> Result<TraceField> {
    match entity {
        Entity::Attribute => Ok(attribute(key)),
        Entity::Tag if key == NAME_TAG => Ok(TraceField::Name),
        Entity::Tag if key == ARTIFACTS_TAG => Ok(TraceField::ArtifactUri),
        Entity::Tag => Ok(TraceField::Tag(Key::new(key)?)),
        Entity::Metadata if key == SESSION => Ok(TraceField::Session),
        Entity::Metadata if key == TOKENS || key == COST => Err(Error::invalid(format!(
            "Ordering by reserved metadata '{key}' is not supported because it is represented by multiple columns."
        ))),
        Entity::Metadata => Ok(TraceField::Metadata(Key::new(key)?)),
        other => Err(Error::invalid(format!("Invalid identifier type '{}'", other.as_str()))),
    }
}

/// A known attribute that is none of a tag, metadata or span.
fn attribute(key: &str) -> TraceField {
    match key {
        "request_id" => TraceField::Id,
        "experiment_id" => TraceField::Experiment,
        "timestamp_ms" | "timestamp" => TraceField::RequestedAt,
        "execution_time_ms" | "execution_time" => TraceField::Duration,
        "end_time_ms" | "end_time" => TraceField::EndedAt,
        "status" => TraceField::State,
        _ => TraceField::ClientRequestId,
    }
}

fn identifier<'a>(text: &'a str, attributes: &[&str]) -> Result<(Entity, &'a str)> {
    let (entity, key) = text.split_once('.').unwrap_or((Entity::Attribute.as_str(), text));
    let name = trim_backquotes(entity);
    let entity =
        Entity::NAMES.iter().find(|(known, _)| *known == name).map(|(_, entity)| *entity).ok_or_else(|| {
            let names = Entity::NAMES.map(|(name, _)| name);
            Error::invalid(format!("Invalid entity type '{name}'. Valid values are {}", set(&names)))
        })?;
    let key = trim(key);
    if entity == Entity::Attribute && !attributes.contains(&key) {
        let valid = set(attributes);
        return Err(Error::invalid(format!("Invalid attribute key '{key}' specified. Valid keys are '{valid}'")));
    }
    Ok((entity, key))
}

fn read(condition: &Condition<'_>) -> Result<Read> {
    let (entity, key) = identifier(condition.identifier()?, &SEARCHABLE)?;
    let comparator = condition.comparator.to_ascii_uppercase();
    let Some(side) = condition.right else {
        return Ok(Read { entity, key: key.to_owned(), comparator, value: Value::Nothing });
    };
    let got = side.text;
    let expected = || {
        let name = entity.as_str();
        Error::invalid(format!("Expected a quoted string value for {name} (e.g. 'my-value'). Got value {got}"))
    };
    let quoted = quoted_text(side).transpose()?.map(Value::Text);
    let is_list = side.kind == Kind::Parenthesis;
    let value = match entity {
        Entity::Tag | Entity::Span if is_list => Value::Texts(some_texts(got)?),
        Entity::Tag | Entity::Span | Entity::Metadata | Entity::Issue => quoted.ok_or_else(expected)?,
        Entity::Feedback | Entity::Expectation => {
            let name = entity.as_str();
            let is_numeric = matches!(comparator.as_str(), ">" | ">=" | "<" | "<=");
            match (value::number(side), quoted) {
                (Some(number), _) if is_numeric => number,
                (None, Some(text)) if !is_numeric => text,
                _ if is_numeric => {
                    return Err(Error::invalid(format!(
                        "Expected a numeric value for {name} when using comparator '{comparator}'. Got value {got}"
                    )));
                }
                _ => return Err(expected()),
            }
        }
        Entity::Attribute if is_list && LISTS.contains(&key) => Value::Texts(some_texts(got)?),
        Entity::Attribute if is_list => {
            return Err(Error::invalid(format!(
                "Only attributes in {} supports comparison with a list of quoted string values.",
                set(&LISTS)
            )));
        }
        Entity::Attribute => match (quoted, value::number(side)) {
            (Some(text), _) => text,
            (None, Some(number)) if NUMERIC.contains(&key) => number,
            (None, Some(_)) => {
                return Err(Error::invalid(format!(
                    "Only the '{}' attributes support comparison with numeric values.",
                    set(&NUMERIC)
                )));
            }
            (None, None) => {
                return Err(Error::invalid(format!(
                    "Expected a quoted string value or a list of quoted string values for attributes. Got value {got}"
                )));
            }
        },
    };
    Ok(Read { entity, key: key.to_owned(), comparator, value })
}

/// With what keys stand for that are no names of their own.
fn replaced(mut read: Read) -> Read {
    if !matches!(read.entity, Entity::Attribute | Entity::Tag | Entity::Metadata) {
        return read;
    }
    let (entity, key) = match read.key.to_lowercase().as_str() {
        "name" => (Entity::Tag, NAME_TAG),
        "prompt" => (Entity::Tag, PROMPTS),
        "run_id" => (Entity::Metadata, RUN),
        "text" => (Entity::Span, "content"),
        "timestamp" => (read.entity, "timestamp_ms"),
        "execution_time" => (read.entity, "execution_time_ms"),
        "end_time" => (read.entity, "end_time_ms"),
        _ => return read,
    };
    read.entity = entity;
    key.clone_into(&mut read.key);
    read
}

/// What a condition asks of a trace, or of one of its spans.
enum Part {
    Trace(Filter<TraceField>),
    Span(SpanField, Test),
}

fn part(read: Read) -> Result<Part> {
    match read.entity {
        Entity::Attribute if NUMERIC.contains(&read.key.as_str()) => numeric(read).map(Part::Trace),
        Entity::Attribute => {
            check(&read, &TEXTUAL, |comparator, valid| {
                format!("Invalid comparator '{comparator}' not one of '{valid}'")
            })?;
            let field = attribute(&read.key);
            test(read).map(|test| Part::Trace(Filter::Field(field, test)))
        }
        Entity::Tag => tag(read).map(Part::Trace),
        Entity::Metadata => metadata(read).map(Part::Trace),
        Entity::Span => span(read),
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

fn test(read: Read) -> Result<Test> {
    let wrong = || Error::invalid(format!("Invalid comparator '{}' for the value of '{}'", read.comparator, read.key));
    match (read.comparator.as_str(), read.value) {
        ("RLIKE", Value::Text(pattern)) => Ok(Test::Matches(pattern)),
        (comparator, value) => value::test(comparator, value).ok_or_else(wrong),
    }
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
    test(Read { value, ..read }).map(|test| Filter::Field(field, test))
}

fn tag(read: Read) -> Result<Filter<TraceField>> {
    check(&read, &OPTIONAL, |comparator, valid| format!("Invalid comparator '{comparator}' not one of '{valid}"))?;
    let field = match read.key.as_str() {
        NAME_TAG => TraceField::Name,
        ARTIFACTS_TAG => TraceField::ArtifactUri,
        PROMPTS => return prompt(read),
        key => TraceField::Tag(Key::new(key)?),
    };
    test(read).map(|test| Filter::Field(field, test))
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

/// That metadata of this key has this value.
pub(super) fn metadata_equals(key: &str, value: String) -> Result<Filter<TraceField>> {
    let (key, comparator) = (key.to_owned(), "=".to_owned());
    metadata(Read { entity: Entity::Metadata, key, comparator, value: Value::Text(value) })
}

fn metadata(read: Read) -> Result<Filter<TraceField>> {
    check(&read, &OPTIONAL, |comparator, valid| format!("Invalid comparator '{comparator}' not one of '{valid}'"))?;
    let field = match read.key.as_str() {
        SESSION => TraceField::Session,
        TOKENS | COST => return usage(&read),
        key => TraceField::Metadata(Key::new(key)?),
    };
    let is_run = read.key == RUN && read.comparator == "=";
    let test = test(read)?;
    if is_run {
        let linked = Filter::Field(TraceField::LinkedRun, test.clone());
        return Ok(Filter::Any(vec![linked, Filter::Field(field, test)]));
    }
    Ok(Filter::Field(field, test))
}

/// Tokens or cost as the text that shows them: only that very text is equal.
fn usage(read: &Read) -> Result<Filter<TraceField>> {
    let is_tokens = read.key == TOKENS;
    let fields: Vec<TraceField> =
        if is_tokens { Token::ALL.map(TraceField::Token).into() } else { Cost::ALL.map(TraceField::Cost).into() };
    let present = |field: &TraceField| Filter::Field(field.clone(), Test::Present(true));
    let any = Filter::Any(fields.iter().map(present).collect());
    let Value::Text(text) = &read.value else {
        return Ok(if read.comparator == "IS NULL" { Filter::Not(Box::new(any)) } else { any });
    };
    let mut usage = Usage::default();
    if is_tokens {
        tokens(text, &mut usage);
    } else {
        cost(text, &mut usage);
    }
    let written = if is_tokens { written_tokens(&usage) } else { written_cost(&usage) };
    #[expect(clippy::cast_precision_loss, reason = "numbers are compared as doubles")]
    let counts: Vec<Option<f64>> = if is_tokens {
        usage.tokens.iter().map(|count| count.map(|count| count as f64)).collect()
    } else {
        usage.cost.into()
    };
    let equal = if written.as_ref() == Some(text) {
        let tests = counts
            .into_iter()
            .map(|count| count.map_or(Test::Present(false), |count| Test::Number(Compare::Equal, count)));
        Filter::All(fields.into_iter().zip(tests).map(|(field, test)| Filter::Field(field, test)).collect())
    } else {
        Filter::Any(Vec::new())
    };
    match read.comparator.as_str() {
        "=" => Ok(equal),
        "!=" => Ok(Filter::All(vec![any, Filter::Not(Box::new(equal))])),
        comparator => Err(Error::invalid(format!(
            "Comparator '{comparator}' is not supported for reserved metadata '{}'. Only '=', '!=', 'IS NULL', and 'IS \
             NOT NULL' are supported.",
            read.key
        ))),
    }
}

fn span(read: Read) -> Result<Part> {
    let key = read.key.clone();
    let message = |comparator: &str, valid: &str| format!("span.{key} comparator '{comparator}' not one of '{valid}'");
    let field = match read.key.as_str() {
        "name" => SpanField::Name,
        "type" => SpanField::Kind,
        "status" => SpanField::Status,
        "content" => {
            check(&read, &["LIKE", "ILIKE"], message)?;
            return test(read).map(|test| Part::Span(SpanField::Document, test));
        }
        other => {
            let Some(name) = other.strip_prefix("attributes.") else {
                return Err(Error::invalid(format!(
                    "Invalid span attribute '{other}'. Supported attributes: name, status, type, \
                     attributes.<attribute_name>."
                )));
            };
            if name.is_empty() {
                return Err(Error::invalid("Span attribute name cannot be empty after 'attributes.'"));
            }
            check(&read, &TEXTUAL, message)?;
            let test = span_attribute(trim_backquotes(name), read.clone_text(), &read.comparator);
            return test.map(|test| Part::Span(SpanField::Document, test));
        }
    };
    check(&read, &TEXTUAL, message)?;
    test(read).map(|test| Part::Span(field, test))
}

impl Read {
    fn clone_text(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

/// An attribute within the document, where its value is JSON in a text. Only patterns find anything, for all others
/// compare the document as a whole; a pattern that is no regular expression matches up to the end of the document.
fn span_attribute(name: &str, value: Option<String>, comparator: &str) -> Result<Test> {
    let Some(value) = value else {
        return Err(Error::invalid(format!("Invalid comparator '{comparator}' for the value of '{name}'")));
    };
    if comparator != "RLIKE" {
        let value = Value::Text(format!("%\"{name}\"{value}%"));
        let wrong = || Error::invalid(format!("Invalid comparator '{comparator}' for the value of '{name}'"));
        return value::test(comparator, value).ok_or_else(wrong);
    }
    let (begin, value) = value.strip_prefix('^').map_or((r#""\\".*"#, value.as_str()), |rest| (r#""\\""#, rest));
    let (value, end) = value.strip_suffix('$').map_or((value, ""), |rest| (rest, r#"\\""#));
    Ok(Test::Matches(format!("\"{name}\": {begin}{value}{end}")))
}

/// Assessments, whose values are JSON in a text: a text is equal with quotes around it and without.
fn assessment(read: Read) -> Result<Filter<TraceField>> {
    let key = read.key.clone();
    if read.entity == Entity::Issue {
        if key != "id" {
            return Err(Error::invalid(format!("Invalid issue attribute '{key}'. Supported attributes: id")));
        }
        check(&read, &["="], |comparator, valid| {
            format!("issue.{key} comparator '{comparator}' not one of '{valid}'")
        })?;
        let Value::Text(name) = read.value else { return Ok(Filter::Any(Vec::new())) };
        let field = TraceField::Assessment { kind: AssessmentKind::Issue, name, test: None };
        return Ok(Filter::Field(field, Test::Present(true)));
    }
    if key.is_empty() {
        return Err(Error::invalid("Assessment field name cannot be empty"));
    }
    check(&read, &ASSESSED, |comparator, valid| {
        format!("assessment.{key} comparator '{comparator}' not one of '{valid}'")
    })?;
    let kind = if read.entity == Entity::Feedback { AssessmentKind::Feedback } else { AssessmentKind::Expectation };
    let is_present = read.comparator != "IS NULL";
    let test = match (read.comparator.as_str(), &read.value) {
        ("IS NULL" | "IS NOT NULL", _) => None,
        ("=" | "!=", Value::Text(text)) => {
            let values = vec![text.clone(), Json::Text(text.clone()).to_string()];
            Some(Test::OneOf { values, negated: read.comparator == "!=" })
        }
        _ => Some(test(read)?),
    };
    Ok(Filter::Field(TraceField::Assessment { kind, name: key, test }, Test::Present(is_present)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::examples::{assert_messages, assert_trees, like, number, one_of, text};

    fn tag(key: &str) -> TraceField {
        TraceField::Tag(Key::new(key).unwrap())
    }

    fn matches(pattern: &str) -> Test {
        Test::Matches(pattern.to_owned())
    }

    fn spans(tests: &[(SpanField, Test)]) -> (TraceField, Test) {
        (TraceField::Span(tests.to_vec()), Test::Present(true))
    }

    #[test]
    fn valid_filters_mean_what_they_mean_to_mlflow() {
        let x = || text(Compare::Equal, "x");
        let metadata = |key: &str| TraceField::Metadata(Key::new(key).unwrap());
        let at = |number_| (TraceField::RequestedAt, number(Compare::Greater, number_));
        assert_trees(
            parse_trace_filter,
            &[
                ("", &[]),
                (
                    "status = 'x' AND trace.request_id != 'x'",
                    &[(TraceField::State, x()), (TraceField::Id, text(Compare::NotEqual, "x"))],
                ),
                ("timestamp > 5", &[at(5.0)]),
                ("timestamp > -5 AND timestamp_ms > 6", &[at(-5.0), at(6.0)]),
                ("trace.timestamp > '7'", &[at(7.0)]),
                ("execution_time <= 1.5", &[(TraceField::Duration, number(Compare::LessOrEqual, 1.5))]),
                ("attributes.end_time_ms = 5", &[(TraceField::EndedAt, number(Compare::Equal, 5.0))]),
                ("client_request_id in ('x', 'y')", &[(TraceField::ClientRequestId, one_of(&["x", "y"], false))]),
                ("name = 'x' tags.Name = 'x'", &[(TraceField::Name, x()), (TraceField::Name, x())]),
                ("trace.name rlike '^x'", &[(TraceField::Name, matches("^x"))]),
                (
                    "tags.`a b` ILIKE 'x' AND tag.a IS NULL",
                    &[(tag("a b"), like("x", false)), (tag("a"), Test::Present(false))],
                ),
                ("metadata.a = 'x'", &[(metadata("a"), x())]),
                ("request_metadata.`mlflow.trace.session` IS NOT NULL", &[(TraceField::Session, Test::Present(true))]),
                ("run_id != 'x'", &[(metadata(RUN), text(Compare::NotEqual, "x"))]),
                ("prompt = 'a/1'", &[(TraceField::Prompt, text(Compare::Equal, "a/1"))]),
                ("trace.text LIKE '%x%'", &[spans(&[(SpanField::Document, like("%x%", true))])]),
                (
                    "span.name = 'x' AND status = 'x' AND span.type NOT IN ('x')",
                    &[
                        (TraceField::State, x()),
                        spans(&[(SpanField::Name, x()), (SpanField::Kind, one_of(&["x"], true))]),
                    ],
                ),
                ("span.attributes.`a.b` LIKE '%x'", &[spans(&[(SpanField::Document, like("%\"a.b\"%x%", true))])]),
                (
                    "span.attributes.a RLIKE '^x$' span.attributes.a RLIKE 'y'",
                    &[spans(&[
                        (SpanField::Document, matches(r#""a": "\\"x\\""#)),
                        (SpanField::Document, matches(r#""a": "\\".*y"#)),
                    ])],
                ),
            ],
        );
    }

    #[test]
    fn values_of_assessments_are_json() {
        let assessed = |kind, name: &str, test, is_present| {
            let field = TraceField::Assessment { kind, name: name.to_owned(), test };
            (field, Test::Present(is_present))
        };
        let (feedback, expectation) = (AssessmentKind::Feedback, AssessmentKind::Expectation);
        assert_trees(
            parse_trace_filter,
            &[
                ("feedback.a = 'x'", &[assessed(feedback, "a", Some(one_of(&["x", "\"x\""], false)), true)]),
                ("feedback.a != '5'", &[assessed(feedback, "a", Some(one_of(&["5", "\"5\""], true)), true)]),
                ("feedback.a >= 0.5", &[assessed(feedback, "a", Some(number(Compare::GreaterOrEqual, 0.5)), true)]),
                ("expectation.`a b` IS NULL", &[assessed(expectation, "a b", None, false)]),
                ("expectation.a IS NOT NULL", &[assessed(expectation, "a", None, true)]),
                ("expectation.a ILIKE '%x%'", &[assessed(expectation, "a", Some(like("%x%", false)), true)]),
                ("feedback.a RLIKE '^.x'", &[assessed(feedback, "a", Some(matches("^.x")), true)]),
                ("issue.id = 'iss-1'", &[assessed(AssessmentKind::Issue, "iss-1", None, true)]),
            ],
        );
    }

    #[test]
    fn some_conditions_are_trees() {
        let run = parse_trace_filter("attribute.run_id = 'r'").unwrap();
        let equal = || text(Compare::Equal, "r");
        let metadata = TraceField::Metadata(Key::new(RUN).unwrap());
        let either = vec![Filter::Field(TraceField::LinkedRun, equal()), Filter::Field(metadata, equal())];
        assert_eq!(run, Filter::All(vec![Filter::Any(either)]));
        let nothing = |filter: &str| {
            assert_eq!(parse_trace_filter(filter).expect(filter), Filter::All(vec![Filter::Any(vec![])]), "{filter}");
        };
        nothing("timestamp_ms > 'x'");
        nothing("metadata.`mlflow.trace.cost` = '{}'");
        let everything = Filter::All(vec![Filter::All(vec![])]);
        assert_eq!(parse_trace_filter("timestamp_ms <= 'x'").unwrap(), everything);
        let tokens = parse_trace_filter("metadata.`mlflow.trace.tokenUsage` = '{\"output_tokens\": 3}'").unwrap();
        let Filter::All(parts) = &tokens else { panic!("{tokens:?}") };
        let fields = parts[0].fields();
        assert_eq!(fields[1], (&TraceField::Token(Token::Output), &number(Compare::Equal, 3.0)));
        assert_eq!(fields.iter().filter(|(_, test)| **test == Test::Present(false)).count(), 5);
    }

    #[test]
    fn invalid_filters_get_mlflows_message() {
        const CLAUSES: &str = "Invalid clause(s) in filter string: ";
        assert_messages(
            parse_trace_filter,
            &[
                ("  ", "Invalid filter '  '. Could not be parsed."),
                ("timestamp = 'x'", &format!("{CLAUSES}'timestamp', '=', ''x'', 'timestamp'")),
                ("timestamp > 1e3", &format!("{CLAUSES}'timestamp', '>', '1e3', 'timestamp'")),
                ("text LIKE '%a%'", &format!("{CLAUSES}'text', 'LIKE', ''%a%''")),
                ("status = 'a' OR status = 'b'", &format!("{CLAUSES}'OR'")),
                ("prompt = 'a'", "Invalid prompts filter value 'a'. Expected format: prompt = \"name/version\""),
                (
                    "prompt LIKE 'a/1'",
                    "Invalid comparator 'LIKE' for prompts filter. Only '=' is supported with format: prompt = \
                     \"name/version\"",
                ),
                (
                    "tags.a IN ('x')",
                    "Invalid comparator 'IN' not one of '{'!=', '=', 'LIKE', 'ILIKE', 'RLIKE', 'IS NULL', 'IS NOT NULL'}",
                ),
                (
                    "metadata.a IN ('x')",
                    "Expected a quoted string value for request_metadata (e.g. 'my-value'). Got value ('x')",
                ),
                (
                    "status = 5",
                    "Only the '{'timestamp_ms', 'timestamp', 'execution_time_ms', 'execution_time', 'end_time_ms', \
                     'end_time'}' attributes support comparison with numeric values.",
                ),
                ("trace.text = 'x'", "span.content comparator '=' not one of '{'LIKE', 'ILIKE'}'"),
                (
                    "span.foo = 'x'",
                    "Invalid span attribute 'foo'. Supported attributes: name, status, type, \
                     attributes.<attribute_name>.",
                ),
                ("span.attributes. LIKE 'x'", "Span attribute name cannot be empty after 'attributes.'"),
                ("issue.foo = 'x'", "Invalid issue attribute 'foo'. Supported attributes: id"),
                ("feedback.a > 'x'", "Expected a numeric value for feedback when using comparator '>'. Got value 'x'"),
                ("feedback.a = 5", "Expected a quoted string value for feedback (e.g. 'my-value'). Got value 5"),
                (
                    "foo.a = 'x'",
                    "Invalid entity type 'foo'. Valid values are {'tag', 'request_metadata', 'attribute', 'span', \
                     'feedback', 'expectation', 'issue', 'tags', 'attributes', 'trace', 'metadata'}",
                ),
            ],
        );
    }

    #[test]
    fn orders_are_read_and_fields_must_differ() {
        let order = |clauses: &[&str]| {
            let clauses: Vec<_> = clauses.iter().map(|clause| (*clause).to_owned()).collect();
            parse_trace_order(&clauses).map_err(|error| error.message().to_owned())
        };
        assert_eq!(
            order(&["timestamp", "attributes.end_time DESC", "name", "tag.`a b` DESC"]).unwrap(),
            [
                (TraceField::RequestedAt, true),
                (TraceField::EndedAt, false),
                (TraceField::Name, true),
                (tag("a b"), false)
            ]
            .map(|(field, ascending)| Order { field, ascending })
        );
        assert_eq!(order(&["span.name"]).unwrap_err(), "Invalid identifier type 'span'");
        assert!(order(&["metadata.`mlflow.trace.cost`"]).unwrap_err().starts_with("Ordering by reserved metadata"));
        assert!(order(&["timestamp", "timestamp_ms"]).unwrap_err().contains("duplicate fields"));
        assert!(order(&["client_request_id"]).unwrap_err().starts_with("Invalid attribute key 'client_request_id'"));
    }
}
