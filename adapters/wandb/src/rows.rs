//! Points as rows of a history.
//!
//! W&B wants one row per step with all that was measured at it, and a row number, `_step`, that rises. Points come in
//! any order and may repeat a step. So the points of a batch are sorted by step, and a point joins the first row of
//! its step that has no value for its metric; a row has one time, its latest point's. The last row stays open: points
//! of the same step in the next batch join it, and its line is written again. Where batches are cut therefore does
//! not show in a run whose steps rise.
//!
//! `_step` is the step where that rises, and one more than the last row's where it does not (a step repeated, gone
//! back to, negative, or beyond 2^53). Such a row says its step under [`STEP`]: nothing is lost.

use std::collections::{BTreeMap, HashMap};

use trackside_core::MetricPoint;
use trackside_wandb_wire::{
    extended_json::{self, Object},
    file_stream::MAX_LINE_BYTES,
};

use crate::memory::{Double, History, Memory, Place, Row};

/// The metric that holds the step where `_step` cannot.
pub(crate) const STEP: &str = "trackside/step";
/// Keys of a row that are no metrics.
const RESERVED: [&str; 5] = ["_step", "_timestamp", "_runtime", "_wandb", STEP];
/// Largest whole number that every reader of JSON keeps.
const MAX_EXACT: i64 = 1 << 53;
/// Room for the keys of a row that are no metrics.
const OWN_BYTES: usize = 200;
/// The longest number, quotes and commas around it.
const NUMBER_BYTES: usize = 30;
/// A larger row does not stay open: it would have to be remembered.
const MAX_OPEN_BYTES: usize = 64 << 10;

/// Whether a metric of this name can be shown.
pub(crate) fn allows(key: &str) -> bool {
    !RESERVED.contains(&key)
}

/// What is to be written, one line after the other.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Line number of the first.
    pub(crate) offset: u64,
    /// In order; the last one is the open row of the memory, if that has one.
    pub(crate) rows: Vec<Row>,
    /// The row that was open and that nothing joined, in the line before. Where lines stay it is written already.
    pub(crate) closed: Option<Row>,
}

/// Takes points into the memory of a run. All their names are [allowed](allows).
pub(crate) fn take(points: &[&MetricPoint], memory: &mut Memory) -> Written {
    if points.is_empty() {
        return Written { offset: memory.history.closed, ..Written::default() };
    }
    let before = std::mem::take(&mut memory.history);
    let mut table = Table::resume(before.open, before.last);
    let mut sorted = points.to_vec();
    sorted.sort_by_key(|metric| metric.point.step);
    for metric in sorted {
        table.add(metric);
    }
    for (key, value) in table.rows.iter().flat_map(|row| &row.values) {
        memory.summary.insert(key.clone(), *value);
    }
    let mut history = History { closed: before.closed + table.rows.len() as u64, last: table.last, open: None };
    if let Some(last) = table.rows.last()
        && table.sizes.last().is_some_and(|bytes| *bytes <= MAX_OPEN_BYTES)
    {
        history.closed -= 1;
        history.open = Some(last.clone());
    }
    memory.history = history;
    let closed = (table.resumed && !table.touched).then(|| table.rows.remove(0));
    Written { offset: before.closed + u64::from(closed.is_some()), rows: table.rows, closed }
}

/// Rows under construction.
#[derive(Default)]
struct Table {
    rows: Vec<Row>,
    /// Bytes of each row, at most.
    sizes: Vec<usize>,
    last: Option<Place>,
    /// Rows of a step, in order.
    of_step: HashMap<i64, Vec<usize>>,
    /// How many rows of a step have no more room for a metric.
    taken: HashMap<(i64, String), usize>,
    /// Whether the first row is the open one of the batch before, and whether it has been added to.
    resumed: bool,
    touched: bool,
}

impl Table {
    fn resume(open: Option<Row>, last: Option<Place>) -> Self {
        let mut table = Self { last, ..Self::default() };
        if let Some(row) = open {
            table.resumed = true;
            table.of_step.insert(row.step, vec![0]);
            table.taken.extend(row.values.keys().map(|key| ((row.step, key.clone()), 1)));
            table.sizes.push(OWN_BYTES + row.values.keys().map(|key| size(key)).sum::<usize>());
            table.rows.push(row);
        }
        table
    }

