//! Rows made of points, for what was logged without rows.
//!
//! W&B has one row per step with all that was measured at it. Points may repeat a step, so there may be several: a point
//! joins the first row of its step that has no value for its metric.

use std::{
    collections::{BTreeMap, HashSet},
    ops::RangeInclusive,
};

use trackside_core::{Json, Key, Object, Point, Result, store::SampleQuery};
use trackside_wandb_wire::{leaves, row, summary};

use super::{super::RunObject, Row};
use crate::records;

/// Points that one answer is made of.
const MOST_POINTS: usize = 2_000_000;

/// Metrics that no line tells of: all of a run without lines, else those that the summary from its client lacks.
pub(super) async fn foreign(run: &RunObject) -> Result<Vec<Key>> {
    let metrics = run.run.metrics.iter().map(|metric| metric.key.clone());
    let metrics = metrics.filter(|key| !key.as_str().starts_with("system/"));
    if records::end(run.extents().await?, records::HISTORY) == 0 {
        return Ok(metrics.collect());
    }
    // Its client will say what is its own with the first summary.
    let Some(document) = run.document(records::SUMMARY).await? else { return Ok(Vec::new()) };
    let own = summary::parse(&document).unwrap_or_default();
    let mut known: HashSet<String> = leaves::of(&own).into_iter().map(|(key, _)| key).collect();
    known.extend(own.iter().map(|(key, _)| key.to_owned()));
    Ok(metrics.filter(|key| !known.contains(key.as_str())).collect())
}

/// Rows of these metrics; of each metric at most so many points.
pub(super) async fn synthesised(
    run: &RunObject,
    keys: &[Key],
    steps: Option<RangeInclusive<i64>>,
    limit: usize,
) -> Result<Vec<Row>> {
    let service = &run.caller.door.service;
    let mut table = Table::default();
    for key in keys {
        let query = SampleQuery { run: run.run.info.id.clone(), key: key.clone(), steps: steps.clone(), limit };
        for (_, points) in service.samples(vec![query]).await? {
            table.add(key, &points);
        }
        if table.n_points > MOST_POINTS {
            tracing::warn!(run = %run.run.info.id, "a history has too many points at once; it is shown in part");
            break;
        }
    }
    Ok(table.rows(run.run.info.started_at.millis()))
}

#[derive(Default)]
struct Table {
    /// Rows of each step, with the time of each.
    rows: BTreeMap<i64, Vec<(i64, Object)>>,
    n_points: usize,
}

impl Table {
    fn add(&mut self, key: &Key, points: &[Point]) {
        self.n_points += points.len();
        let name = match key.as_str().strip_prefix("system/") {
            Some(name) => format!("system.{name}"),
            None => key.as_str().to_owned(),
        };
        let (mut step, mut nth) = (None, 0);
        for point in points {
            // Points come in the order of their steps.
            nth = if step == Some(point.step) { nth + 1 } else { 0 };
            step = Some(point.step);
            let of_step = self.rows.entry(point.step).or_default();
            if of_step.len() <= nth {
                of_step.push((point.time.millis(), Object::default()));
            }
            if let Some((time, row)) = of_step.get_mut(nth) {
                *time = point.time.millis().max(*time);
                row.set(name.clone(), Json::Float(point.value));
            }
        }
    }

    fn rows(self, started: i64) -> Vec<Row> {
        let rows = self.rows.into_iter().flat_map(|(step, rows)| rows.into_iter().map(move |row| (step, row)));
        rows.map(|(step, (time, mut object))| {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of today are far below 2^53")]
            let seconds = |millis: i64| Json::Float(millis as f64 / 1000.0);
            object.set(row::STEP, Json::from(step));
            object.set(row::TIMESTAMP, seconds(time));
            object.set(row::RUNTIME, seconds(time.saturating_sub(started)));
            Row { step, object }
        })
        .collect()
    }
}
