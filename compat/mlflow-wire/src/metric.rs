//! Metrics: points as clients write and read them.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trackside_core::{
    Event, Key, LatestMetric, LoggedModelId, MetricPoint, MetricSubject, Point, RunId, Timestamp, store::HistoryQuery,
};

use crate::{
    Double, Failure, Int,
    names::{self, Place},
    page,
    request::{self, missing, required},
    run::run_id,
    scalar::double_or_blank,
};

/// A point of a metric.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metric {
    /// Required.
    pub key: Option<CompactString>,
    /// Required.
    pub value: Option<Double>,
    /// ms since the epoch. Required.
    pub timestamp: Option<Int>,
    /// Absent counts as 0.
    pub step: Option<Int>,
    /// The dataset it was measured on.
    #[serde(alias = "datasetName", skip_serializing_if = "Option::is_none")]
    pub dataset_name: Option<String>,
    /// Of that dataset.
    #[serde(alias = "datasetDigest", skip_serializing_if = "Option::is_none")]
    pub dataset_digest: Option<String>,
    /// The logged model it measures.
    #[serde(alias = "modelId", skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
    /// The run that measured it; only in answers.
    #[serde(alias = "runId", skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
}

impl Metric {
    /// Checks a point on its way into a run.
    pub(crate) fn checked(self, place: Place) -> Result<MetricPoint, Failure> {
        let missing = |field: &str| missing(format_args!("{place}{field}"));
        let key = names::entry_key(self.key, place, format_args!("{place}name"), "Metric name")?;
        let Double(value) = self.value.ok_or_else(|| missing("value"))?;
        let Int(time) = self.timestamp.ok_or_else(|| missing("timestamp"))?;
        if time < 0 {
            return Err(Failure::invalid(format!(
                "Invalid value {time} for parameter '{place}timestamp' supplied: metric '{key}' (value={value:?}). \
                 Timestamp must be a nonnegative long (64-bit integer) "
            )));
        }
        let point = Point { step: self.step.unwrap_or_default().0, time: Timestamp::from_millis(time), value };
        Ok(MetricPoint { key, point, subject: subject(self.model_id, self.dataset_name, self.dataset_digest)? })
    }

    fn of(key: Key, point: &Point) -> Self {
        Self {
            key: Some(key.into()),
            value: Some(Double(point.value)),
            timestamp: Some(Int(point.time.millis())),
            step: Some(Int(point.step)),
            ..Self::default()
        }
    }
}

/// What a point measures; empty texts count as absent.
fn subject(
    model: Option<String>,
    dataset: Option<String>,
    digest: Option<String>,
) -> Result<Option<Box<MetricSubject>>, Failure> {
    let model = model.filter(|id| !id.is_empty()).map(|id| LoggedModelId::parse(&id)).transpose()?;
    let (dataset, digest) = (dataset.unwrap_or_default(), digest.unwrap_or_default());
    let dataset = (!dataset.is_empty() || !digest.is_empty()).then_some((dataset, digest));
    let is_any = model.is_some() || dataset.is_some();
    Ok(is_any.then(|| Box::new(MetricSubject { model, dataset })))
}

impl From<&MetricPoint> for Metric {
    /// As a client sends it. The model is named by its id here, which its peer may not know.
    fn from(metric: &MetricPoint) -> Self {
        let subject = metric.subject.as_deref();
        let dataset = subject.and_then(|subject| subject.dataset.clone());
        let (dataset_name, dataset_digest) = dataset.unzip();
        Self {
            model_id: subject.and_then(|subject| Some(subject.model.as_ref()?.to_string())),
            dataset_name: dataset_name.filter(|name| !name.is_empty()),
            dataset_digest: dataset_digest.filter(|digest| !digest.is_empty()),
            ..Self::of(metric.key.clone(), &metric.point)
        }
    }
}

impl From<LatestMetric> for Metric {
    fn from(latest: LatestMetric) -> Self {
        Self::of(latest.key, &latest.point)
    }
}

/// `POST runs/log-metric`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LogMetric {
    /// Required.
    #[serde(alias = "runId")]
    pub run_id: Option<String>,
    /// In place of `run_id`.
    #[serde(alias = "runUuid")]
    pub run_uuid: Option<String>,
    /// Required.
    pub key: Option<CompactString>,
    /// Required; an empty text counts as missing.
    #[serde(deserialize_with = "double_or_blank")]
    pub value: Option<Double>,
    /// ms since the epoch. Required.
    pub timestamp: Option<Int>,
    /// Absent counts as 0.
    pub step: Option<Int>,
    /// The logged model it measures.
    #[serde(alias = "modelId")]
    pub model_id: Option<String>,
    /// The dataset it was measured on.
    #[serde(alias = "datasetName")]
    pub dataset_name: Option<String>,
    /// Of that dataset.
    #[serde(alias = "datasetDigest")]
    pub dataset_digest: Option<String>,
}

