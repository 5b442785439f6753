//! Metric points.

use std::cmp::Ordering;

use crate::{Key, LoggedModelId, Timestamp};

/// One measurement of one metric.
///
/// Within a run and key a point is identified by all its fields, NaN being equal to NaN: writing the
/// same point twice has the effect of once.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// Position in training; any integer, may repeat and fall.
    pub step: i64,
    /// When it was measured.
    pub time: Timestamp,
    /// Any double; all NaNs are one value.
    pub value: f64,
}

impl Point {
    /// Which of two points is the later: by step, then time, then value, NaN counting as zero.
    ///
    /// The rule is MLflow's (`latest_metrics`, 3.17.2), so that the latest value does not depend on
    /// the order of arrival.
    pub fn recency(&self, other: &Self) -> Ordering {
        let rank = |value: f64| if value.is_nan() { 0.0 } else { value };
        (self.step, self.time)
            .cmp(&(other.step, other.time))
            .then_with(|| rank(self.value).partial_cmp(&rank(other.value)).unwrap_or(Ordering::Equal))
    }
}

impl PartialEq for Point {
    fn eq(&self, other: &Self) -> bool {
        self.step == other.step
            && self.time == other.time
            && (self.value == other.value || (self.value.is_nan() && other.value.is_nan()))
    }
}

/// The latest point of a metric of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct LatestMetric {
    /// Which metric.
    pub key: Key,
    /// Its latest point, see [`Point::recency`].
    pub point: Point,
}

/// A point on its way into a run.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricPoint {
    /// Which metric.
    pub key: Key,
    /// The measurement.
    pub point: Point,
    /// The logged model it measures, if it says so; boxed because few points do.
    pub subject: Option<Box<MetricSubject>>,
}

/// What a point measures beside the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricSubject {
    /// Must exist (`NotFound`).
    pub model: Option<LoggedModelId>,
    /// Name and digest of the dataset it was measured on; either may be empty.
    pub dataset: Option<(String, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(step: i64, time: i64, value: f64) -> Point {
        Point { step, time: Timestamp::from_millis(time), value }
    }

    #[test]
    fn a_higher_step_is_later_whatever_the_time() {
        assert_eq!(point(2, 1, 0.0).recency(&point(1, 9, 9.0)), Ordering::Greater);
    }

    #[test]
    fn nan_counts_as_zero() {
        assert_eq!(point(1, 1, f64::NAN).recency(&point(1, 1, -1.0)), Ordering::Greater);
        assert_eq!(point(1, 1, f64::NAN).recency(&point(1, 1, 1.0)), Ordering::Less);
        assert_eq!(point(1, 1, f64::NAN), point(1, 1, f64::NAN));
    }
}
