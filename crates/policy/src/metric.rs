use std::fmt;

use trackside_core::{Key, Run};

use crate::{
    Facts, Outcome,
    sample::{Sample, Short, half_width},
};

/// What is wanted of a metric of the version's run.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricRule {
    /// Which.
    pub metric: Key,
    /// What it has to be.
    pub bound: Bound,
    /// Runs with the same value of this tag repeat each other; otherwise those below a run repeat it.
    pub repeats: Option<Key>,
    /// Where there are several runs, the whole confidence interval of their mean has to be right: 0.95 for one in twenty that is
    /// wrong all the same.
    pub confidence: Option<f64>,
    /// There have to be so many runs.
    pub min_runs: usize,
}

/// What a metric has to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// This, or higher.
    AtLeast(f64),
    /// This, or lower.
    AtMost(f64),
    /// Higher by this than that of the version that has now what this one is to have, if any has.
    AboveHolder(Margin),
    /// Lower by this.
    BelowHolder(Margin),
}

/// By how much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Margin {
    /// In the unit of the metric.
    Absolute(f64),
    /// Of the holder's value, in percent.
    Percent(f64),
}

impl Bound {
    /// Whether it is about another version.
    pub const fn is_relative(&self) -> bool {
        matches!(self, Self::AboveHolder(_) | Self::BelowHolder(_))
    }
}

impl Margin {
    const fn of(self, value: f64) -> f64 {
        match self {
            Self::Absolute(margin) => margin,
            Self::Percent(percent) => value.abs() * percent / 100.0,
        }
    }
}

impl fmt::Display for Margin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute(margin) => write!(f, "{}", Short(*margin)),
            Self::Percent(percent) => write!(f, "{} %", Short(*percent)),
        }
    }
}

impl fmt::Display for MetricRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metric = &self.metric;
        match self.bound {
            Bound::AtLeast(bound) => write!(f, "metric {metric} at least {}", Short(bound)),
            Bound::AtMost(bound) => write!(f, "metric {metric} at most {}", Short(bound)),
            Bound::AboveHolder(margin) => write!(f, "metric {metric} above the holder's by at least {margin}"),
            Bound::BelowHolder(margin) => write!(f, "metric {metric} below the holder's by at least {margin}"),
        }
    }
}

impl MetricRule {
    pub(crate) fn judge(&self, facts: &Facts) -> Outcome {
        let rule = self.to_string();
        let Some(run) = &facts.run else { return Outcome::new(rule, false, "the version has no run") };
        let repeats = facts.repeats.get(&self.repeats);
        let (own, others) = repeats.map_or((&[][..], &[][..]), |(own, others)| (own, others));
        let Some(sample) = Sample::of(self.metric.as_str(), Some(run), own) else {
            return Outcome::new(rule, false, format!("its run has no metric {}", self.metric));
        };
        if sample.len() < self.min_runs {
            let found = format!("{sample}, and {} runs of it are wanted", self.min_runs);
            return Outcome::new(rule, false, found);
        }
        match self.bound {
            Bound::AtLeast(bound) => self.absolute(rule, &sample, |low, _| low >= bound),
            Bound::AtMost(bound) => self.absolute(rule, &sample, |_, high| high <= bound),
            Bound::AboveHolder(margin) => self.relative(rule, &sample, facts, others, (1.0, margin)),
            Bound::BelowHolder(margin) => self.relative(rule, &sample, facts, others, (-1.0, margin)),
        }
    }

    fn absolute(&self, rule: String, sample: &Sample, is_met: impl Fn(f64, f64) -> bool) -> Outcome {
        let half = self.confidence.map_or(0.0, |confidence| half_width(sample, None, confidence));
        let (low, high) = (sample.mean() - half, sample.mean() + half);
        let found = match self.confidence {
            Some(confidence) if sample.len() > 1 => {
                format!("{sample}, {} % of the time {} to {}", Short(confidence * 100.0), Short(low), Short(high))
            }
            _ => sample.to_string(),
        };
        Outcome::new(rule, is_met(low, high), found)
    }

    fn relative(
        &self,
        rule: String,
        sample: &Sample,
        facts: &Facts,
        others: &[Run],
        (sign, margin): (f64, Margin),
    ) -> Outcome {
        let Some((holder, run)) = &facts.holder else {
            return Outcome::new(rule, true, format!("{sample}; no version has {} now", facts.target));
        };
        let number = holder.number;
        let Some(theirs) = Sample::of(self.metric.as_str(), run.as_ref(), others) else {
            let found = format!("{sample}; version {number} has no such metric to compare with");
            return Outcome::new(rule, false, found);
        };
        let difference = sign * (sample.mean() - theirs.mean());
        let half = self.confidence.map_or(0.0, |confidence| half_width(sample, Some(&theirs), confidence));
        // Sums of floating-point numbers are off by some bits of their last places.
        let slack = 4.0 * f64::EPSILON * sample.mean().abs().max(theirs.mean().abs());
        let is_met = difference - half >= margin.of(theirs.mean()) - slack;
        let mut found = format!("{sample}, version {number} has {theirs}");
        if half > 0.0 {
            let at_least = sign * (difference - half);
            found = format!("{found}; the difference may be as small as {}", Short(at_least));
        }
        Outcome::new(rule, is_met, found)
    }
}
