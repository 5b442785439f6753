//! `POST traces/calculate-filter-correlation`: how much two filters have to do with each other.
//!
//! The measure is normalised pointwise mutual information, from -1 (never together) over 0 (as chance has it) to 1
//! (always together); a second value adds half a trace to each cell, which few traces need.
//! Source: `store/analytics/trace_correlation.py` of MLflow 3.17.2.

use serde::{Deserialize, Serialize};
use trackside_core::{
    ExperimentId,
    query::{Filter, TraceField},
};

use super::search::places;
use crate::{Double, Failure, Int, request::required, search::parse_trace_filter};

/// `POST traces/calculate-filter-correlation`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CorrelateFilters {
    /// Required.
    #[serde(alias = "experimentIds")]
    pub experiment_ids: Option<Vec<String>>,
    /// Required.
    #[serde(alias = "filterString1")]
    pub filter_string1: Option<String>,
    /// Required.
    #[serde(alias = "filterString2")]
    pub filter_string2: Option<String>,
    /// Which traces to look at; absent means all.
    #[serde(alias = "baseFilter")]
    pub base_filter: Option<String>,
}

impl CorrelateFilters {
    /// Where, and what to count: all, those of the first filter, of the second, of both.
    pub fn checked(self) -> Result<(Vec<ExperimentId>, Vec<Filter<TraceField>>), Failure> {
        let experiments = required(self.experiment_ids, "experiment_ids")?;
        let first = required(self.filter_string1, "filter_string1")?;
        let second = required(self.filter_string2, "filter_string2")?;
        let experiments = places(&experiments)?;
        let base = parse_trace_filter(&self.base_filter.unwrap_or_default())?;
        let (first, second) = (parse_trace_filter(&first)?, parse_trace_filter(&second)?);
        let all = |filters: &[&Filter<TraceField>]| Filter::All(filters.iter().copied().cloned().collect());
        let filters =
            vec![all(&[&base]), all(&[&base, &first]), all(&[&base, &second]), all(&[&base, &first, &second])];
        Ok((experiments, filters))
    }
}

/// Answer of `traces/calculate-filter-correlation`.
#[derive(Debug, Serialize)]
pub struct FilterCorrelation {
    /// Absent when nothing passes one of the filters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub npmi: Option<Double>,
    /// The same with half a trace more in each cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub npmi_smoothed: Option<Double>,
    /// Traces that pass the first.
    pub filter1_count: Int,
    /// Traces that pass the second.
    pub filter2_count: Int,
    /// Traces that pass both.
    pub joint_count: Int,
    /// Traces.
    pub total_count: Int,
}

impl FilterCorrelation {
    /// From the counts, in the order of [`CorrelateFilters::checked`]; those that are missing are zero.
    pub fn of(counts: &[u64]) -> Self {
        let count = |at: usize| counts.get(at).copied().unwrap_or_default();
        let [total, first, second, joint] = [0, 1, 2, 3].map(count);
        let int = |count: u64| Int(i64::try_from(count).unwrap_or(i64::MAX));
        let counts = total != 0 && first != 0 && second != 0;
        let plain = || if joint == 0 { -1.0 } else { npmi(total, first, second, joint, 0.0) };
        Self {
            npmi: counts.then(|| Double(plain())),
            npmi_smoothed: counts.then(|| Double(npmi(total, first, second, joint, 0.5))),
            filter1_count: int(first),
            filter2_count: int(second),
            joint_count: int(joint),
            total_count: int(total),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn npmi(total: u64, first: u64, second: u64, joint: u64, smoothing: f64) -> f64 {
    let both = joint as f64 + smoothing;
    let all = total as f64 + 4.0 * smoothing;
    let (first, second) = (first as f64 + 2.0 * smoothing, second as f64 + 2.0 * smoothing);
    if joint == total {
        return 1.0;
    }
    let pmi = (both.ln() + all.ln()) - (first.ln() + second.ln());
    (pmi / -(both.ln() - all.ln())).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_that_go_together_score_high() {
        let of = |counts: [u64; 4]| {
            let found = FilterCorrelation::of(&counts);
            found.npmi.zip(found.npmi_smoothed).map(|(plain, smoothed)| (plain.0, smoothed.0))
        };
        let plain = |counts, expected: f64| {
            let found = of(counts);
            assert!(found.is_some_and(|(plain, _)| (plain - expected).abs() < 1e-12), "{counts:?}: {found:?}");
        };
        plain([10, 6, 7, 6], 0.698_232_287_779_921_2);
        plain([10, 5, 4, 2], 0.0);
        plain([10, 5, 4, 0], -1.0);
        plain([3, 3, 3, 3], 1.0);
        assert!(of([10, 5, 4, 0]).is_some_and(|(_, smoothed)| smoothed < 0.0));
        assert_eq!([of([10, 0, 7, 0]), of([0; 4])], [None, None]);
    }
}
