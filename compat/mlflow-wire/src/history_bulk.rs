//! Histories of one metric of many runs, whole and sampled, for the charts of the web UI.

use std::{fmt::Display, io, ops::RangeInclusive};

use serde::{Deserialize, Serialize, Serializer};
use serde_json::ser::{CompactFormatter, Formatter};
use trackside_core::{Key, Point, RunId, store::SampleQuery};

use crate::{
    Failure, Int, Texts,
    history_page::{PlainMetric, json, room},
    request::required,
};

/// Most runs of one request.
pub const MAX_BULK_RUNS: usize = 100;
/// Most points of one answer, and as many as there are when the client does not say.
pub const MAX_BULK_POINTS: i64 = 25_000;
/// Most points of a sample of one run, and as many as there are when the client does not say.
pub const MAX_SAMPLED_POINTS: i64 = 2_500;

/// `GET metrics/get-history-bulk`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GetHistoryBulk {
    /// Required: at least one.
    pub run_id: Texts,
    /// Required; may be empty.
    pub metric_key: Option<String>,
    /// At most so many points of all runs together.
    pub max_results: Option<Int>,
}

impl GetHistoryBulk {
    /// The runs that can be, in the order of the answer, the metric, and the most points. MLflow takes a negative
    /// limit for none, and leaves out as many points as it says.
    pub fn checked(self) -> Result<(Vec<RunId>, Key, usize), Failure> {
        let Texts(runs) = self.run_id;
        if runs.is_empty() {
            return Err(Failure::invalid("GetMetricHistoryBulk request must specify at least one run_id."));
        }
        if runs.len() > MAX_BULK_RUNS {
            return Err(Failure::invalid(format!(
                "GetMetricHistoryBulk request cannot specify more than {MAX_BULK_RUNS} run_ids. Received {} run_ids.",
                runs.len()
            )));
        }
        let no_key = || Failure::invalid("GetMetricHistoryBulk request must specify a metric_key.");
        let key = Key::new(self.metric_key.ok_or_else(no_key)?)?;
        let Int(limit) = self.max_results.unwrap_or(Int(MAX_BULK_POINTS));
        let limit = usize::try_from(limit.min(MAX_BULK_POINTS)).map_err(|_| {
            Failure::invalid(format!(
                "Invalid value {limit} for parameter 'max_results' supplied. It must not be negative."
            ))
        })?;
        let mut runs = possible(&runs);
        runs.sort_unstable();
        runs.dedup();
        Ok((runs, key, limit))
    }
}

/// `GET metrics/get-history-bulk-interval`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GetHistoryBulkInterval {
    /// Required; may be empty.
    #[serde(alias = "runIds")]
    pub run_ids: Option<Texts>,
    /// Required.
    #[serde(alias = "metricKey")]
    pub metric_key: Option<String>,
    /// The first step; with the last or not at all.
    #[serde(alias = "startStep")]
    pub start_step: Option<Int>,
    /// The last step.
    #[serde(alias = "endStep")]
    pub end_step: Option<Int>,
    /// At most so many points of each run.
    #[serde(alias = "maxResults")]
    pub max_results: Option<Int>,
}

impl GetHistoryBulkInterval {
    /// The metric, and one query for each run that can be, in the order of the request.
    pub fn checked(self) -> Result<(Key, Vec<SampleQuery>), Failure> {
        let runs = required(self.run_ids.map(|Texts(ids)| ids), "run_ids")?;
        if runs.len() > MAX_BULK_RUNS {
            return Err(refused(format!(
                "GetMetricHistoryBulkInterval request must specify at most {MAX_BULK_RUNS} run_ids. Received {} run_ids.",
                runs.len()
            )));
        }
        let key = Key::new(required(self.metric_key, "metric_key")?)?;
        let Int(limit) = self.max_results.unwrap_or(Int(MAX_SAMPLED_POINTS));
        let limit = usize::try_from(limit).ok().filter(|_| (1..=MAX_SAMPLED_POINTS).contains(&limit));
        let limit = limit.ok_or_else(|| refused(format!("max_results must be between 1 and {MAX_SAMPLED_POINTS}.")))?;
        let steps = steps(self.start_step, self.end_step)?;
        let query = |run| SampleQuery { run, key: key.clone(), steps: steps.clone(), limit };
        let queries = possible(&runs).into_iter().map(query).collect();
        Ok((key, queries))
    }
}

