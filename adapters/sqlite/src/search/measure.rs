//! Numbers over many traces: one statement that groups.

use rusqlite::{Connection, params_from_iter};
use trackside_core::{
    Timestamp,
    query::{Aggregate, AssessmentField, Dimension, Filter, MeasureQuery, Measured, Measurement, Test, TraceField},
};

use super::{
    Search,
    binds::Binds,
    condition::{condition, leaf},
    place::Place,
    trace::span_tests,
};
use crate::{error::Result, trace_usage};

/// Nanoseconds of a millisecond.
const NS: i64 = 1_000_000;
const SESSION: &str = "trace.session";
/// What an assessment says, as a number. Its value is JSON.
const ASSESSED: &str = "(CASE WHEN assessment.number IS NOT NULL THEN assessment.number \
                        WHEN assessment.value = 'true' THEN 1.0 WHEN assessment.value = 'false' THEN 0.0 \
                        WHEN assessment.value NOT LIKE '\"%' THEN NULL \
                        WHEN lower(trim(trim(assessment.value, '\"'))) = 'yes' THEN 1.0 \
                        WHEN lower(trim(trim(assessment.value, '\"'))) = 'no' THEN 0.0 END)";

impl Search {
    /// How many traces pass each of these filters.
    pub(crate) fn count_traces(self, connection: &Connection, filters: &[Filter<TraceField>]) -> Result<Vec<u64>> {
        let scope = self.conditions.join(" AND ");
        let count = |filter| {
            let mut binds = self.binds.clone();
            let sql = format!("SELECT count(*) FROM trace WHERE {scope} AND {}", condition(filter, &mut binds)?);
            let mut statement = connection.prepare_cached(&sql)?;
            let count: i64 = statement.query_row(params_from_iter(binds.values()), |row| row.get(0))?;
            Ok(u64::try_from(count).unwrap_or_default())
        };
        filters.iter().map(count).collect()
    }

