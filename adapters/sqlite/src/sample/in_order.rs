//! Series whose steps rise from chunk to chunk.

use std::ops::{ControlFlow, RangeInclusive};

use rusqlite::Connection;
use trackside_core::Point;

use super::{Extent, Survey};
use crate::{
    error::Result,
    series::{Extremes, Place, has_late, not_sealed, summaries},
};

/// Counts the points at these steps; `None` for another kind of series. Reads only chunks that are cut by the steps.
pub(super) fn survey(connection: &Connection, series: i64, steps: &RangeInclusive<i64>) -> Result<Option<Extent>> {
    if has_late(connection, series)? {
        return Ok(None);
    }
    let (mut count, mut extremes) = (0, Extremes::default());
    let (mut end, mut sealed_end) = (i64::MIN, None);
    let mut rises = true;
    summaries(connection, series, |summary| {
        rises = *summary.steps.start() >= end;
        (end, sealed_end) = (*summary.steps.end(), Some(summary.last));
        if !rises {
            return Ok(ControlFlow::Break(()));
        }
        if is_within(&summary.steps, steps) {
            count += number(summary.chunk.n);
            extremes.join(&summary.extremes);
        } else if overlaps(&summary.steps, steps) {
            let points = wanted_steps(summary.chunk.points(connection)?, steps);
            count += number(points.len());
            extremes.join(&Extremes::of(&points));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let rest = not_sealed(connection, series)?;
    let comes_after = |point: &Point| point.step >= end && Some(Place::of(point)) > sealed_end;
    if !rises || !rest.iter().all(comes_after) {
        return Ok(None);
    }
    let rest = wanted_steps(rest, steps);
    extremes.join(&Extremes::of(&rest));
    Ok(Some(Extent { count: count + number(rest.len()), extremes, survey: Survey::InOrder }))
}

/// The points at these positions, which are ascending. Reads only chunks that hold one or are cut by the steps.
pub(super) fn pick(
    connection: &Connection,
    series: i64,
    steps: &RangeInclusive<i64>,
    wanted: &[i64],
) -> Result<Vec<Point>> {
    let mut picked = Vec::with_capacity(wanted.len());
    let mut before = 0;
    // Positions of points that come before `before + n`.
    let mut take = |before: i64, points: &[Point]| {
        while let Some(at) = wanted.get(picked.len()).map(|at| at - before)
            && let Some(point) = usize::try_from(at).ok().and_then(|at| points.get(at))
        {
            picked.push(*point);
        }
        wanted.get(picked.len()).copied()
    };
    let mut next = wanted.first().copied();
    summaries(connection, series, |summary| {
        let Some(at) = next else { return Ok(ControlFlow::Break(())) };
        let whole = is_within(&summary.steps, steps);
        let n = number(summary.chunk.n);
        if whole && at >= before + n {
            before += n;
        } else if overlaps(&summary.steps, steps) {
            let points = wanted_steps(summary.chunk.points(connection)?, steps);
            next = take(before, &points);
            before += number(points.len());
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if next.is_some() {
        take(before, &wanted_steps(not_sealed(connection, series)?, steps));
    }
    Ok(picked)
}

/// Those at these steps, in the order of a sample.
fn wanted_steps(mut points: Vec<Point>, steps: &RangeInclusive<i64>) -> Vec<Point> {
    points.retain(|point| steps.contains(&point.step));
    // Stable: within a step the order of a history is that of a sample.
    points.sort_by_key(|point| point.step);
    points
}

fn is_within(inner: &RangeInclusive<i64>, outer: &RangeInclusive<i64>) -> bool {
    outer.contains(inner.start()) && outer.contains(inner.end())
}

fn overlaps(one: &RangeInclusive<i64>, other: &RangeInclusive<i64>) -> bool {
    one.start() <= other.end() && other.start() <= one.end()
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
