//! Series whose steps fall, or that have late points.
//!
//! Sorting would hold the whole series in memory. But within one step both orders are the same, so it is enough to know
//! at which steps the wanted points are, and how many points come before those steps. That is counted: over wide slots
//! of steps first; those that hold a wanted point are cut into narrower ones and counted again, until each is one step.

use std::ops::{ControlFlow, RangeInclusive};

use rusqlite::Connection;
use trackside_core::Point;

use super::{Extent, Survey};
use crate::{
    error::Result,
    series::{Extremes, visit},
};

/// Slots counted at a time: 2 MiB, and enough to tell the steps of most series apart at once.
const SLOTS: usize = 65_536;

/// Neighbouring steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slot {
    first: i64,
    last: i64,
    /// How many points are at lower steps.
    before: i64,
}

/// Counts the points at these steps.
pub(super) fn survey(connection: &Connection, series: i64, steps: &RangeInclusive<i64>) -> Result<Extent> {
    let (mut count, mut first, mut last) = (0, i64::MAX, i64::MIN);
    let mut extremes = Extremes::default();
    visit(connection, series, None, |point| {
        if steps.contains(&point.step) {
            (count, first, last) = (count + 1, first.min(point.step), last.max(point.step));
            extremes.add(&point);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Extent { count, extremes, survey: Survey::Scan { steps: first..=last } })
}

/// The points at these positions among those at these steps, at both ends of which there are some.
pub(super) fn pick(
    connection: &Connection,
    series: i64,
    steps: &RangeInclusive<i64>,
    wanted: &[i64],
) -> Result<Vec<Point>> {
    let mut slots = vec![Slot { first: *steps.start(), last: *steps.end(), before: 0 }];
    while slots.iter().any(|slot| slot.first < slot.last) {
        let parts = cut(&slots, SLOTS);
        let mut counts = vec![0; parts.len()];
        scan(connection, series, &parts, |part, _| counts[part] += 1)?;
        slots = holding(parts, &counts, wanted);
    }
    read(connection, series, &slots, wanted)
}

/// Cuts slots into about `parts` parts of equal width, each slot of several steps into two at least. `before` is
/// still that of the whole.
fn cut(slots: &[Slot], parts: usize) -> Vec<Slot> {
    let each = u64::try_from(parts / slots.len()).unwrap_or(u64::MAX).max(2);
    let mut cut = Vec::new();
    for slot in slots {
        let width_but_one = slot.last.abs_diff(slot.first) / each;
        let mut first = slot.first;
        loop {
            let last = first.saturating_add_unsigned(width_but_one).min(slot.last);
            cut.push(Slot { first, last, ..*slot });
            if last == slot.last {
                break;
            }
            first = last + 1;
        }
    }
    cut
}

/// The parts that hold a wanted point, given how many points each part holds.
fn holding(parts: Vec<Slot>, counts: &[i64], wanted: &[i64]) -> Vec<Slot> {
    let mut held = Vec::new();
    let mut end = 0;
    for (part, count) in parts.into_iter().zip(counts) {
        // Between two slots there may be points that were not counted again; within one there are none.
        let before = part.before.max(end);
        end = before + count;
        let next = wanted.partition_point(|at| *at < before);
        if wanted.get(next).is_some_and(|at| *at < end) {
            held.push(Slot { before, ..part });
        }
    }
    held
}

/// Reads the wanted points out of slots of one step.
fn read(connection: &Connection, series: i64, slots: &[Slot], wanted: &[i64]) -> Result<Vec<Point>> {
    let mut at: Vec<_> = slots.iter().map(|slot| slot.before).collect();
    let mut points = vec![None; wanted.len()];
    scan(connection, series, slots, |slot, point| {
        if let Ok(n) = wanted.binary_search(&at[slot]) {
            points[n] = Some(point);
        }
        at[slot] += 1;
    })?;
    Ok(points.into_iter().flatten().collect())
}

/// Hands over every point at a step of the slots, with its slot, in the order of a history.
fn scan(connection: &Connection, series: i64, slots: &[Slot], mut take: impl FnMut(usize, Point)) -> Result<()> {
    visit(connection, series, None, |point| {
        let slot = slots.partition_point(|slot| slot.last < point.step);
        if slots.get(slot).is_some_and(|slot| slot.first <= point.step) {
            take(slot, point);
        }
        Ok(ControlFlow::Continue(()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(first: i64, last: i64, before: i64) -> Slot {
        Slot { first, last, before }
    }

    #[test]
    fn slots_are_cut_until_each_is_one_step() {
        assert_eq!(cut(&[slot(0, 9, 3)], 4), [slot(0, 2, 3), slot(3, 5, 3), slot(6, 8, 3), slot(9, 9, 3)]);
        assert_eq!(cut(&[slot(0, 1, 0), slot(5, 5, 2)], 2), [slot(0, 0, 0), slot(1, 1, 0), slot(5, 5, 2)]);
        let mut widest = vec![slot(i64::MIN, i64::MAX, 0)];
        for _ in 0..16 {
            widest = cut(&widest, 16).split_off(15);
        }
        assert_eq!(widest, [slot(i64::MAX, i64::MAX, 0)]);
    }

    #[test]
    fn parts_know_how_many_points_come_before_them() {
        // Two points below 0 and three from 2 to 4, which nobody wants, are not counted again.
        let parts = vec![slot(0, 0, 2), slot(1, 1, 2), slot(5, 5, 10), slot(6, 6, 10), slot(7, 7, 10)];
        let held = holding(parts, &[4, 1, 2, 0, 9], &[2, 5, 12, 20]);
        assert_eq!(held, [slot(0, 0, 2), slot(7, 7, 12)]);
    }
}
