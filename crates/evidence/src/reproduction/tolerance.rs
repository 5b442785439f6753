//! How far two values may lie apart.
//!
//! What was given goes first, then the spread of earlier repeats, then what is usual. A spread is told from few runs, and
//! a few values at one step may lie close together by chance: what counts is the widest range among the neighbours.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::history::{History, same};

/// Usual: a thousandth of the value.
const RELATIVE: f64 = 1e-3;
/// However small the value is.
const ABSOLUTE: f64 = 1e-6;
/// Repeats from which a spread is told.
const REPEATS: usize = 2;
/// What sums of such values may be off by, as a part of the value: a range is told at one step and used at another.
const ROUNDING: f64 = 1e-12;
/// Places before and behind one that are its neighbours.
const NEIGHBOURS: usize = 10;

/// Tolerances that were given, relative to the value.
#[derive(Debug, Clone, Default)]
pub struct Tolerances {
    /// Of all metrics that are not named.
    pub all: Option<f64>,
    /// By metric.
    pub metrics: BTreeMap<String, f64>,
}

/// By what a metric was judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Basis {
    /// What is usual: the larger of both.
    Usual {
        /// As a part of the value.
        relative: f64,
        /// However small the value is.
        absolute: f64,
    },
    /// A tolerance that was given.
    Given {
        /// As a part of the value.
        relative: f64,
    },
    /// Where earlier runs with the same inputs lie, widened by their range.
    Spread {
        /// How many runs, the original among them.
        runs: u64,
        /// Least and greatest value at the last step; `None` when they are no numbers.
        last: Option<[f64; 2]>,
    },
}

/// Decides whether values may stand for those of the original.
pub(super) enum Band<'a> {
    /// Relative and absolute.
    Around(f64, f64),
    /// Of all runs, the original first.
    Within(Spread<'a>),
}

/// The values of several runs.
pub(super) struct Spread<'a> {
    runs: Vec<&'a History>,
    /// Widest range among the neighbours, by step and place within it.
    ranges: BTreeMap<(i64, usize), f64>,
}

impl<'a> Band<'a> {
    /// The band around the history of the metric with this name.
    pub(super) fn of(
        name: &str,
        original: &'a History,
        earlier: &'a [History],
        tolerances: &Tolerances,
    ) -> (Self, Basis) {
        if let Some(relative) = tolerances.metrics.get(name).copied().or(tolerances.all) {
            let absolute = if relative == 0.0 { 0.0 } else { ABSOLUTE };
            return (Self::Around(relative, absolute), Basis::Given { relative });
        }
        let earlier: Vec<&History> = earlier.iter().filter(|history| history.count() > 0).collect();
        if earlier.len() < REPEATS {
            return (Self::Around(RELATIVE, ABSOLUTE), Basis::Usual { relative: RELATIVE, absolute: ABSOLUTE });
        }
        let spread = Spread::of(std::iter::once(original).chain(earlier).collect());
        let last = original.steps().last().and_then(|step| {
            let by_value = spread.is_unordered(step);
            spread.bounds(step, original.values(step, by_value).len().checked_sub(1)?)
        });
        let basis = Basis::Spread { runs: spread.runs.len() as u64, last: last.map(|(low, high)| [low, high]) };
        (Self::Within(spread), basis)
    }

    /// Whether the order of the points of a step is not known in a run that the band is told from.
    pub(super) fn is_unordered(&self, step: i64) -> bool {
        matches!(self, Self::Within(spread) if spread.is_unordered(step))
    }

    /// Whether `found` will do for `recorded` at this place.
    pub(super) fn holds(&self, step: i64, place: usize, recorded: f64, found: f64) -> bool {
        if same(recorded, found) {
            return true;
        }
        match self {
            // Infinity is within any part of infinity.
            Self::Around(..) if !(recorded.is_finite() && found.is_finite()) => false,
            Self::Around(relative, absolute) => (recorded - found).abs() <= (relative * recorded.abs()).max(*absolute),
            Self::Within(spread) => spread.holds(step, place, found),
        }
    }
}

impl<'a> Spread<'a> {
    fn of(runs: Vec<&'a History>) -> Self {
        let mut spread = Self { runs, ranges: BTreeMap::new() };
        let mut places = Vec::new();
        for step in spread.runs.first().into_iter().flat_map(|original| original.steps()) {
            let by_value = spread.is_unordered(step);
            for place in 0..spread.runs[0].values(step, by_value).len() {
                let range = spread.bounds(step, place).map_or(0.0, |(low, high)| high - low);
                places.push(((step, place), range));
            }
        }
        for (index, (place, _)) in places.iter().enumerate() {
            let from = index.saturating_sub(NEIGHBOURS);
            let to = (index + NEIGHBOURS + 1).min(places.len());
            let widest = places[from..to].iter().map(|(_, range)| *range).fold(0.0, f64::max);
            spread.ranges.insert(*place, widest);
        }
        spread
    }

    fn is_unordered(&self, step: i64) -> bool {
        self.runs.iter().any(|run| run.is_unordered(step))
    }

    fn values(&self, step: i64, place: usize) -> impl Iterator<Item = f64> {
        let by_value = self.is_unordered(step);
        self.runs.iter().filter_map(move |run| run.values(step, by_value).get(place).copied())
    }

    fn bounds(&self, step: i64, place: usize) -> Option<(f64, f64)> {
        let finite = self.values(step, place).filter(|value| value.is_finite());
        finite.map(|value| (value, value)).reduce(|(low, high), (value, _)| (low.min(value), high.max(value)))
    }

    fn holds(&self, step: i64, place: usize, found: f64) -> bool {
        if !found.is_finite() {
            return self.values(step, place).any(|value| same(value, found));
        }
        let range = self.ranges.get(&(step, place)).copied().unwrap_or_default();
        self.bounds(step, place).is_some_and(|(low, high)| {
            let range = range + ROUNDING * low.abs().max(high.abs());
            (low - range..=high + range).contains(&found)
        })
    }
}
