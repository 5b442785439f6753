//! Params, points and tags, gathered and cut into requests of the size that every server takes.

use std::collections::{BTreeMap, HashSet};

use trackside_mlflow_wire::{
    LogBatch, MAX_BATCH_ITEMS, MAX_BATCH_METRICS, MAX_BATCH_PARAMS, MAX_BATCH_TAGS, Metric, Tag,
};

use crate::history;

/// Most bytes of a request. MLflow documents 1 MB (`MAX_BATCH_LOG_REQUEST_SIZE`, 1,000,000 in 2.x); the rest is for
/// the run's id and the names of fields.
const MAX_BYTES: usize = 900_000;
/// What an item takes beside its texts: names of fields, quotes, and for a point the longest numbers.
const ITEM_BYTES: usize = 160;

/// What is to be logged to a run. The three kinds do not touch each other, so only the order within a kind counts.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    params: Vec<Tag>,
    metrics: Vec<Metric>,
    tags: BTreeMap<String, String>,
}

impl Gathered {
    pub(crate) fn param(&mut self, param: Tag) {
        self.params.push(param);
    }

    pub(crate) fn metric(&mut self, metric: Metric) {
        self.metrics.push(metric);
    }

    /// Of a key given twice the last value stays.
    pub(crate) fn tag(&mut self, tag: Tag) {
        self.tags.insert(tag.key.unwrap_or_default().into(), tag.value.unwrap_or_default());
    }

    /// The requests, which must be made in this order.
    pub(crate) fn requests(self, run_id: &str) -> Vec<LogBatch> {
        let mut requests = Requests { run_id, done: Vec::new(), open: Room::default() };
        // MLflow refuses a batch that has a param twice, even with equal values.
        let mut seen = HashSet::new();
        for param in self.params.into_iter().filter(|param| seen.insert((param.key.clone(), param.value.clone()))) {
            requests
                .room(MAX_BATCH_PARAMS, |batch| &batch.params, text_bytes(&param))
                .params
                .get_or_insert_default()
                .push(param);
        }
        for (key, value) in self.tags {
            let tag = Tag { key: Some(key.into()), value: Some(value) };
            requests.room(MAX_BATCH_TAGS, |batch| &batch.tags, text_bytes(&tag)).tags.get_or_insert_default().push(tag);
        }
        // And before 3.x one that has a NaN twice.
        let mut seen = HashSet::new();
        let once = |metric: &Metric| {
            !metric.value.is_some_and(|value| value.0.is_nan()) || seen.insert(history::identity(metric))
        };
        for metric in self.metrics.into_iter().filter(once) {
            let bytes = metric_bytes(&metric);
            requests
                .room(MAX_BATCH_METRICS, |batch| &batch.metrics, bytes)
                .metrics
                .get_or_insert_default()
                .push(metric);
        }
        requests.finish()
    }
}

/// A request that is being filled.
#[derive(Default)]
struct Room {
    batch: LogBatch,
    n_items: usize,
    bytes: usize,
}

struct Requests<'a> {
    run_id: &'a str,
    done: Vec<LogBatch>,
    open: Room,
}

impl Requests<'_> {
    /// The request that takes the next item of a kind.
    fn room<T>(&mut self, most: usize, kind: fn(&LogBatch) -> &Option<Vec<T>>, bytes: usize) -> &mut LogBatch {
        let n_kind = kind(&self.open.batch).as_ref().map_or(0, Vec::len);
        let is_full = n_kind == most || self.open.n_items == MAX_BATCH_ITEMS || self.open.bytes + bytes > MAX_BYTES;
        if is_full && self.open.n_items > 0 {
            self.close();
        }
        self.open.n_items += 1;
        self.open.bytes += bytes;
        &mut self.open.batch
    }

    fn close(&mut self) {
        let batch = std::mem::take(&mut self.open).batch;
        self.done.push(LogBatch { run_id: Some(self.run_id.to_owned()), ..batch });
    }

    fn finish(mut self) -> Vec<LogBatch> {
        if self.open.n_items > 0 {
            self.close();
        }
        self.done
    }
}

