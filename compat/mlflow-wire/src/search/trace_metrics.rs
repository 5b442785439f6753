//! The filters of `traces/metrics`: one equality each, of a trace or of a span.
//!
//! Source: `SearchTraceMetricsUtils` in `utils/search_utils.py` and `_apply_filters` in
//! `store/tracking/utils/sql_trace_metrics_utils.py` of MLflow 3.17.2.

use trackside_core::{
    Error, Result,
    query::{Compare, Filter, SpanField, Test, TraceField},
};

use super::{
    condition::{Clause, Condition, clauses},
    identifier::{trim, trim_backquotes},
    literal::quoted_text,
    python,
    traces::metadata_equals,
};
use crate::trace::facts::NAME_TAG;

/// What a filter may be about, and whether that has a key.
const VIEWS: [(&str, &[(&str, bool)]); 3] = [
    ("trace", &[("status", false), ("tag", true), ("metadata", true)]),
    ("span", &[("name", false), ("status", false), ("type", false)]),
    ("assessment", &[("name", false), ("type", false)]),
];

/// What a filter asks.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricFilter {
    /// Of a trace.
    Trace(Filter<TraceField>),
    /// Of a span.
    Span(SpanField, Test),
    /// Of an assessment: its name or its type.
    Assessment {
        /// Which of the two.
        is_name: bool,
        /// What it must be.
        value: String,
    },
}

/// Parses one of the `filters` of `traces/metrics`.
pub fn parse_metric_filter(filter: &str) -> Result<MetricFilter> {
    let mut found = read(filter)?;
    let (Some(condition), None) = (found.pop(), found.pop()) else {
        return Err(Error::invalid(format!("Invalid filter: '{filter}'. Expected one filter clause.")));
    };
    let (text, side) = condition.sides()?;
    let (view, entity, key) = identifier(text)?;
    if condition.comparator != "=" {
        return Err(Error::invalid(format!(
            "Invalid comparator: '{}', only '=' operator is supported",
            condition.comparator
        )));
    }
    let expected = || {
        let got = side.text;
        Error::invalid(format!("Expected a quoted string value for {entity} value (e.g. 'my-value'). Got value {got}"))
    };
    let value = quoted_text(side).ok_or_else(expected)??;
    let equal = |value| Test::Text(Compare::Equal, value);
    Ok(match (view, entity) {
        ("trace", "status") => MetricFilter::Trace(Filter::Field(TraceField::State, equal(value))),
        ("trace", "tag") if key == NAME_TAG => MetricFilter::Trace(Filter::Field(TraceField::Name, equal(value))),
        ("trace", "tag") => {
            MetricFilter::Trace(Filter::Field(TraceField::Tag(trackside_core::Key::new(key)?), equal(value)))
        }
        ("trace", _) => MetricFilter::Trace(metadata_equals(key, value)?),
        ("span", "name") => MetricFilter::Span(SpanField::Name, equal(value)),
        ("span", "status") => MetricFilter::Span(SpanField::Status, equal(value)),
        ("span", _) => MetricFilter::Span(SpanField::Kind, equal(value)),
        (_, entity) => MetricFilter::Assessment { is_name: entity == "name", value },
    })
}

/// The conditions of a filter; anything else is refused, also `AND`.
fn read(filter: &str) -> Result<Vec<Condition<'_>>> {
    if filter.is_empty() {
        return Ok(Vec::new());
    }
    let clauses = clauses(filter).map_err(|unreadable| unreadable.of(filter))?;
    let (mut conditions, mut others) = (Vec::new(), Vec::new());
    for clause in clauses {
        match clause {
            Clause::Condition(condition) if is_plain(&condition) => conditions.push(condition),
            Clause::Condition(Condition { left, comparator, right }) => {
                others.extend([left.text, comparator]);
                others.extend(right.map(|side| side.text));
            }
            Clause::And => others.push("AND"),
            Clause::Other(text) => others.push(text),
        }
    }
    if others.is_empty() {
        return Ok(conditions);
    }
    Err(Error::invalid(format!("Invalid clause(s) in filter string: {}", others.join(", "))))
}

