//! The history of a run, and its system metrics.
//!
//! Rows are lines as they came. What was logged by another client has no lines: its points are put together to rows, step
//! by step (`synthesis.rs`), and join the rows of the same steps.

mod line_rows;
mod sampling;
mod synthesis;

use std::{collections::HashSet, ops::RangeInclusive};

use serde_json::Value;
use trackside_core::{Json, Key, Object, Result};
use trackside_wandb_wire::{executor::Arguments, leaves, row};

pub(super) use self::line_rows::tail;
use self::{
    line_rows::{in_order, of_all_steps, of_steps},
    sampling::{Spec, Thinned},
    synthesis::{foreign, synthesised},
};
use super::{RunObject, history_keys};
use crate::records;

/// Rows where a client does not say how many, and at most.
const SAMPLES: usize = 500;
const MOST_SAMPLES: usize = 100_000;
/// Points of a series that are looked at for a sample, and for the steps of a page.
const POINTS: usize = 10_000;

/// A row of a history.
#[derive(Debug, Clone)]
pub(super) struct Row {
    step: i64,
    object: Object,
}

/// Rows as texts: those from `minStep` up to but without `maxStep`, or a sample of all.
pub(super) async fn rows(run: &RunObject, arguments: &Arguments) -> Result<Vec<String>> {
    let samples = arguments.size("samples", SAMPLES, MOST_SAMPLES);
    let is_page = arguments.value("minStep").is_some() || arguments.value("maxStep").is_some();
    let rows = if is_page {
        let from = arguments.integer("minStep").unwrap_or(i64::MIN);
        let until = arguments.integer("maxStep").unwrap_or(i64::MAX);
        if until <= from {
            return Ok(Vec::new());
        }
        page(run, from..=until.saturating_sub(1)).await?
    } else {
        let lines = of_all_steps(run, records::HISTORY, samples).await?;
        let others = synthesised(run, &foreign(run).await?, None, samples).await?;
        let mut thinned = Thinned::of_at_most(samples);
        for row in joined(lines, others) {
            thinned.take(row);
        }
        thinned.finish()
    };
    Ok(rows.into_iter().map(|row| Json::Object(row.object).to_string()).collect())
}

/// All rows of these steps.
async fn page(run: &RunObject, steps: RangeInclusive<i64>) -> Result<Vec<Row>> {
    let lines = of_steps(run, records::HISTORY, steps.clone()).await?;
    let others = synthesised(run, &foreign(run).await?, Some(steps), POINTS).await?;
    Ok(joined(lines, others))
}

/// A sample of the system metrics, as texts.
pub(super) async fn events(run: &RunObject, arguments: &Arguments) -> Result<Vec<String>> {
    let samples = arguments.size("samples", SAMPLES, MOST_SAMPLES);
    let mut rows = of_all_steps(run, records::EVENTS, samples).await?;
    if rows.is_empty() {
        let keys = run.run.metrics.iter().map(|metric| metric.key.clone());
        let keys: Vec<Key> = keys.filter(|key| key.as_str().starts_with("system/")).collect();
        rows = synthesised(run, &keys, None, samples).await?;
    }
    Ok(rows.into_iter().map(|row| Json::Object(row.object).to_string()).collect())
}

/// For each spec the rows that have all of its keys, and of those no more than it asks for.
pub(super) async fn sampled(run: &RunObject, arguments: &Arguments) -> Result<Value> {
    let mut all = Vec::new();
    for text in arguments.texts("specs").unwrap_or_default() {
        let spec = Spec::parse(text)?;
        let others = foreign(run).await?;
        let is_foreign = |key: &String| others.iter().any(|other| other.as_str() == key);
        let has_lines = records::end(run.extents().await?, records::HISTORY) > 0;
        let rows = if has_lines && !spec.keys.iter().any(is_foreign) {
            line_rows::thinned(run, &spec).await?
        } else {
            let keys = spec.keys.iter().filter(|key| !row::is_reserved(key)).map(Key::new);
            let keys: Vec<Key> = keys.collect::<Result<_>>()?;
            let mut thinned = Thinned::of_at_most(spec.samples);
            for row in synthesised(run, &keys, spec.steps.clone(), POINTS).await? {
                spec.select(&row.object).into_iter().for_each(|object| thinned.take(Row { object, ..row }));
            }
            thinned.finish()
        };
        all.push(rows.into_iter().map(|row| history_keys::value(&Json::Object(row.object))).collect());
    }
    Ok(Value::Array(all))
}

/// Rows of both, in the order of steps; what belongs to a step that has a line joins it, unless it is there already.
fn joined(lines: Vec<Row>, others: Vec<Row>) -> Vec<Row> {
    if others.is_empty() {
        return in_order(lines);
    }
    let mut rows = in_order(lines);
    let n_lines = rows.len();
    for other in others {
        let of_lines = rows.get(..n_lines).unwrap_or_default();
        let at = of_lines.partition_point(|row| row.step < other.step);
        // Processes that share a run have a line each for the same step.
        let same = of_lines.iter().skip(at).take_while(|row| row.step == other.step);
        let known: HashSet<String> = same.flat_map(|row| leaves::of(&row.object)).map(|(key, _)| key).collect();
        match rows.get_mut(at).filter(|row| at < n_lines && row.step == other.step) {
            Some(row) => {
                let lacking = other.object.into_iter().filter(|(key, _)| !known.contains(key));
                row.object.update(lacking.collect());
            }
            None => rows.push(other),
        }
    }
    in_order(rows)
}
