//! Samples of a series, in memory that hardly depends on its length.
//!
//! A sample goes by step, then time, then value; a history by time, then step, then value. In most series steps rise
//! with time, so that both orders are the same from chunk to chunk: what is known of each chunk is held, 40 bytes, and
//! only chunks that hold a wanted point are read (`in_order.rs`). In others it must be counted how many points there
//! are below a step (`scan.rs`).

mod in_order;
mod scan;

use std::{cmp::Ordering, ops::RangeInclusive};

use rusqlite::Connection;
use trackside_core::{Point, store::EXTREMES_FROM};

use self::in_order::Outline;
use crate::{error::Result, series::Extremes};

/// How to get at points by their position in the order of a sample.
enum Survey {
    InOrder(Outline),
    Scan { steps: RangeInclusive<i64> },
}

/// What there is within some steps.
struct Extent {
    count: i64,
    extremes: Extremes,
    survey: Survey,
}

/// At most `limit` points of a series, see `Metrics::sample`.
pub(crate) fn sample(
    connection: &Connection,
    series: i64,
    steps: Option<RangeInclusive<i64>>,
    limit: usize,
) -> Result<Vec<Point>> {
    let steps = steps.unwrap_or(i64::MIN..=i64::MAX);
    let extent = match in_order::survey(connection, series, &steps)? {
        Some(extent) => extent,
        None => scan::survey(connection, series, &steps)?,
    };
    let pick = |limit| {
        let wanted = positions(extent.count, limit);
        match &extent.survey {
            _ if wanted.is_empty() => Ok(Vec::new()),
            Survey::InOrder(outline) => outline.pick(connection, &wanted),
            Survey::Scan { steps } => scan::pick(connection, series, steps, &wanted),
        }
    };
    // Where that is cheaper, the extremes are looked for first: one read instead of two.
    let may_show = match &extent.survey {
        Survey::InOrder(outline) if limit >= EXTREMES_FROM => {
            outline.shows(connection, &positions(extent.count, limit), &extent.extremes)?
        }
        _ => true,
    };
    if may_show {
        let sample = pick(limit)?;
        let is_there = |extreme: Point| sample.iter().any(|point| is_equal(point.value, extreme.value));
        if limit < EXTREMES_FROM || extent.extremes.iter().all(is_there) {
            return Ok(sample);
        }
    }
    let mut sample = pick(limit - 2)?;
    sample.extend(extent.extremes.iter());
    sample.sort_by(Point::recency);
    sample.dedup();
    Ok(sample)
}

/// The two zeros are; NaN equals nothing.
fn is_equal(a: f64, b: f64) -> bool {
    a.partial_cmp(&b).is_some_and(Ordering::is_eq)
}

/// Which of so many points make the sample, ascending.
fn positions(count: i64, limit: usize) -> Vec<i64> {
    let stretches = count.min(i64::try_from(limit).unwrap_or(i64::MAX));
    let Some(length) = count.checked_div(stretches) else { return Vec::new() };
    let longer = count % stretches;
    let mut positions: Vec<_> = (0..stretches).map(|n| n * length + n.min(longer)).collect();
    positions.pop();
    positions.push(count - 1);
    positions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_the_first_of_each_stretch_and_the_last_of_all() {
        for (count, limit, expected) in [
            (10, 5, &[0, 2, 4, 6, 9][..]),
            (20, 7, &[0, 3, 6, 9, 12, 15, 19]),
            (5, 3, &[0, 2, 4]),
            (5, 4, &[0, 2, 3, 4]),
            (3, 3, &[0, 1, 2]),
            (2, usize::MAX, &[0, 1]),
            (9, 1, &[8]),
            (0, 5, &[]),
            (5, 0, &[]),
        ] {
            assert_eq!(positions(count, limit), expected, "{count} points, {limit} wanted");
        }
    }
}