    fn add(&mut self, metric: &MetricPoint) {
        let (step, time, key) = (metric.point.step, metric.point.time.millis(), metric.key.as_str());
        let bytes = size(key);
        let mut nth = self.taken.get(&(step, key.to_owned())).copied().unwrap_or(0);
        let index = loop {
            let index = match self.of_step.get(&step).and_then(|rows| rows.get(nth)) {
                Some(index) => *index,
                None => self.begin_row(step, time),
            };
            nth += 1;
            if self.sizes[index] + bytes <= MAX_LINE_BYTES {
                break index;
            }
        };
        self.taken.insert((step, key.to_owned()), nth);
        self.sizes[index] += bytes;
        self.touched |= index == 0;
        let row = &mut self.rows[index];
        row.place.time = row.place.time.max(time);
        row.values.insert(key.to_owned(), Double(metric.point.value));
        if index + 1 == self.rows.len() {
            self.last = Some(self.rows[index].place);
        }
    }

    fn begin_row(&mut self, step: i64, time: i64) -> usize {
        let last = self.last.map_or(-1, |last| last.number);
        let number = if step > last && step <= MAX_EXACT { step } else { last + 1 };
        let place = Place { number, time };
        let index = self.rows.len();
        self.rows.push(Row { step, place, values: BTreeMap::new() });
        self.sizes.push(OWN_BYTES);
        self.of_step.entry(step).or_default().push(index);
        self.last = Some(place);
        index
    }
}

/// What a value of this metric adds to a line, at most.
fn size(key: &str) -> usize {
    extended_json::text(key).len() + NUMBER_BYTES
}

/// Keys and values of a row, as extended JSON.
pub(crate) fn fields(row: &Row, started_at: i64) -> Vec<(&str, String)> {
    let mut fields: Vec<(&str, String)> =
        row.values.iter().map(|(key, value)| (key.as_str(), extended_json::number(value.0))).collect();
    if row.step != row.place.number {
        fields.push((STEP, row.step.to_string()));
    }
    fields.extend(standing(row.place, started_at));
    fields
}

/// Keys and values of the summary, as extended JSON. Metrics that would make the line too long are left out: they are
/// in the history all the same.
pub(crate) fn summary(memory: &Memory) -> Vec<(&str, String)> {
    let Some(last) = memory.history.last else { return Vec::new() };
    let mut bytes = OWN_BYTES;
    let values = memory.summary.iter().take_while(|(key, _)| {
        bytes += size(key);
        bytes <= MAX_LINE_BYTES
    });
    let mut fields: Vec<(&str, String)> =
        values.map(|(key, value)| (key.as_str(), extended_json::number(value.0))).collect();
    fields.extend(standing(last, memory.started_at));
    fields.push(("_wandb", format!("{{\"runtime\":{}}}", runtime_secs(last.time, memory.started_at))));
    fields
}

/// A line of these fields.
pub(crate) fn line(fields: &[(&str, String)]) -> String {
    let mut object = Object::default();
    for (key, value) in fields {
        object.raw(key, value);
    }
    object.finish()
}

/// Whole seconds from start to this time; 0 when clocks disagree.
pub(crate) const fn runtime_secs(time: i64, started_at: i64) -> i64 {
    let runtime = time.saturating_sub(started_at) / 1000;
    if runtime < 0 { 0 } else { runtime }
}

