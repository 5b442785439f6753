//! Series whose steps rise from chunk to chunk.

use std::ops::{ControlFlow, RangeInclusive};

use rusqlite::Connection;
use trackside_core::Point;

use super::{Extent, Survey, is_equal};
use crate::{
    error::Result,
    series::{Extremes, Packed, Place, has_late, not_sealed, summaries},
};

/// What there is within some steps, in order.
pub(super) struct Outline {
    chunks: Vec<Stretch>,
    /// Points that come after those of the chunks.
    rest: Vec<Point>,
    steps: RangeInclusive<i64>,
}

/// What is wanted of a chunk.
struct Stretch {
    packed: Packed,
    /// Fewer than it has when the steps cut it.
    n_within: usize,
    /// NaN when all values are.
    lowest: f64,
    highest: f64,
}

/// Counts the points at these steps; `None` for another kind of series. Reads only chunks that are cut by the steps.
pub(super) fn survey(connection: &Connection, series: i64, steps: &RangeInclusive<i64>) -> Result<Option<Extent>> {
    if has_late(connection, series)? {
        return Ok(None);
    }
    let (mut chunks, mut extremes) = (Vec::new(), Extremes::default());
    let (mut end, mut sealed_end) = (i64::MIN, None);
    let mut rises = true;
    summaries(connection, series, steps, |summary| {
        rises = *summary.steps.start() >= end;
        (end, sealed_end) = (*summary.steps.end(), Some(summary.last));
        if !rises {
            return Ok(ControlFlow::Break(()));
        }
        let mut within = (summary.packed.n, summary.extremes);
        if !(steps.contains(summary.steps.start()) && steps.contains(summary.steps.end())) {
            let points = wanted_steps(summary.packed.points(connection)?, steps);
            within = (points.len(), Extremes::of(&points));
        }
        let (n_within, of_chunk) = within;
        extremes.join(&of_chunk);
        let value = |extreme: Option<Point>| extreme.map_or(f64::NAN, |point| point.value);
        let (lowest, highest) = (value(of_chunk.lowest), value(of_chunk.highest));
        chunks.push(Stretch { packed: summary.packed, n_within, lowest, highest });
        Ok(ControlFlow::Continue(()))
    })?;
    let mut rest = not_sealed(connection, series)?;
    // What is at other steps may be anywhere.
    rest.retain(|point| steps.contains(&point.step));
    let comes_after = |point: &Point| point.step >= end && Some(Place::of(point)) > sealed_end;
    if !rises || !rest.iter().all(comes_after) {
        return Ok(None);
    }
    let rest = wanted_steps(rest, steps);
    extremes.join(&Extremes::of(&rest));
    let outline = Outline { chunks, rest, steps: steps.clone() };
    let count = outline.chunks.iter().map(|chunk| chunk.n_within).sum::<usize>() + outline.rest.len();
    Ok(Some(Extent { count: i64::try_from(count).unwrap_or(i64::MAX), extremes, survey: Survey::InOrder(outline) }))
}

impl Outline {
    /// The points at these positions, which are ascending. Reads only chunks that hold one.
    pub(super) fn pick(&self, connection: &Connection, wanted: &[i64]) -> Result<Vec<Point>> {
        let mut picked = Vec::with_capacity(wanted.len());
        self.visit(wanted, |chunk, positions| {
            picked.extend(self.points(connection, chunk, positions)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(picked)
    }

    /// Whether values equal to both extremes are at these positions. Reads only chunks that hold one.
    pub(super) fn shows(&self, connection: &Connection, wanted: &[i64], extremes: &Extremes) -> Result<bool> {
        let mut missing: Vec<_> = extremes.iter().collect();
        self.visit(wanted, |chunk, positions| {
            let may_hold = |extreme: &Point| {
                chunk.is_none_or(|chunk| [chunk.lowest, chunk.highest].iter().any(|end| is_equal(*end, extreme.value)))
            };
            if missing.iter().any(may_hold) {
                let points = self.points(connection, chunk, positions)?;
                missing.retain(|extreme| !points.iter().any(|point| is_equal(point.value, extreme.value)));
            }
            Ok(if missing.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(missing.is_empty())
    }

    /// Hands over each chunk, or the rest, with the wanted positions in it.
    fn visit(
        &self,
        mut wanted: &[i64],
        mut take: impl FnMut(Option<&Stretch>, &[usize]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut before = 0;
        let chunks = self.chunks.iter().map(|chunk| (Some(chunk), chunk.n_within));
        for (chunk, n) in chunks.chain([(None, self.rest.len())]) {
            let end = before + i64::try_from(n).unwrap_or(i64::MAX);
            let (here, behind) = wanted.split_at(wanted.partition_point(|at| *at < end));
            if !here.is_empty() {
                let positions: Vec<_> = here.iter().filter_map(|at| usize::try_from(at - before).ok()).collect();
                if take(chunk, &positions)?.is_break() {
                    break;
                }
            }
            (before, wanted) = (end, behind);
        }
        Ok(())
    }

    fn points(&self, connection: &Connection, chunk: Option<&Stretch>, positions: &[usize]) -> Result<Vec<Point>> {
        let at = |points: &[Point]| positions.iter().filter_map(|at| points.get(*at).copied()).collect();
        match chunk {
            None => Ok(at(&self.rest)),
            Some(Stretch { packed, n_within, .. }) if *n_within == packed.n => packed.by_step(connection, positions),
            Some(Stretch { packed, .. }) => Ok(at(&wanted_steps(packed.points(connection)?, &self.steps))),
        }
    }
}

/// Those at these steps, in the order of a sample.
fn wanted_steps(mut points: Vec<Point>, steps: &RangeInclusive<i64>) -> Vec<Point> {
    points.retain(|point| steps.contains(&point.step));
    // Stable: within a step the order of a history is that of a sample.
    points.sort_by_key(|point| point.step);
    points
}
