//! `POST traces/metrics`: numbers over many traces.
//!
//! Source: `store/tracking/utils/sql_trace_metrics_utils.py` of MLflow 3.17.2. Percentiles outside 0 to 100 and limits
//! below 1, which MLflow answers with an internal error or with everything, are `Invalid`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trackside_core::{
    Timestamp,
    query::{Aggregate, AssessmentField, Compare, Filter, MeasureQuery, Measurement, SpanField, Test, TraceField},
};

use super::{
    instant,
    metric_kind::{AGGREGATIONS, Kind, VIEWS, View, check, dimension, metric_of},
    search::places,
};
use crate::{
    Choice, Double, Failure, Int,
    object::objects,
    request::{missing, required},
    search::{MetricFilter, parse_metric_filter, python},
};

/// Groups of an answer when the client does not say, and the most.
const DEFAULT_GROUPS: i64 = 1000;
const MAX_GROUPS: i64 = 10_000;
/// Most filters, aggregations and dimensions of each request: enough for any page.
const MAX_PARTS: usize = 100;

/// `POST traces/metrics`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct QueryTraceMetrics {
    /// Required.
    #[serde(alias = "experimentIds")]
    pub experiment_ids: Option<Vec<String>>,
    /// Required.
    #[serde(alias = "viewType")]
    pub view_type: Option<Choice>,
    /// Required.
    #[serde(alias = "metricName")]
    pub metric_name: Option<String>,
    /// Required.
    #[serde(deserialize_with = "objects")]
    pub aggregations: Option<Vec<MetricAggregation>>,
    /// What makes a group.
    pub dimensions: Option<Vec<String>>,
    /// One equality each; all must hold.
    pub filters: Option<Vec<String>>,
    /// Groups are told apart by intervals of so many seconds.
    #[serde(alias = "timeIntervalSeconds")]
    pub time_interval_seconds: Option<Int>,
    /// In ms since the epoch.
    #[serde(alias = "startTimeMs")]
    pub start_time_ms: Option<Int>,
    /// In ms since the epoch.
    #[serde(alias = "endTimeMs")]
    pub end_time_ms: Option<Int>,
    /// At most so many groups.
    #[serde(alias = "maxResults")]
    pub max_results: Option<Int>,
}

/// What is made of the values.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct MetricAggregation {
    /// Its name.
    #[serde(alias = "aggregationType")]
    pub aggregation_type: Option<Choice>,
    /// For `PERCENTILE` only.
    #[serde(alias = "percentileValue")]
    pub percentile_value: Option<Double>,
}

/// A question, valid in itself.
#[derive(Debug)]
pub struct MetricQuestion {
    /// What to ask.
    pub query: MeasureQuery,
    /// What the answer is called.
    pub shown: ShownMetric,
}

/// How the answer is written.
#[derive(Debug)]
pub struct ShownMetric {
    name: String,
    dimensions: Vec<String>,
    values: Vec<String>,
}

impl QueryTraceMetrics {
    /// What to ask.
    pub fn checked(self) -> Result<MetricQuestion, Failure> {
        let experiments = required(self.experiment_ids, "experiment_ids")?;
        let view = self.view_type.ok_or_else(|| missing("view_type"))?;
        let name = required(self.metric_name, "metric_name")?;
        let aggregations = required(self.aggregations, "aggregations")?;
        let (dimensions, filters) = (self.dimensions.unwrap_or_default(), self.filters.unwrap_or_default());
        if [aggregations.len(), dimensions.len(), filters.len()].into_iter().any(|n| n > MAX_PARTS) {
            return Err(Failure::invalid(format!(
                "At most {MAX_PARTS} aggregations, dimensions and filters are allowed"
            )));
        }
        let aggregates = aggregations.iter().map(aggregate).collect::<Result<Vec<_>, _>>()?;
        let unknown = || Failure::invalid("view_type must be one of ['TRACES', 'SPANS', 'ASSESSMENTS']");
        let view = view.among(VIEWS).ok_or_else(unknown)?;
        let metric = metric_of(view, &name)?;
        check(metric, &aggregates, &dimensions)?;
        if self.time_interval_seconds.is_some_and(|Int(seconds)| seconds != 0)
            && (self.start_time_ms.is_none() || self.end_time_ms.is_none())
        {
            return Err(Failure::invalid("start_time_ms and end_time_ms are required if time_interval_seconds is set"));
        }
        let Filters { traces, spans, assessments } = filtered(view, &filters)?;
        let limit = self.max_results.map_or(DEFAULT_GROUPS, |Int(limit)| limit);
        let limit = usize::try_from(limit.min(MAX_GROUPS)).ok().filter(|limit| *limit > 0).ok_or_else(|| {
            Failure::invalid(format!(
                "Invalid value {limit} for parameter 'max_results' supplied. It must be a positive integer"
            ))
        })?;
        let at = |instant: Option<Int>| instant.map(|Int(millis)| Timestamp::from_millis(millis));
        let experiments = places(&experiments)?;
        let query = MeasureQuery {
            experiments,
            filter: Filter::All(traces),
            spans,
            assessments,
            from: at(self.start_time_ms),
            to: at(self.end_time_ms),
            measured: metric.measured,
            aggregates: aggregates.iter().map(|(_, aggregate)| *aggregate).collect(),
            dimensions: dimensions.iter().filter_map(|name| dimension(name)).collect(),
            interval: self.time_interval_seconds.map(|Int(n)| n.saturating_mul(1000)).filter(|n| *n > 0),
            limit,
        };
        let values = aggregates.iter().map(|(kind, aggregate)| label(*kind, *aggregate)).collect();
        Ok(MetricQuestion { query, shown: ShownMetric { name, dimensions, values } })
    }
}

