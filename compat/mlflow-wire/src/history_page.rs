//! Points on their way out, written from where they are: a page may hold 25,000, which as [`crate::Metric`]s would take
//! several times the memory of its JSON.

use serde::Serialize;
use serde_json::{
    Serializer,
    ser::{CompactFormatter, Formatter},
};
use trackside_core::{Key, Page, Point};

use crate::{Double, page};

/// Most points take no more JSON than this, not counting names.
const POINT_BYTES: usize = 96;

/// A point in JSON. Its fields and their order are those of [`crate::Metric`].
#[derive(Debug, Serialize)]
pub(crate) struct PlainMetric<'a> {
    key: &'a str,
    value: Double,
    timestamp: i64,
    step: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<&'a str>,
}

impl<'a> PlainMetric<'a> {
    pub(crate) fn of(key: &'a Key, run_id: Option<&'a str>, point: &Point) -> Self {
        let Point { step, time, value } = *point;
        Self { key: key.as_str(), value: Double(value), timestamp: time.millis(), step, run_id }
    }
}

/// Room for the JSON of points with names of this many bytes each, so that it need not grow.
pub(crate) fn room(n_points: usize, name_bytes: usize) -> Vec<u8> {
    Vec::with_capacity(n_points.saturating_mul(POINT_BYTES + name_bytes).saturating_add(POINT_BYTES))
}

/// Writes an answer of points.
pub(crate) fn json(answer: &impl Serialize, mut room: Vec<u8>, formatter: impl Formatter) -> Vec<u8> {
    let written = answer.serialize(&mut Serializer::with_formatter(&mut room, formatter));
    written.expect("numbers and texts can be written to memory");
    room
}

/// Answer of `metrics/get-history`.
#[derive(Debug, Serialize)]
pub struct HistoryPage {
    /// Absent when there are none.
    #[serde(skip_serializing_if = "Points::is_empty")]
    metrics: Points,
    /// Absent when nothing follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

impl HistoryPage {
    /// A page of points of this metric.
    pub fn of(key: Key, found: Page<Point>) -> Self {
        let next_page_token = page::render(found.next.as_ref());
        Self { metrics: Points { key, points: found.items }, next_page_token }
    }

    /// The answer in JSON.
    pub fn to_json(&self) -> Vec<u8> {
        json(self, room(self.metrics.points.len(), self.metrics.key.as_str().len()), CompactFormatter)
    }
}

#[derive(Debug)]
struct Points {
    key: Key,
    points: Vec<Point>,
}

impl Points {
    fn is_empty(&self) -> bool {
        self.points.is_empty()
    }
}

impl Serialize for Points {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.points.iter().map(|point| PlainMetric::of(&self.key, None, point)))
    }
}

#[cfg(test)]
mod tests {
    use trackside_core::{LatestMetric, PageToken, Timestamp};

    use super::*;
    use crate::{HistoryFound, Metric};

    #[test]
    fn a_page_is_written_as_metrics_are() {
        let key = Key::new("a \"quoted\" key").unwrap();
        let point = |step, value| Point { step, time: Timestamp::from_millis(1_700_000_000_000), value };
        let points =
            vec![point(i64::MIN, 0.1), point(2, f64::NAN), point(3, f64::NEG_INFINITY), point(4, -0.0), point(5, 1e-7)];
        let metrics: Vec<_> =
            points.iter().map(|point| Metric::from(LatestMetric { key: key.clone(), point: *point })).collect();
        let json = HistoryPage::of(key, Page { items: points, next: Some(PageToken::new("5")) }).to_json();
        let text = String::from_utf8(json.clone()).unwrap();
        let expected = serde_json::to_string(&metrics).unwrap();
        assert_eq!(text, format!(r#"{{"metrics":{expected},"next_page_token":"NQ=="}}"#));
        let read: HistoryFound = serde_json::from_slice(&json).unwrap();
        assert_eq!((read.metrics.len(), read.next_page_token.as_deref()), (5, Some("NQ==")));
    }

    #[test]
    fn an_empty_page_has_no_fields() {
        let page = HistoryPage::of(Key::new("k").unwrap(), Page { items: Vec::new(), next: None });
        assert_eq!(page.to_json(), b"{}");
    }

    #[test]
    fn the_json_of_usual_points_fits_the_room_for_it() {
        let point = |n: i32| Point {
            step: 1_000_000 + i64::from(n),
            time: Timestamp::from_millis(1_700_000_000_000),
            value: -1.0 / f64::from(n + 3) / 1e9,
        };
        let key = Key::new("val_loss").unwrap();
        let page = HistoryPage::of(key.clone(), Page { items: (0..100).map(point).collect(), next: None });
        assert!(page.to_json().len() <= room(100, key.as_str().len()).capacity());
    }
}