/// Lists and `IS NULL` are no conditions here.
fn is_plain(condition: &Condition<'_>) -> bool {
    let keyword = condition.comparator.to_ascii_uppercase();
    condition.right.is_some() && !matches!(keyword.as_str(), "IN" | "NOT IN")
}

/// The view, what of it, and the key, which is empty where there is none.
fn identifier(text: &str) -> Result<(&'static str, &'static str, &str)> {
    let mut parts = text.splitn(3, '.');
    let (Some(view), Some(entity), key) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Error::invalid(format!(
            "Invalid identifier {}. Columns should be specified as 'trace.<key>', 'span.<key>', 'assessment.<key>'.",
            python::text(text)
        )));
    };
    let view = trim_backquotes(view);
    let (view, entities) = VIEWS.into_iter().find(|(known, _)| *known == view).ok_or_else(|| {
        let valid = VIEWS.map(|(view, _)| format!("'{view}'")).join(", ");
        Error::invalid(format!("Invalid view type '{view}'. Valid values are dict_keys([{valid}])"))
    })?;
    let (entity, has_key) = entities.iter().find(|(known, _)| *known == entity).ok_or_else(|| {
        let valid: Vec<_> = entities.iter().map(|(entity, _)| format!("'{entity}'")).collect();
        Error::invalid(format!(
            "Invalid entity '{entity}' specified for view type '{view}'. Valid entities are [{}]",
            valid.join(", ")
        ))
    })?;
    match (has_key, key) {
        (true, None) => {
            Err(Error::invalid(format!("Filtering by {entity} requires a key, e.g. '{view}.{entity}.<key> = <value>'")))
        }
        (false, Some(_)) => {
            Err(Error::invalid(format!("Filtering by {entity} does not require a key, use '{view}.{entity}' instead")))
        }
        (_, key) => Ok((view, entity, trim(key.unwrap_or_default()))),
    }
}

#[cfg(test)]
mod tests {
    use trackside_core::Key;

    use super::*;

    #[test]
    fn one_equality_is_read() {
        let x = || Test::Text(Compare::Equal, "x".to_owned());
        let trace = |field| MetricFilter::Trace(Filter::Field(field, x()));
        for (filter, expected) in [
            ("trace.status = 'x'", trace(TraceField::State)),
            ("trace.tag.`a.b` = 'x'", trace(TraceField::Tag(Key::new("a.b").unwrap()))),
            ("trace.tag.mlflow.traceName = 'x'", trace(TraceField::Name)),
            ("trace.metadata.a = 'x'", trace(TraceField::Metadata(Key::new("a").unwrap()))),
            ("trace.metadata.`mlflow.trace.session` = 'x'", trace(TraceField::Session)),
            ("span.type = \"x\"", MetricFilter::Span(SpanField::Kind, x())),
            ("assessment.name = 'x'", MetricFilter::Assessment { is_name: true, value: "x".to_owned() }),
        ] {
            assert_eq!(parse_metric_filter(filter).expect(filter), expected, "{filter}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for (filter, message) in [
            ("", "Invalid filter: ''. Expected one filter clause."),
            ("trace.status = 'a' AND trace.status = 'b'", "Invalid clause(s) in filter string: AND"),
            ("trace.status IN ('a')", "Invalid clause(s) in filter string: trace.status, IN, ('a')"),
            ("status = 'a'", "Invalid identifier 'status'. Columns should be specified as"),
            ("foo.a = 'a'", "Invalid view type 'foo'. Valid values are dict_keys(['trace', 'span', 'assessment'])"),
            (
                "trace.name = 'a'",
                "Invalid entity 'name' specified for view type 'trace'. Valid entities are ['status',",
            ),
            ("trace.tag = 'a'", "Filtering by tag requires a key, e.g. 'trace.tag.<key> = <value>'"),
            ("span.name.a = 'a'", "Filtering by name does not require a key, use 'span.name' instead"),
            ("trace.status != 'a'", "Invalid comparator: '!=', only '=' operator is supported"),
            ("trace.status = 5", "Expected a quoted string value for status value (e.g. 'my-value'). Got value 5"),
        ] {
            let error = parse_metric_filter(filter).expect_err(filter);
            assert!(error.message().starts_with(message), "{filter}: {error}");
        }
    }
}