fn aggregate(asked: &MetricAggregation) -> Result<(Kind, Aggregate), Failure> {
    let kind = asked.aggregation_type.as_ref().and_then(|name| name.among(AGGREGATIONS));
    let kind = kind.ok_or_else(|| missing("aggregation_type"))?;
    let percent = asked.percentile_value.map(|Double(percent)| percent);
    let aggregate = match (kind, percent) {
        (Kind::Percentile, None) => {
            return Err(Failure::invalid("Percentile value is required for PERCENTILE aggregation"));
        }
        (Kind::Percentile, Some(percent)) if (0.0..=100.0).contains(&percent) => Aggregate::Percentile(percent),
        (Kind::Percentile, Some(percent)) => {
            let got = python::shown_float(percent);
            return Err(Failure::invalid(format!("Percentile value must be between 0 and 100, got {got}")));
        }
        (kind, Some(_)) => {
            return Err(Failure::invalid(format!(
                "Percentile value is only allowed for PERCENTILE aggregation type, got {}",
                kind.as_str()
            )));
        }
        (Kind::Count, None) => Aggregate::Count,
        (Kind::Sum, None) => Aggregate::Sum,
        (Kind::Avg, None) => Aggregate::Average,
        (Kind::Min, None) => Aggregate::Minimum,
        (Kind::Max, None) => Aggregate::Maximum,
    };
    Ok((kind, aggregate))
}

fn label(kind: Kind, aggregate: Aggregate) -> String {
    match aggregate {
        Aggregate::Percentile(percent) => format!("P{}", python::shown_float(percent)),
        _ => kind.as_str().to_owned(),
    }
}

/// What the filters of a question ask for.
#[derive(Default)]
struct Filters {
    traces: Vec<Filter<TraceField>>,
    spans: Vec<(SpanField, Test)>,
    assessments: Vec<(AssessmentField, Test)>,
}

fn filtered(view: View, filters: &[String]) -> Result<Filters, Failure> {
    let mut read = Filters::default();
    let only = |what: &str, of: &str| {
        let got = view.as_str();
        Failure::invalid(format!("Filtering by {what} is only supported for {of} view type, got {got}"))
    };
    for filter in filters {
        match parse_metric_filter(filter)? {
            MetricFilter::Trace(filter) => read.traces.push(filter),
            MetricFilter::Span(field, test) if view == View::Spans => read.spans.push((field, test)),
            MetricFilter::Span(..) => return Err(only("span", "SPANS")),
            MetricFilter::Assessment { .. } if view != View::Assessments => {
                return Err(only("assessment", "ASSESSMENTS"));
            }
            MetricFilter::Assessment { is_name, value } => {
                let field = if is_name { AssessmentField::Name } else { AssessmentField::Kind };
                read.assessments.push((field, Test::Text(Compare::Equal, value)));
            }
        }
    }
    Ok(read)
}

/// Answer of `traces/metrics`.
#[derive(Debug, Serialize)]
pub struct TraceMetricsFound {
    /// Absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub data_points: Vec<MetricDataPoint>,
}