    /// The groups that a question asks for, by interval and dimensions.
    pub(crate) fn measure(mut self, connection: &Connection, query: &MeasureQuery) -> Result<Vec<Measurement>> {
        self.conditions.push(condition(&query.filter, &mut self.binds)?);
        let measured = value(query.measured);
        self.conditions.push(format!("{measured} IS NOT NULL"));
        let mut from = "trace";
        if query.measured.is_of_spans() {
            from = "trace JOIN span ON span.trace = trace.pk";
            self.conditions.extend(span_tests("span", &query.spans, &mut self.binds)?);
        }
        if query.measured.is_of_assessments() {
            from = "trace JOIN assessment ON assessment.trace = trace.pk";
            self.conditions.push("assessment.is_valid".to_owned());
            self.conditions.extend(assessment_tests(&query.assessments, &mut self.binds)?);
        }
        self.conditions.extend(within(query, &mut self.binds));
        let interval = query.interval.map(|interval| begin(query.measured, interval, &mut self.binds));
        let dimensions: Vec<_> = query.dimensions.iter().map(|dimension| column(*dimension)).collect();
        self.conditions.extend(dimensions.iter().map(|column| format!("{column} IS NOT NULL")));
        let keys: Vec<String> =
            interval.into_iter().chain(dimensions.iter().map(|column| (*column).to_owned())).collect();
        let values: Vec<_> =
            query.aggregates.iter().map(|aggregate| aggregated(*aggregate, &measured, &mut self.binds)).collect();
        let columns: Vec<_> = keys.iter().chain(&values).map(String::as_str).collect();
        let numbers: Vec<_> = (1..=keys.len()).map(|n| n.to_string()).collect();
        let grouped = if keys.is_empty() {
            String::new()
        } else {
            format!(" GROUP BY {numbers} ORDER BY {numbers}", numbers = numbers.join(", "))
        };
        let sql = format!(
            "SELECT {} FROM {from} WHERE {}{grouped} LIMIT {}",
            columns.join(", "),
            self.conditions.join(" AND "),
            self.binds.bind(i64::try_from(query.limit).unwrap_or(i64::MAX)),
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let n_intervals = usize::from(query.interval.is_some());
        let rows = statement.query_map(params_from_iter(self.binds.values()), |row| {
            let at = if n_intervals == 1 { Some(Timestamp::from_millis(row.get(0)?)) } else { None };
            let dimensions = (n_intervals..keys.len()).map(|n| row.get(n)).collect::<rusqlite::Result<_>>()?;
            let values = (keys.len()..columns.len()).map(|n| row.get(n)).collect::<rusqlite::Result<_>>()?;
            Ok(Measurement { at, dimensions, values })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// A condition per test of an assessment.
fn assessment_tests(tests: &[(AssessmentField, Test)], binds: &mut Binds) -> Result<Vec<String>> {
    let column = |field: &AssessmentField| match field {
        AssessmentField::Name => "assessment.name",
        AssessmentField::Kind => "assessment.kind",
    };
    tests.iter().map(|(field, test)| leaf(&Place::text(column(field)), test, binds)).collect()
}

/// The value of a row; NULL when it has none.
fn value(measured: Measured) -> String {
    match measured {
        Measured::Traces => "trace.pk".to_owned(),
        Measured::Sessions => SESSION.to_owned(),
        Measured::TraceDuration => "trace.duration".to_owned(),
        Measured::Tokens(token) => format!("trace.{}", trace_usage::token(token)),
        Measured::Spans => "span.pk".to_owned(),
        Measured::SpanDuration => format!("((span.ended_at - span.started_at) / {NS})"),
        Measured::SpanCost(cost) => format!("span.{}", trace_usage::cost(cost)),
        Measured::Assessments => "assessment.pk".to_owned(),
        Measured::AssessmentValue => ASSESSED.to_owned(),
    }
}

fn column(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::TraceName => "trace.name",
        Dimension::TraceState => "trace.state",
        Dimension::SpanName => "span.name",
        Dimension::SpanKind => "span.kind",
        Dimension::SpanStatus => "span.status",
        Dimension::SpanModel => "span.model",
        Dimension::SpanProvider => "span.provider",
        Dimension::AssessmentName => "assessment.name",
        Dimension::AssessmentValue => "assessment.value",
    }
}

fn aggregated(aggregate: Aggregate, value: &str, binds: &mut Binds) -> String {
    match aggregate {
        // Only these come more than once.
        Aggregate::Count if value == SESSION => format!("CAST(count(DISTINCT {value}) AS REAL)"),
        Aggregate::Count => format!("CAST(count({value}) AS REAL)"),
        // Sums of integers that do not fit are no error as doubles.
        Aggregate::Sum => format!("sum(CAST({value} AS REAL))"),
        Aggregate::Average => format!("avg({value})"),
        Aggregate::Minimum => format!("CAST(min({value}) AS REAL)"),
        Aggregate::Maximum => format!("CAST(max({value}) AS REAL)"),
        Aggregate::Percentile(percent) => format!("percentile({value}, {})", binds.bind(percent)),
    }
}

/// Conditions on time.
fn within(query: &MeasureQuery, binds: &mut Binds) -> Vec<String> {
    let (column, unit) = match query.measured {
        Measured::SpanCost(_) => ("span.started_at", NS),
        _ => ("trace.requested_at", 1),
    };
    let from = query.from.map(|at| format!("{column} >= {}", binds.bind(at.millis().saturating_mul(unit))));
    let to = query.to.map(|at| {
        // The whole of the last millisecond.
        let end = at.millis().saturating_add(1).saturating_mul(unit);
        format!("{column} < {}", binds.bind(end))
    });
    from.into_iter().chain(to).collect()
}

/// When the interval of a row began, in ms. SQLite divides towards zero, intervals count from the past.
fn begin(measured: Measured, interval: i64, binds: &mut Binds) -> String {
    let interval = binds.bind(interval.max(1));
    let at = if measured.is_of_spans() {
        format!("((span.started_at - ((span.started_at % {NS}) + {NS}) % {NS}) / {NS})")
    } else {
        "trace.requested_at".to_owned()
    };
    format!("({at} - (({at} % {interval}) + {interval}) % {interval})")
}
