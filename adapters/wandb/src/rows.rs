//! Points as rows of a history.
//!
//! W&B wants one row per step with all that was measured at it, and a row number, `_step`, that rises. Points come in
//! any order and may repeat a step. So the points of a batch are sorted by step, and a point joins the first row of
//! its step that has no value for its metric; a row has one time, its latest point's.
//!
//! The last row stays open: points of the same step in the next batch join it, so where batches are cut does not show
//! in a run whose steps rise. Like the vendor's client we write a line only once, so an open row is held back, in the
//! memory, until it is over: when a point of another step comes, when the run ends, when it is too large to be
//! remembered, or when nothing was delivered of the run for [`HOLD`]. What comes after the end is not held back. The
//! summary has everything at once.
//!
//! `_step` is the step where that rises, and one more than the last row's where it does not (a step repeated, gone
//! back to, negative, or beyond 2^53). Such a row says its step under [`STEP`]: nothing is lost.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use trackside_core::MetricPoint;
use trackside_wandb_wire::file_stream::MAX_LINE_BYTES;

use crate::{
    line::{OWN_BYTES, STEP, size},
    memory::{Double, History, Memory, Place, Row},
};

/// Keys of a row that are no metrics.
const RESERVED: [&str; 5] = ["_step", "_timestamp", "_runtime", "_wandb", STEP];
/// Largest whole number that every reader of JSON keeps.
const MAX_EXACT: i64 = 1 << 53;
/// A larger row does not stay open: it would have to be remembered.
const MAX_OPEN_BYTES: usize = 64 << 10;
/// An open row of which nothing was heard for so long is over. Longer than most steps take, short enough for somebody
/// who waits to see the last step of a run that hangs.
const HOLD: Duration = Duration::from_mins(10);

/// Whether a metric of this name can be shown.
pub(crate) fn allows(key: &str) -> bool {
    !RESERVED.contains(&key)
}

/// Rows that are over, to be written one line after the other.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Line number of the first.
    pub(crate) offset: u64,
    /// In order.
    pub(crate) rows: Vec<Row>,
}

/// Takes points into the memory of a run, which knows already whether the run has ended. All their names are
/// [allowed](allows).
pub(crate) fn take(points: &[&MetricPoint], memory: &mut Memory) -> Written {
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
    let held = memory.exit_code.is_none() && table.sizes.last().is_some_and(|bytes| *bytes <= MAX_OPEN_BYTES);
    let open = if held { table.rows.pop() } else { None };
    let rows: Vec<Row> = before.over.into_iter().chain(table.rows).collect();
    memory.history = History { closed: before.closed + rows.len() as u64, last: table.last, over: None, open };
    Written { offset: before.closed, rows }
}

/// Lets go of the open row of a run of which nothing was delivered for so long; `None` when all stays as it is.
///
/// It goes in two steps: the memory says that it is over, and a later call that has been given this memory writes it.
/// Were it written at once and the memory then lost, a point of its step could still join it and change its line.
pub(crate) fn settle(memory: &mut Memory, quiet: Duration) -> Option<Written> {
    let history = &mut memory.history;
    let offset = history.closed;
    if let Some(row) = history.over.take() {
        history.closed += 1;
        return Some(Written { offset, rows: vec![row] });
    }
    history.over = history.open.take_if(|_| quiet >= HOLD);
    history.over.is_some().then(|| Written { offset, rows: Vec::new() })
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
}

