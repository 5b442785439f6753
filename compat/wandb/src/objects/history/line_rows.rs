//! Rows that are kept as lines.

use std::{collections::HashSet, ops::RangeInclusive};

use trackside_core::{Json, LineQuery, NumberedLine, Object, PageRequest, Result};
use trackside_wandb_wire::row;

use super::{
    super::{RunObject, history_keys},
    Row, Spec, Thinned,
};
use crate::records;

/// Lines read at once.
const AT_ONCE: usize = 2_000;
/// Rows of a page: a client asks for a thousand steps.
const MOST_ROWS: usize = 100_000;
/// Where lines to be read lie farther apart, each is looked up.
const FAR: u64 = 512;

/// All rows of these steps, in their order, none twice: a client that repeats a run sends its rows again.
pub(super) async fn of_steps(run: &RunObject, stream: &str, steps: RangeInclusive<i64>) -> Result<Vec<Row>> {
    let (mut rows, mut known) = (Vec::new(), HashSet::new());
    let mut reading = Reading::of(run, stream, Some(steps.clone()), 0)?;
    while let Some(lines) = reading.next(AT_ONCE).await? {
        for line in lines {
            let Some(row) = row_of(&line).filter(|row| steps.contains(&row.step)) else { continue };
            let content = Json::Object(row.object.clone()).sorted().to_string();
            if known.insert(content) && rows.len() < MOST_ROWS {
                rows.push(row);
            }
        }
    }
    Ok(in_order(rows))
}

/// So many of all rows, evenly chosen, or somewhat more.
pub(super) async fn of_all_steps(run: &RunObject, stream: &str, samples: usize) -> Result<Vec<Row>> {
    let end = records::end(run.extents().await?, stream);
    let stride = end.div_ceil(samples as u64);
    let mut rows = Vec::new();
    if stride <= FAR {
        let mut thinned = Thinned::of_at_most(samples);
        let mut reading = Reading::of(run, stream, None, 0)?;
        while let Some(lines) = reading.next(AT_ONCE).await? {
            lines.iter().filter_map(row_of).for_each(|row| thinned.take(row));
        }
        return Ok(in_order(thinned.finish()));
    }
    let last = end.saturating_sub(1);
    for number in (0..last).step_by(usize::try_from(stride).unwrap_or(usize::MAX)).chain([last]) {
        let lines = Reading::of(run, stream, None, number)?.next(1).await?.unwrap_or_default();
        rows.extend(lines.iter().filter_map(row_of));
    }
    Ok(in_order(rows))
}

/// A sample of the rows that a spec asks for.
pub(super) async fn thinned(run: &RunObject, spec: &Spec) -> Result<Vec<Row>> {
    let mut thinned = Thinned::of_at_most(spec.samples);
    let mut known = HashSet::new();
    let mut reading = Reading::of(run, records::HISTORY, spec.steps.clone(), 0)?;
    while let Some(lines) = reading.next(AT_ONCE).await? {
        for row in lines.iter().filter_map(row_of) {
            let is_wanted = spec.steps.as_ref().is_none_or(|steps| steps.contains(&row.step));
            let Some(object) = is_wanted.then(|| spec.select(&row.object)).flatten() else { continue };
            // Only where steps are few enough to be paged through can all that was seen be remembered.
            let content = Json::Object(object.clone()).sorted().to_string();
            if spec.steps.is_none() || known.insert((row.step, content)) {
                thinned.take(Row { object, ..row });
            }
        }
    }
    Ok(in_order(thinned.finish()))
}

/// The last row of a stream as clients that resume want it: a list of lines in JSON.
pub(in super::super) async fn tail(run: &RunObject, stream: &str) -> Result<String> {
    let extents = run.extents().await?;
    let furthest = records::of(extents, stream).max_by_key(|extent| (extent.last_step, extent.end));
    let mut lines = Vec::new();
    if let Some(extent) = furthest {
        let mut reading = Reading::of(run, stream, None, extent.end.saturating_sub(1))?;
        reading.query.writer = Some(extent.writer.clone());
        lines.extend(reading.next(1).await?.unwrap_or_default().into_iter().map(|line| line.text));
    } else if stream == records::HISTORY
        && let Some(step) = history_keys::last_step(run).await?
    {
        lines.push(format!("{{\"{}\":{step}}}", row::STEP));
    }
    Ok(serde_json::Value::from(lines).to_string())
}

/// Rows by step; those of one step stay in the order of their lines.
pub(super) fn in_order(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by_key(|row| row.step);
    rows
}

fn row_of(line: &NumberedLine) -> Option<Row> {
    let object: Object = row::object(&line.text).ok()?;
    let step = row::step(&object).unwrap_or_else(|| i64::try_from(line.number).unwrap_or(i64::MAX));
    Some(Row { step, object })
}

/// Lines, page by page.
struct Reading<'a> {
    run: &'a RunObject,
    query: LineQuery,
    after: Option<trackside_core::PageToken>,
    is_over: bool,
}

impl<'a> Reading<'a> {
    fn of(run: &'a RunObject, stream: &str, steps: Option<RangeInclusive<i64>>, from: u64) -> Result<Self> {
        let stream = records::key(stream)?;
        let query = LineQuery { run: run.run.info.id.clone(), stream, writer: None, from, steps };
        Ok(Self { run, query, after: None, is_over: false })
    }

    async fn next(&mut self, limit: usize) -> Result<Option<Vec<NumberedLine>>> {
        if self.is_over {
            return Ok(None);
        }
        let request = PageRequest { limit, after: self.after.take() };
        let page = self.run.caller.door.service.lines(self.query.clone(), request).await?;
        self.is_over = page.next.is_none();
        self.after = page.next;
        Ok(Some(page.items))
    }
}
