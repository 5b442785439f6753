//! A metric that was measured once or several times.

use std::fmt;

use statrs::distribution::{ContinuousCDF, StudentsT};
use trackside_core::Run;

/// Values of a metric.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    /// Of the runs that repeat a run when at least two of them have the metric, otherwise of the run itself. `None` when
    /// there is no value; NaN is none.
    pub(crate) fn of(metric: &str, run: Option<&Run>, repeats: &[Run]) -> Option<Self> {
        let repeated: Vec<f64> = repeats.iter().filter_map(|run| value(run, metric)).collect();
        if repeated.len() >= 2 {
            return Some(Self(repeated));
        }
        run.and_then(|run| value(run, metric)).map(|value| Self(vec![value]))
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody repeats a run so often")]
    const fn n(&self) -> f64 {
        self.0.len() as f64
    }

    pub(crate) fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.n()
    }

    /// The square of the standard error of the mean; 0 of a single value, whose spread nobody knows.
    fn squared_error(&self) -> f64 {
        if self.0.len() < 2 {
            return 0.0;
        }
        let mean = self.mean();
        self.0.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (self.n() - 1.0) / self.n()
    }

    /// What its spread adds to the denominator of Welch and Satterthwaite's degrees of freedom.
    fn per_freedom(&self) -> f64 {
        if self.0.len() < 2 { 0.0 } else { self.squared_error().powi(2) / (self.n() - 1.0) }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "{}", Short(*one)),
            all => write!(f, "{} (mean of {} runs)", Short(self.mean()), all.len()),
        }
    }
}

/// Half the width of the two-sided confidence interval of the mean of `left`, or of the difference of two means when there
/// is a `right` (Welch's t). 0 when neither was measured more than once.
pub(crate) fn half_width(left: &Sample, right: Option<&Sample>, confidence: f64) -> f64 {
    let right_error = right.map_or(0.0, Sample::squared_error);
    let squared = left.squared_error() + right_error;
    if squared <= 0.0 {
        return 0.0;
    }
    let freedom = squared.powi(2) / (left.per_freedom() + right.map_or(0.0, Sample::per_freedom));
    StudentsT::new(0.0, 1.0, freedom)
        .map_or(f64::INFINITY, |student| student.inverse_cdf(f64::midpoint(1.0, confidence)) * squared.sqrt())
}

/// A value with as many digits as people read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Short(pub(crate) f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:.5e}", self.0);
        match digits.parse::<f64>() {
            Ok(rounded) => write!(f, "{rounded}"),
            Err(_) => f.write_str(&digits),
        }
    }
}

fn value(run: &Run, metric: &str) -> Option<f64> {
    let found = run.metrics.iter().find(|latest| latest.key.as_str() == metric)?;
    Some(found.point.value).filter(|value| !value.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_scipy() {
        // scipy 1.17.1: t.interval(0.95, 4, mean, sem) of these values has this half width
        let five = Sample(vec![0.91, 0.92, 0.93, 0.94, 0.95]);
        assert!((half_width(&five, None, 0.95) - 0.019_632_431_614_775_57).abs() < 1e-9);
        // ttest_ind(..., equal_var=False).confidence_interval(0.9)
        let three = Sample(vec![0.80, 0.90, 0.85]);
        assert!((five.mean() - three.mean() - 0.08).abs() < 1e-12);
        assert!((half_width(&five, Some(&three), 0.9) - HALF_WIDTH_OF_WELCH).abs() < 1e-9);
        let one = Sample(vec![0.5]);
        assert!(half_width(&one, None, 0.95).abs() < f64::EPSILON, "one value has no spread");
        assert!((half_width(&five, Some(&one), 0.95) - half_width(&five, None, 0.95)).abs() < 1e-12);
    }

    const HALF_WIDTH_OF_WELCH: f64 = 0.080_697_349_823_740_12;

    #[test]
    fn values_are_shown_with_few_digits() {
        for (value, text) in [(0.1 + 0.2, "0.3"), (1e-9, "0.000000001"), (123_456_789.0, "123457000"), (-0.5, "-0.5")] {
            assert_eq!(Short(value).to_string(), text);
        }
    }
}