impl Table {
    fn resume(open: Option<Row>, last: Option<Place>) -> Self {
        let mut table = Self { last, ..Self::default() };
        if let Some(row) = open {
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

#[cfg(test)]
mod tests {
    use trackside_core::{Key, Point, Timestamp};

    use super::*;
    use crate::line::{fields, summary, text};

    fn metric(key: &str, step: i64, value: f64) -> MetricPoint {
        let point = Point { step, time: Timestamp::from_millis(1_000 + step.clamp(0, 1_000)), value };
        MetricPoint { key: Key::new(key).unwrap(), point, subject: None }
    }

    /// A history that is being written.
    struct Log {
        lines: Vec<String>,
        memory: Memory,
    }

    impl Log {
        fn begin() -> Self {
            Self { lines: Vec::new(), memory: Memory::begin("p".into(), 1_000) }
        }

        /// How many lines this adds.
        fn take(&mut self, points: &[MetricPoint]) -> usize {
            let written = take(&points.iter().collect::<Vec<_>>(), &mut self.memory);
            self.write(&written)
        }

        fn settle(&mut self, quiet: Duration) -> Option<usize> {
            settle(&mut self.memory, quiet).map(|written| self.write(&written))
        }

        fn end(&mut self) -> usize {
            self.memory.exit_code = Some(0);
            self.take(&[])
        }

        fn write(&mut self, written: &Written) -> usize {
            assert_eq!(written.offset, self.lines.len() as u64, "each line is written once, and none is left out");
            self.lines.extend(written.rows.iter().map(|row| text(&fields(row, self.memory.started_at))));
            assert_eq!(self.lines.len() as u64, self.memory.history.closed);
            written.rows.len()
        }
    }

    /// All lines of a run that ends after these batches.
    fn lines(batches: &[Vec<MetricPoint>]) -> Vec<String> {
        let mut log = Log::begin();
        for batch in batches {
            log.take(batch);
        }
        log.end();
        log.lines
    }

    fn metrics_of(lines: &[String]) -> Vec<&str> {
        lines.iter().map(|line| line.split_once(",\"_timestamp").unwrap().0).collect()
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
        assert_eq!(
            metrics_of(&lines),
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
    fn a_row_is_written_when_it_is_over() {
        let mut log = Log::begin();
        assert_eq!(log.take(&[metric("a", 1, 1.0)]), 0);
        assert_eq!(log.take(&[metric("b", 1, 2.0)]), 0);
        assert_eq!(log.take(&[]), 0);
        assert_eq!(log.take(&[metric("a", 2, 3.0)]), 1);
        assert_eq!(log.end(), 1);
        assert_eq!(log.take(&[metric("b", 2, 4.0)]), 1, "what comes after the end is not held back");
        log.memory.exit_code = None;
        assert_eq!(log.take(&[metric("b", 3, 5.0)]), 0, "it is when the run goes on");
        log.end();
        assert_eq!(
            metrics_of(&log.lines),
            [
                r#"{"a":1.0,"b":2.0,"_step":1"#,
                r#"{"a":3.0,"_step":2"#,
                r#"{"b":4.0,"trackside/step":2,"_step":3"#,
                r#"{"b":5.0,"trackside/step":3,"_step":4"#,
            ]
        );
    }

    #[test]
    fn no_line_changes_wherever_batches_are_cut() {
        let steps = [3, 3, 4, 4, 2, 4, -1, 5, 5, i64::MAX, 6];
        let all: Vec<_> =
            steps.iter().zip(["a", "b"].iter().cycle()).map(|(step, key)| metric(key, *step, 0.5)).collect();
        for (first, second) in (0..all.len()).flat_map(|first| (first..all.len()).map(move |second| (first, second))) {
            // The log looks at each line.
            let lines = lines(&[all[..first].to_vec(), all[first..second].to_vec(), all[second..].to_vec()]);
            assert_eq!(lines.iter().map(|line| line.matches(":0.5").count()).sum::<usize>(), all.len());
        }
    }

    #[test]
    fn a_row_of_which_nothing_is_heard_is_let_go_in_two_steps() {
        let mut log = Log::begin();
        log.take(&[metric("a", 1, 1.0)]);
        assert_eq!(log.settle(HOLD.checked_sub(Duration::from_millis(1)).unwrap()), None);
        assert_eq!(log.settle(HOLD), Some(0));
        let settled = log.memory.clone();
        assert_eq!(log.settle(Duration::ZERO), Some(1));
        assert_eq!(log.settle(HOLD), None);
        log.take(&[metric("b", 1, 2.0)]);
        log.end();
        assert_eq!(metrics_of(&log.lines), [r#"{"a":1.0,"_step":1"#, r#"{"b":2.0,"trackside/step":1,"_step":2"#]);

        // The memory after the second step may be lost: a batch that comes instead writes the same line first.
        let mut other = Log { lines: vec![], memory: settled };
        assert_eq!(other.take(&[metric("b", 1, 2.0)]), 1);
        other.end();
        assert_eq!(other.lines, log.lines);
    }

    #[test]
    fn rows_stay_below_the_longest_line() {
        let long = "ä".repeat(950);
        let batch: Vec<_> = (0..12_000).map(|n| metric(&format!("{n}{long}"), 1, 1.0)).collect();
        let mut log = Log::begin();
        assert!(log.take(&batch) > 1 && log.lines.iter().all(|line| line.len() <= MAX_LINE_BYTES));
        assert!(text(&summary(&log.memory)).len() <= MAX_LINE_BYTES);
        assert_eq!(log.memory.history.open, None, "a large row is not remembered");
    }

    #[test]
    fn the_summary_has_the_latest_of_each() {
        let mut log = Log::begin();
        log.take(&[metric("a", 1, 1.0), metric("b", 1, f64::INFINITY)]);
        log.take(&[metric("a", 3, 2.0)]);
        assert_eq!(
            text(&summary(&log.memory)),
            r#"{"a":2.0,"b":Infinity,"_step":3,"_timestamp":1.003,"_runtime":0.003,"_wandb":{"runtime":0}}"#
        );
    }
}