/// The failure of a rule that MLflow checks together with the types.
fn refused(why: impl Display) -> Failure {
    Failure::invalid(format!("{why} See the API docs for more information about request parameters."))
}

fn steps(start: Option<Int>, end: Option<Int>) -> Result<Option<RangeInclusive<i64>>, Failure> {
    match (start, end) {
        (None, None) => Ok(None),
        (Some(Int(start)), Some(Int(end))) if start <= end => Ok(Some(start..=end)),
        (Some(Int(start)), Some(Int(end))) => Err(Failure::invalid(format!(
            "end_step must be greater than start_step. Found start_step={start} and end_step={end}."
        ))),
        _ => Err(Failure::invalid("If either start step or end step are specified, both must be specified.")),
    }
}

/// The ids among these texts; what no run can be called has no points.
fn possible(runs: &[String]) -> Vec<RunId> {
    runs.iter().filter_map(|run| RunId::parse(run).ok()).collect()
}

/// Points of one metric, run after run.
#[derive(Debug)]
struct RunPoints {
    key: Key,
    runs: Vec<(RunId, Vec<Point>)>,
}

impl RunPoints {
    fn iter(&self) -> impl Iterator<Item = (&str, &Point)> {
        self.runs.iter().flat_map(|(run, points)| points.iter().map(|point| (run.as_str(), point)))
    }

    fn room(&self) -> Vec<u8> {
        let n_points = self.runs.iter().map(|(_, points)| points.len()).sum();
        let run_bytes = self.runs.first().map_or(0, |(run, _)| r#""run_id":"","#.len() + run.as_str().len());
        room(n_points, self.key.as_str().len() + run_bytes)
    }

    fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

/// Answer of `metrics/get-history-bulk`. Its fields are sorted and NaN is a bare token, as Python's `json` writes them.
#[derive(Debug, Serialize)]
pub struct HistoryBulkFound {
    #[serde(serialize_with = "sorted_fields")]
    metrics: RunPoints,
}

impl HistoryBulkFound {
    /// Points of this metric.
    pub fn of(key: Key, runs: Vec<(RunId, Vec<Point>)>) -> Self {
        Self { metrics: RunPoints { key, runs } }
    }

    /// The answer in Python's JSON.
    pub fn to_json(&self) -> Vec<u8> {
        json(self, self.metrics.room(), BareNan)
    }
}

fn sorted_fields<S: Serializer>(points: &RunPoints, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Fields<'a> {
        key: &'a str,
        run_id: &'a str,
        step: i64,
        timestamp: i64,
        value: f64,
    }
    serializer.collect_seq(points.iter().map(|(run_id, point)| Fields {
        key: points.key.as_str(),
        run_id,
        step: point.step,
        timestamp: point.time.millis(),
        value: point.value.clamp(f64::MIN, f64::MAX),
    }))
}

/// Writes `NaN` where JSON knows only `null`; no other value of the answer can be `null`.
struct BareNan;

impl Formatter for BareNan {
    fn write_null<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"NaN")
    }
}

/// Answer of `metrics/get-history-bulk-interval`.
#[derive(Debug, Serialize)]
pub struct HistoryBulkIntervalFound {
    /// Absent when there are none.
    #[serde(skip_serializing_if = "RunPoints::is_empty", serialize_with = "fields_of_metrics")]
    metrics: RunPoints,
}

impl HistoryBulkIntervalFound {
    /// Points of this metric.
    pub fn of(key: Key, runs: Vec<(RunId, Vec<Point>)>) -> Self {
        Self { metrics: RunPoints { key, runs } }
    }

    /// The answer in JSON.
    pub fn to_json(&self) -> Vec<u8> {
        json(self, self.metrics.room(), CompactFormatter)
    }
}

fn fields_of_metrics<S: Serializer>(points: &RunPoints, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(points.iter().map(|(run_id, point)| PlainMetric::of(&points.key, Some(run_id), point)))
}