impl LogMetric {
    /// The run, and the event that adds the point.
    pub fn checked(self) -> Result<(RunId, Event), Failure> {
        let id = run_id(self.run_id, self.run_uuid)?;
        let metric = Metric {
            key: self.key,
            value: self.value,
            timestamp: self.timestamp,
            step: self.step,
            dataset_name: self.dataset_name,
            dataset_digest: self.dataset_digest,
            model_id: self.model_id,
            run_id: None,
        };
        Ok((id, Event::Points(vec![metric.checked(Place::Alone)?])))
    }
}

/// `GET metrics/get-history`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GetHistory {
    /// Required.
    #[serde(alias = "runId")]
    pub run_id: Option<String>,
    /// In place of `run_id`.
    #[serde(alias = "runUuid")]
    pub run_uuid: Option<String>,
    /// Required.
    #[serde(alias = "metricKey")]
    pub metric_key: Option<String>,
    /// At most so many; absent means all.
    #[serde(alias = "maxResults")]
    pub max_results: Option<Int>,
    /// Where to go on.
    #[serde(alias = "pageToken")]
    pub page_token: Option<String>,
}

impl GetHistory {
    /// What to read; `None` where no run can be.
    pub fn checked(self) -> Result<Option<HistoryQuery>, Failure> {
        let run = required(self.run_id.filter(|id| !id.is_empty()).or(self.run_uuid), "run_id")?;
        let key = Key::new(required(self.metric_key, "metric_key")?)?;
        let limit = self.max_results.map(positive_limit).transpose()?;
        let after = page::parse(self.page_token.as_deref())?;
        Ok(RunId::parse(&run).ok().map(|run| HistoryQuery { run, key, limit, after, since: None }))
    }
}

fn positive_limit(Int(limit): Int) -> Result<usize, Failure> {
    if limit <= 0 {
        return Err(Failure::invalid(format!(
            "Invalid value {limit} for parameter 'max_results' supplied. It must be a positive integer."
        )));
    }
    usize::try_from(limit).map_err(|_| request::wrong_type(&Value::from(limit), "max_results"))
}

/// Answer of `metrics/get-history` as it is read. Elsewhere: as it is written (`history_page.rs`).
#[derive(Debug, Default, Deserialize)]
pub struct HistoryFound {
    /// Absent when there are none.
    #[serde(default)]
    pub metrics: Vec<Metric>,
    /// Absent when nothing follows.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::from_json;

    fn point(metric: &str) -> Result<MetricPoint, Failure> {
        let (_, event) = from_json::<LogMetric>(metric.as_bytes())?.checked()?;
        let Event::Points(mut points) = event else { panic!("{event:?}") };
        Ok(points.remove(0))
    }

    #[test]
    fn clients_spell_points_in_many_ways() {
        let plain = point(r#"{"run_id": "r", "key": "k", "value": 0.5, "timestamp": 7, "step": 3}"#).unwrap();
        let java = point(r#"{"run_uuid": "r", "key": "k", "value": "0.5", "timestamp": "7", "step": 3.0}"#).unwrap();
        let camel = point(r#"{"runId": "r", "key": "k", "value": 5e-1, "timestamp": 7.0, "step": "3"}"#).unwrap();
        assert_eq!((&plain, &plain), (&java, &camel));
        assert!(point(r#"{"run_id": "r", "key": "k", "value": NaN, "timestamp": 7}"#).unwrap().point.value.is_nan());
    }

    #[test]
    fn a_blank_value_is_missing_but_a_blank_time_is_wrong() {
        let blank = point(r#"{"run_id": "r", "key": "k", "value": "", "timestamp": 7}"#).unwrap_err();
        assert!(blank.message.starts_with("Missing value for required parameter 'value'."), "{}", blank.message);
        let blank = point(r#"{"run_id": "r", "key": "k", "value": 1, "timestamp": ""}"#).unwrap_err();
        assert!(blank.message.starts_with("Invalid value \"\" for parameter 'timestamp'"), "{}", blank.message);
    }

    #[test]
    fn a_point_may_measure_a_model_on_a_dataset() {
        let named =
            r#"{"run_id": "r", "key": "k", "value": 1, "timestamp": 7, "model_id": "m-1", "dataset_name": "d"}"#;
        let subject = point(named).unwrap().subject.unwrap();
        assert_eq!(subject.model.unwrap().as_str(), "m-1");
        assert_eq!(subject.dataset, Some(("d".to_owned(), String::new())));
        let blank = r#"{"run_id": "r", "key": "k", "value": 1, "timestamp": 7, "model_id": "", "dataset_digest": ""}"#;
        assert_eq!(point(blank).unwrap().subject, None);
    }

    #[test]
    fn a_history_needs_a_positive_limit_and_a_run_that_can_be() {
        let history = |query: &str| from_json::<GetHistory>(query.as_bytes()).and_then(GetHistory::checked);
        let found = history(r#"{"run_id": "r", "metric_key": "k", "max_results": "5"}"#).unwrap().unwrap();
        assert_eq!((found.limit, found.after), (Some(5), None));
        assert!(history(r#"{"run_id": "../r", "metric_key": "k"}"#).unwrap().is_none());
        assert_eq!(
            history(r#"{"run_id": "r", "metric_key": "k", "max_results": 0}"#).unwrap_err().message,
            "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer."
        );
    }
}
