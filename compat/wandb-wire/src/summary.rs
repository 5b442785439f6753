//! The summary of a run: one JSON document of latest values, or of what `define_metric` asks for.

use std::collections::{BTreeMap, HashSet};

use trackside_core::{Json, Key, LatestMetric, MetricPoint, Object, Point, Result, Timestamp};

use crate::{leaves, row};

/// What of a summary is in no history: numbers that differ from the latest point of their metric become points, at
/// the summary's own step. A summary that is older than the latest point says nothing.
///
/// `latest` are the latest points of the run, those of the same request among them; where the summary names no step it
/// is the highest of theirs.
pub fn points(summary: &Object, latest: &BTreeMap<Key, Point>, now: Timestamp) -> Vec<MetricPoint> {
    let highest = || latest.values().map(|point| point.step).max().unwrap_or(0);
    let step = row::step(summary).unwrap_or_else(highest);
    let time = row::time(summary).unwrap_or(now);
    let mut points = Vec::new();
    for (key, leaf) in leaves::of(summary) {
        let Some(value) = leaves::number(leaf) else { continue };
        let Ok(key) = Key::new(key) else { continue };
        if row::is_reserved(key.as_str()) {
            continue;
        }
        let is_news = latest.get(&key).is_none_or(|known| {
            let same = known.value.total_cmp(&value).is_eq() || (known.value.is_nan() && value.is_nan());
            !same && step >= known.step
        });
        if is_news {
            points.push(MetricPoint { key, point: Point { step, time, value }, subject: None });
        }
    }
    points
}

/// Reads a summary.
pub fn parse(text: &str) -> Result<Object> {
    row::object(text)
}

/// The summary that clients read: the document, and the latest values of metrics that it lacks.
pub fn whole(document: Option<&str>, metrics: &[LatestMetric]) -> Object {
    let mut whole = document.and_then(|text| parse(text).ok()).unwrap_or_default();
    let known: HashSet<String> = leaves::of(&whole).into_iter().map(|(key, _)| key).collect();
    let known_objects: HashSet<String> = whole.iter().map(|(key, _)| key.to_owned()).collect();
    let lacking = metrics.iter().filter(|metric| {
        let key = metric.key.as_str();
        !known.contains(key) && !known_objects.contains(key) && !key.starts_with("system/")
    });
    let lacking = lacking.map(|metric| (metric.key.as_str().to_owned(), Json::Float(metric.point.value)));
    let lacking: Object = lacking.collect();
    whole.update(lacking);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latest(pairs: &[(&str, i64, f64)]) -> BTreeMap<Key, Point> {
        let point = |step, value| Point { step, time: Timestamp::default(), value };
        pairs.iter().map(|(key, step, value)| (Key::new(*key).unwrap(), point(*step, *value))).collect()
    }

    #[test]
    fn only_what_the_history_lacks_becomes_points() {
        let text = r#"{"_step": 5, "_timestamp": 2, "loss": 0.5, "acc": {"max": 1}, "best": 0.9, "old": 1, "nan": NaN, "t": "x"}"#;
        let known = latest(&[("loss", 5, 0.5), ("best", 5, 0.1), ("old", 6, 2.0), ("nan", 1, f64::NAN)]);
        let points = points(&parse(text).unwrap(), &known, Timestamp::default());
        let told: Vec<_> =
            points.iter().map(|metric| (metric.key.as_str(), metric.point.step, metric.point.value)).collect();
        assert_eq!(told, [("acc.max", 5, 1.0), ("best", 5, 0.9)]);
        assert_eq!(points[0].point.time.millis(), 2_000);
    }

    #[test]
    fn latest_values_fill_the_gaps() {
        let metric = |key: &str, value| LatestMetric {
            key: Key::new(key).unwrap(),
            point: Point { step: 1, time: Timestamp::default(), value },
        };
        let metrics = [metric("a", 1.0), metric("b.c", 2.0), metric("d", f64::NAN), metric("system/cpu", 4.0)];
        let whole = whole(Some(r#"{"a": 9, "b": {"c": 8}}"#), &metrics);
        assert_eq!(Json::Object(whole).to_string(), r#"{"a": 9, "b": {"c": 8}, "d": NaN}"#);
        assert_eq!(Json::Object(super::whole(None, &[])).to_string(), "{}");
    }
}