/// The answer for one group.
#[derive(Debug, Serialize)]
pub struct MetricDataPoint {
    /// As asked.
    pub metric_name: String,
    /// What makes the group; absent when there is nothing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
    /// By aggregation.
    pub values: BTreeMap<String, Double>,
}

impl TraceMetricsFound {
    /// What was measured. Groups without any value are left out.
    pub fn of(shown: &ShownMetric, groups: Vec<Measurement>) -> Self {
        let data_points = groups.into_iter().filter_map(|group| {
            let values = shown.values.iter().zip(group.values);
            let values: BTreeMap<_, _> =
                values.filter_map(|(label, value)| Some((label.clone(), Double(value?)))).collect();
            let interval = group.at.map(|at| ("time_bucket".to_owned(), instant::iso(at)));
            let dimensions = shown.dimensions.iter().cloned().zip(group.dimensions).chain(interval).collect();
            (!values.is_empty()).then(|| MetricDataPoint { metric_name: shown.name.clone(), dimensions, values })
        });
        Self { data_points: data_points.collect() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::request::from_value;

    fn asked(mut changes: Value) -> Result<MetricQuestion, Failure> {
        let mut body = json!({"experiment_ids": ["1"], "view_type": "TRACES", "metric_name": "latency",
                              "aggregations": [{"aggregation_type": "AVG"}]});
        body.as_object_mut().unwrap().append(changes.as_object_mut().unwrap());
        from_value::<QueryTraceMetrics>(&body).and_then(QueryTraceMetrics::checked)
    }

    #[test]
    fn a_question_is_read_and_its_answer_written() {
        let question = asked(json!({
            "aggregations": [{"aggregation_type": "PERCENTILE", "percentile_value": 95}, {"aggregation_type": 3}],
            "dimensions": ["trace_name"], "filters": ["trace.status = 'OK'"],
            "time_interval_seconds": 60, "start_time_ms": 1, "end_time_ms": 2,
        }))
        .unwrap();
        let query = question.query;
        assert_eq!((query.interval, query.limit), (Some(60_000), 1000));
        assert_eq!(query.aggregates, [Aggregate::Percentile(95.0), Aggregate::Average]);
        let group = Measurement {
            at: Some(Timestamp::from_millis(60_000)),
            dimensions: vec!["chat".to_owned()],
            values: vec![Some(1.5), None],
        };
        let empty = Measurement { values: vec![None, None], ..group.clone() };
        assert_eq!(
            serde_json::to_value(TraceMetricsFound::of(&question.shown, vec![group, empty])).unwrap(),
            json!({"data_points": [{
                "metric_name": "latency", "values": {"P95.0": 1.5},
                "dimensions": {"trace_name": "chat", "time_bucket": "1970-01-01T00:01:00+00:00"},
            }]})
        );
    }

    #[test]
    fn what_a_metric_does_not_have_is_refused() {
        for (changes, message) in [
            (json!({"view_type": null}), "Missing value for required parameter 'view_type'"),
            (json!({"metric_name": "x"}), "metric_name must be one of ['trace_count', 'session_count', 'latency', "),
            (
                json!({"aggregations": [{"aggregation_type": "SUM"}]}),
                "Found invalid aggregation_type(s): ['SUM']. Supported aggregation types: ['AVG', 'MAX', 'MIN', \
                 'PERCENTILE']",
            ),
            (
                json!({"dimensions": ["trace_status", "x"]}),
                "Found invalid dimension(s): ['trace_status', 'x']. Supported dimensions: ['trace_name']",
            ),
            (json!({"aggregations": [{"aggregation_type": "PERCENTILE"}]}), "Percentile value is required"),
            (
                json!({"aggregations": [{"aggregation_type": "PERCENTILE", "percentile_value": 101}]}),
                "Percentile value must be between 0 and 100, got 101.0",
            ),
            (json!({"time_interval_seconds": 5}), "start_time_ms and end_time_ms are required"),
            (
                json!({"filters": ["span.name = 'x'"]}),
                "Filtering by span is only supported for SPANS view type, got TRACES",
            ),
            (json!({"max_results": 0}), "Invalid value 0 for parameter 'max_results'"),
        ] {
            let refused = asked(changes.clone()).unwrap_err();
            assert!(refused.message.starts_with(message), "{changes}: {}", refused.message);
        }
    }
}
