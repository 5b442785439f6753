//! The lowest and the highest value of some points.

use std::cmp::Ordering;

use trackside_core::Point;

/// Of equal values the first by [`Point::recency`]; NaN is neither.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extremes {
    pub(crate) lowest: Option<Point>,
    pub(crate) highest: Option<Point>,
}

impl Extremes {
    pub(crate) fn of<'a>(points: impl IntoIterator<Item = &'a Point>) -> Self {
        let mut extremes = Self::default();
        points.into_iter().for_each(|point| extremes.add(point));
        extremes
    }

    pub(crate) fn add(&mut self, point: &Point) {
        if point.value.is_nan() {
            return;
        }
        let wins = |order: Ordering, old: &Point| order.then_with(|| point.recency(old)).is_lt();
        let compare = |a: &Point, b: &Point| a.value.partial_cmp(&b.value).unwrap_or(Ordering::Equal);
        if self.lowest.is_none_or(|old| wins(compare(point, &old), &old)) {
            self.lowest = Some(*point);
        }
        if self.highest.is_none_or(|old| wins(compare(&old, point), &old)) {
            self.highest = Some(*point);
        }
    }

    pub(crate) fn join(&mut self, other: &Self) {
        other.iter().for_each(|point| self.add(&point));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Point> {
        self.lowest.into_iter().chain(self.highest)
    }
}
