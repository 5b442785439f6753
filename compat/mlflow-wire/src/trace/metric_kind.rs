//! What can be measured of traces, spans and assessments, and what may be asked of each.

use trackside_core::{
    Cost, Token,
    query::{Aggregate, Dimension, Measured},
};

use crate::{Failure, search::python};

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    Traces,
    Spans,
    Assessments,
}

/// The views, numbered from one.
pub(super) const VIEWS: [(&str, View); 3] =
    [("TRACES", View::Traces), ("SPANS", View::Spans), ("ASSESSMENTS", View::Assessments)];
/// The aggregations, numbered from one.
pub(super) const AGGREGATIONS: [(&str, Kind); 6] = [
    ("COUNT", Kind::Count),
    ("SUM", Kind::Sum),
    ("AVG", Kind::Avg),
    ("PERCENTILE", Kind::Percentile),
    ("MIN", Kind::Min),
    ("MAX", Kind::Max),
];

/// An aggregation without its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Count,
    Sum,
    Avg,
    Percentile,
    Min,
    Max,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        AGGREGATIONS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// A metric: its name, what is measured, and what may be asked of it.
pub(super) struct MetricKind {
    name: &'static str,
    pub(super) measured: Measured,
    kinds: &'static [Kind],
    dimensions: &'static [&'static str],
}

const COUNTED: &[Kind] = &[Kind::Count];
const TIMED: &[Kind] = &[Kind::Avg, Kind::Max, Kind::Min, Kind::Percentile];
const SUMMED: &[Kind] = &[Kind::Avg, Kind::Max, Kind::Min, Kind::Percentile, Kind::Sum];
const NAMED: &[&str] = &["trace_name"];
const PRICED: &[&str] = &["span_model_name", "span_model_provider"];

const fn metric(
    name: &'static str,
    measured: Measured,
    kinds: &'static [Kind],
    dimensions: &'static [&'static str],
) -> MetricKind {
    MetricKind { name, measured, kinds, dimensions }
}

const OF_TRACES: [MetricKind; 8] = [
    metric("trace_count", Measured::Traces, COUNTED, &["trace_name", "trace_status"]),
    metric("session_count", Measured::Sessions, COUNTED, &[]),
    metric("latency", Measured::TraceDuration, TIMED, NAMED),
    metric("input_tokens", Measured::Tokens(Token::Input), SUMMED, NAMED),
    metric("output_tokens", Measured::Tokens(Token::Output), SUMMED, NAMED),
    metric("total_tokens", Measured::Tokens(Token::Total), SUMMED, NAMED),
    metric("cache_read_input_tokens", Measured::Tokens(Token::CacheRead), SUMMED, NAMED),
    metric("cache_creation_input_tokens", Measured::Tokens(Token::CacheCreation), SUMMED, NAMED),
];
const OF_SPANS: [MetricKind; 5] = [
    metric(
        "span_count",
        Measured::Spans,
        COUNTED,
        &["span_model_name", "span_model_provider", "span_name", "span_status", "span_type"],
    ),
    metric("latency", Measured::SpanDuration, TIMED, &["span_name", "span_status"]),
    metric("input_cost", Measured::SpanCost(Cost::Input), SUMMED, PRICED),
    metric("output_cost", Measured::SpanCost(Cost::Output), SUMMED, PRICED),
    metric("total_cost", Measured::SpanCost(Cost::Total), SUMMED, PRICED),
];
const OF_ASSESSMENTS: [MetricKind; 2] = [
    metric("assessment_count", Measured::Assessments, COUNTED, &["assessment_name", "assessment_value"]),
    metric("assessment_value", Measured::AssessmentValue, TIMED, &["assessment_name"]),
];

impl View {
    pub(super) fn as_str(self) -> &'static str {
        VIEWS.iter().find(|(_, view)| *view == self).map_or("", |(name, _)| name)
    }

    fn metrics(self) -> &'static [MetricKind] {
        match self {
            Self::Traces => &OF_TRACES,
            Self::Spans => &OF_SPANS,
            Self::Assessments => &OF_ASSESSMENTS,
        }
    }
}

/// The metric of that name.
pub(super) fn metric_of(view: View, name: &str) -> Result<&'static MetricKind, Failure> {
    view.metrics().iter().find(|metric| metric.name == name).ok_or_else(|| {
        let names: Vec<_> = view.metrics().iter().map(|metric| format!("'{}'", metric.name)).collect();
        Failure::invalid(format!("metric_name must be one of [{}], got '{name}'", names.join(", ")))
    })
}

/// Refuses what the metric does not have.
pub(super) fn check(
    metric: &MetricKind,
    aggregates: &[(Kind, Aggregate)],
    dimensions: &[String],
) -> Result<(), Failure> {
    let list = |mut names: Vec<&str>| {
        names.sort_unstable();
        names.dedup();
        names.iter().map(|name| python::text(name)).collect::<Vec<_>>().join(", ")
    };
    let wrong: Vec<_> = aggregates.iter().map(|(kind, _)| *kind).filter(|kind| !metric.kinds.contains(kind)).collect();
    if !wrong.is_empty() {
        return Err(Failure::invalid(format!(
            "Found invalid aggregation_type(s): [{}]. Supported aggregation types: [{}]",
            list(wrong.iter().map(|kind| kind.as_str()).collect()),
            list(metric.kinds.iter().map(|kind| kind.as_str()).collect()),
        )));
    }
    let wrong: Vec<_> =
        dimensions.iter().map(String::as_str).filter(|name| !metric.dimensions.contains(name)).collect();
    if !wrong.is_empty() {
        return Err(Failure::invalid(format!(
            "Found invalid dimension(s): [{}]. Supported dimensions: [{}]",
            list(wrong),
            list(metric.dimensions.to_vec()),
        )));
    }
    Ok(())
}

/// What a name of a dimension means.
pub(super) fn dimension(name: &str) -> Option<Dimension> {
    Some(match name {
        "trace_name" => Dimension::TraceName,
        "trace_status" => Dimension::TraceState,
        "span_name" => Dimension::SpanName,
        "span_type" => Dimension::SpanKind,
        "span_status" => Dimension::SpanStatus,
        "span_model_name" => Dimension::SpanModel,
        "span_model_provider" => Dimension::SpanProvider,
        "assessment_name" => Dimension::AssessmentName,
        "assessment_value" => Dimension::AssessmentValue,
        _ => return None,
    })
}