fn text_bytes(tag: &Tag) -> usize {
    ITEM_BYTES + [tag.key.as_deref(), tag.value.as_deref()].into_iter().flatten().map(escaped_bytes).sum::<usize>()
}

fn metric_bytes(metric: &Metric) -> usize {
    let texts = [&metric.model_id, &metric.dataset_name, &metric.dataset_digest].map(Option::as_deref);
    ITEM_BYTES + texts.into_iter().chain([metric.key.as_deref()]).flatten().map(escaped_bytes).sum::<usize>()
}

/// How long a text is in JSON.
fn escaped_bytes(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..=0x1f => 6,
        _ => 1,
    };
    text.bytes().map(escaped).sum()
}

#[cfg(test)]
mod tests {
    use trackside_mlflow_wire::{Double, Int};

    use super::*;

    fn pair(key: impl Into<String>, value: impl Into<String>) -> Tag {
        Tag { key: Some(key.into().into()), value: Some(value.into()) }
    }

    fn metric(step: i64) -> Metric {
        let value = Some(Double(f64::MIN_POSITIVE));
        Metric {
            key: Some("loss".into()),
            value,
            timestamp: Some(Int(i64::MAX)),
            step: Some(Int(step)),
            ..Metric::default()
        }
    }

    fn sizes(requests: &[LogBatch]) -> Vec<(usize, usize, usize)> {
        let n = |list: &Option<Vec<Tag>>| list.as_ref().map_or(0, Vec::len);
        requests
            .iter()
            .map(|request| (n(&request.params), request.metrics.as_ref().map_or(0, Vec::len), n(&request.tags)))
            .collect()
    }

    #[test]
    fn nothing_makes_no_request() {
        assert!(Gathered::default().requests("r").is_empty());
    }

    #[test]
    fn requests_keep_within_the_limits_and_the_order() {
        let mut gathered = Gathered::default();
        (0..2_500).for_each(|step| gathered.metric(metric(step)));
        (0..150).for_each(|n| gathered.param(pair(format!("p{n}"), "1")));
        (0..101).for_each(|n| gathered.tag(pair(format!("t{n}"), "1")));
        let requests = gathered.requests("r");
        assert_eq!(sizes(&requests), [(100, 0, 0), (50, 0, 100), (0, 999, 1), (0, 1000, 0), (0, 501, 0)]);
        let steps: Vec<_> =
            requests.iter().flat_map(|request| request.metrics.iter().flatten()).map(|metric| metric.step).collect();
        assert!(steps.is_sorted() && steps.len() == 2_500);
        assert!(requests.iter().all(|request| request.run_id.as_deref() == Some("r")));
    }

    #[test]
    fn long_texts_are_spread_over_requests_of_less_than_a_megabyte() {
        let mut gathered = Gathered::default();
        (0..100).for_each(|n| gathered.tag(pair(format!("t{n}"), "\u{1}\"é".repeat(2_000))));
        gathered.param(pair("p", "x".repeat(2_000_000)));
        let requests = gathered.requests("r");
        let bytes = |request: &LogBatch| serde_json::to_vec(request).unwrap().len();
        assert_eq!(sizes(&requests)[0], (1, 0, 0), "what no request has room for goes alone");
        assert!(requests[1..].iter().all(|request| bytes(request) < 1_000_000));
        assert_eq!(sizes(&requests).iter().map(|(_, _, tags)| tags).sum::<usize>(), 100);
        assert!(requests.len() < 5, "{}", requests.len());
    }

    #[test]
    fn estimates_are_not_below_what_is_sent() {
        let item = metric(i64::MIN);
        assert!(serde_json::to_vec(&item).unwrap().len() < metric_bytes(&item));
        let item = pair("k\n", "\\");
        assert!(serde_json::to_vec(&item).unwrap().len() < text_bytes(&item));
    }

    #[test]
    fn of_a_tag_the_last_value_counts_and_a_param_comes_once() {
        let mut gathered = Gathered::default();
        for value in ["1", "2"] {
            gathered.tag(pair("t", value));
            gathered.param(pair("p", "same"));
        }
        let request = gathered.requests("r").remove(0);
        assert_eq!((request.tags, request.params), (Some(vec![pair("t", "2")]), Some(vec![pair("p", "same")])));
    }
}