#[cfg(test)]
mod tests {
    use trackside_core::Timestamp;

    use super::*;
    use crate::request::from_query;

    fn read<T: serde::de::DeserializeOwned>(pairs: &[(&str, &str)]) -> T {
        from_query(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).unwrap()
    }

    fn bulk(pairs: &[(&str, &str)]) -> Result<(Vec<RunId>, Key, usize), Failure> {
        read::<GetHistoryBulk>(pairs).checked()
    }

    fn interval(pairs: &[(&str, &str)]) -> Result<Vec<SampleQuery>, Failure> {
        let all: Vec<_> = [("run_ids", "b"), ("metric_key", "m")].iter().chain(pairs).copied().collect();
        read::<GetHistoryBulkInterval>(&all).checked().map(|(_, queries)| queries)
    }

    fn points() -> (Key, Vec<(RunId, Vec<Point>)>) {
        let point = |value| Point { step: 2, time: Timestamp::from_millis(1), value };
        let runs = vec![
            (RunId::parse("a").unwrap(), vec![point(f64::NAN), point(f64::INFINITY)]),
            (RunId::parse("b").unwrap(), vec![]),
        ];
        (Key::new("m").unwrap(), runs)
    }

    #[test]
    fn runs_in_bulk_are_sorted_once_each_and_cut_at_a_limit() {
        let (runs, key, limit) =
            bulk(&[("run_id", "b"), ("run_id", "../x"), ("run_id", "a"), ("run_id", "b"), ("metric_key", "")]).unwrap();
        assert_eq!(runs.iter().map(RunId::as_str).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((key.as_str(), limit), ("", 25_000));
        for (given, limit) in [("0", 0), ("7", 7), ("25001", 25_000)] {
            assert_eq!(bulk(&[("run_id", "a"), ("metric_key", "m"), ("max_results", given)]).unwrap().2, limit);
        }
        assert!(bulk(&[("run_id", "a"), ("metric_key", "m"), ("max_results", "-1")]).is_err());
    }

    #[test]
    fn samples_keep_the_order_of_the_runs() {
        let queries = interval(&[("run_ids", "a"), ("run_ids", ""), ("run_ids", "b"), ("max_results", "7")]).unwrap();
        assert_eq!(queries.iter().map(|query| query.run.as_str()).collect::<Vec<_>>(), ["b", "a", "b"]);
        assert!(queries.iter().all(|query| query.limit == 7 && query.steps.is_none()));
        assert_eq!(interval(&[("start_step", "-1"), ("end_step", "-1")]).unwrap()[0].steps, Some(-1..=-1));
        assert_eq!(interval(&[]).unwrap()[0].limit, 2_500);
        for refused in [&[("max_results", "0")][..], &[("max_results", "2501")], &[("end_step", "1")]] {
            assert!(interval(refused).is_err(), "{refused:?}");
        }
        assert!(interval(&[("start_step", "2"), ("end_step", "1")]).is_err());
    }

    #[test]
    fn whole_histories_are_in_pythons_json() {
        let (key, runs) = points();
        let json = String::from_utf8(HistoryBulkFound::of(key, runs).to_json()).unwrap();
        let expected = r#"{"metrics":[{"key":"m","run_id":"a","step":2,"timestamp":1,"value":NaN},"#.to_owned()
            + r#"{"key":"m","run_id":"a","step":2,"timestamp":1,"value":1.7976931348623157e+308}]}"#;
        assert_eq!(json, expected);
    }

    #[test]
    fn samples_look_like_metrics() {
        let (key, mut runs) = points();
        let expected = r#"{"metrics":[{"key":"m","value":"NaN","timestamp":1,"step":2,"run_id":"a"},"#.to_owned()
            + r#"{"key":"m","value":1.7976931348623157e+308,"timestamp":1,"step":2,"run_id":"a"}]}"#;
        let json = HistoryBulkIntervalFound::of(key.clone(), runs.clone()).to_json();
        assert_eq!(String::from_utf8(json).unwrap(), expected);
        runs.remove(0);
        assert_eq!(HistoryBulkIntervalFound::of(key, runs).to_json(), b"{}");
    }
}