fn standing(place: Place, started_at: i64) -> [(&'static str, String); 3] {
    [
        ("_step", place.number.to_string()),
        ("_timestamp", seconds(place.time)),
        ("_runtime", seconds(place.time.saturating_sub(started_at).max(0))),
    ]
}

fn seconds(millis: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years; the protocol wants a double")]
    extended_json::number(millis as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use trackside_core::{Key, Point, Timestamp};

    use super::*;

    fn metric(key: &str, step: i64, value: f64) -> MetricPoint {
        let point = Point { step, time: Timestamp::from_millis(1_000 + step.clamp(0, 1_000)), value };
        MetricPoint { key: Key::new(key).unwrap(), point, subject: None }
    }

    /// Lines by number, after these batches.
    fn written(batches: &[Vec<MetricPoint>]) -> (BTreeMap<u64, String>, Memory) {
        let mut memory = Memory::begin("p".into(), 1_000);
        let mut lines = BTreeMap::new();
        for batch in batches {
            let rows = take(&batch.iter().collect::<Vec<_>>(), &mut memory);
            lines.extend((rows.offset..).zip(rows.rows.iter().map(|row| line(&fields(row, memory.started_at)))));
        }
        (lines, memory)
    }

    fn lines(batches: &[Vec<MetricPoint>]) -> Vec<String> {
        let (lines, memory) = written(batches);
        assert!(lines.keys().copied().eq(0..lines.len() as u64), "no line is left out");
        assert_eq!(lines.len() as u64, memory.history.closed + u64::from(memory.history.open.is_some()));
        lines.into_values().collect()
    }

    #[test]
    fn points_of_a_step_are_one_row_wherever_batches_are_cut() {
        let all: Vec<_> = (0..4).flat_map(|step| ["a", "b", "c"].map(|key| metric(key, step, 0.5))).collect();
        let whole = lines(std::slice::from_ref(&all));
        assert_eq!(whole[1], r#"{"a":0.5,"b":0.5,"c":0.5,"_step":1,"_timestamp":1.001,"_runtime":0.001}"#);
        for cut in 1..all.len() {
            let (first, second) = all.split_at(cut);
            assert_eq!(lines(&[first.to_vec(), second.to_vec()]), whole, "{cut}");
        }
    }

    #[test]
    fn metrics_logged_one_after_the_other_meet_in_rows() {
        let by_key: Vec<_> = ["a", "b"].iter().flat_map(|key| (0..3).map(|step| metric(key, step, 1.0))).collect();
        assert_eq!(lines(&[by_key]).len(), 3);
    }

    #[test]
    fn a_step_that_repeats_or_falls_is_told_beside_a_number_that_rises() {
        let batch = vec![metric("a", 5, 1.0), metric("a", 5, 2.0), metric("a", 6, 3.0)];
        let lines = lines(&[batch, vec![metric("a", 0, 4.0)], vec![metric("a", i64::MAX, 5.0), metric("a", 9, 6.0)]]);
        let standing: Vec<_> = lines.iter().map(|line| line.split_once(",\"_timestamp").unwrap().0).collect();
        assert_eq!(
            standing,
            [
                r#"{"a":1.0,"_step":5"#,
                r#"{"a":2.0,"trackside/step":5,"_step":6"#,
                r#"{"a":3.0,"trackside/step":6,"_step":7"#,
                r#"{"a":4.0,"trackside/step":0,"_step":8"#,
                r#"{"a":6.0,"_step":9"#,
                r#"{"a":5.0,"trackside/step":9223372036854775807,"_step":10"#,
            ]
        );
    }

    #[test]
    fn the_same_batch_with_the_same_memory_writes_the_same_lines() {
        let mut memory = Memory::begin("p".into(), 0);
        take(&[&metric("a", 1, 1.0)], &mut memory);
        let (before, second) = (memory.clone(), [metric("b", 1, f64::NAN), metric("a", 2, 2.0)]);
        let second: Vec<_> = second.iter().collect();
        let first_try = take(&second, &mut memory);
        let mut again = before;
        let second_try = take(&second, &mut again);
        assert_eq!((first_try.offset, first_try.rows), (second_try.offset, second_try.rows));
        assert_eq!(memory, again);
    }

    #[test]
    fn an_open_row_that_nothing_joins_is_not_written_again() {
        let mut memory = Memory::begin("p".into(), 0);
        take(&[&metric("a", 1, 1.0)], &mut memory);
        let rows = take(&[&metric("a", 2, 1.0)], &mut memory);
        assert_eq!((rows.offset, rows.rows.len()), (1, 1));
        assert_eq!(take(&[], &mut memory).rows.len(), 0);
    }

    #[test]
    fn rows_stay_below_the_longest_line() {
        let long = "ä".repeat(950);
        let batch: Vec<_> = (0..12_000).map(|n| metric(&format!("{n}{long}"), 1, 1.0)).collect();
        let (lines, memory) = written(&[batch]);
        assert!(lines.len() > 1 && lines.values().all(|line| line.len() <= MAX_LINE_BYTES));
        assert!(line(&summary(&memory)).len() <= MAX_LINE_BYTES);
        assert_eq!(memory.history.open, None, "a large row is not remembered");
    }

    #[test]
    fn the_summary_has_the_latest_of_each() {
        let (_, memory) =
            written(&[vec![metric("a", 1, 1.0), metric("b", 1, f64::INFINITY)], vec![metric("a", 3, 2.0)]]);
        assert_eq!(
            line(&summary(&memory)),
            r#"{"a":2.0,"b":Infinity,"_step":3,"_timestamp":1.003,"_runtime":0.003,"_wandb":{"runtime":0}}"#
        );
    }
}
