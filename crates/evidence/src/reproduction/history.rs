//! The points of a metric, by step.
//!
//! A step may have several points; they are taken in the order of time. Where two of them have the same time nobody knows
//! which came first, so they are taken in the order of their values instead, in all runs that are compared.

use std::collections::BTreeMap;

/// A point of a metric.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// The step.
    pub step: i64,
    /// In ms since 1970.
    pub time: i64,
    /// The value.
    pub value: f64,
}

/// The points of a metric, by step.
#[derive(Debug, Default)]
pub(super) struct History {
    steps: BTreeMap<i64, Vec<(i64, f64)>>,
    count: u64,
}

impl History {
    /// Of points in whatever order.
    pub(super) fn of(samples: &[Sample]) -> Self {
        let mut steps: BTreeMap<i64, Vec<(i64, f64)>> = BTreeMap::new();
        for sample in samples {
            steps.entry(sample.step).or_default().push((sample.time, sample.value));
        }
        for points in steps.values_mut() {
            points.sort_by_key(|(time, _)| *time);
        }
        Self { steps, count: samples.len() as u64 }
    }

    /// How many points there are.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// The steps, in their order.
    pub(super) fn steps(&self) -> impl Iterator<Item = i64> {
        self.steps.keys().copied()
    }

    /// Whether the order of the points of a step is not known.
    pub(super) fn is_unordered(&self, step: i64) -> bool {
        self.steps.get(&step).is_some_and(|points| points.windows(2).any(|pair| pair[0].0 == pair[1].0))
    }

    /// The values of a step, by time or by value.
    pub(super) fn values(&self, step: i64, by_value: bool) -> Vec<f64> {
        let mut values: Vec<f64> = self.steps.get(&step).into_iter().flatten().map(|(_, value)| *value).collect();
        if by_value {
            values.sort_by(f64::total_cmp);
        }
        values
    }
}

/// The same to the bit; one NaN is as good as another.
pub(super) const fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}
