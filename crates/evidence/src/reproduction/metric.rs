//! One metric of both runs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Basis, Likeness, Sample, Tolerances,
    history::{History, same},
    tolerance::Band,
};

/// One metric of both runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricComparison {
    /// What it is called.
    pub name: String,
    /// How it came out.
    pub likeness: Likeness,
    /// `false` for times and measures of the machine, which no two runs have in common.
    pub judged: bool,
    /// Points of the original.
    pub recorded_points: u64,
    /// Points of the repeat.
    pub found_points: u64,
    /// By what it was judged.
    pub basis: Basis,
    /// Largest difference between two numbers.
    pub largest: Option<f64>,
    /// Where the two part: the first point that is not the same to the bit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Parting>,
    /// The first point that is not tolerated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaks: Option<Parting>,
}

/// A point that differs. Values are texts, because JSON has no NaN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parting {
    /// The step.
    pub step: i64,
    /// The value in the original; `None` when it has none there.
    pub recorded: Option<String>,
    /// The value in the repeat.
    pub found: Option<String>,
}

impl MetricComparison {
    /// Compares two histories, step by step. `earlier` are those of other runs with the same inputs.
    pub fn of(
        name: &str,
        recorded: &[Sample],
        found: &[Sample],
        earlier: &[Vec<Sample>],
        tolerances: &Tolerances,
    ) -> Self {
        let (recorded, found) = (History::of(recorded), History::of(found));
        let earlier: Vec<History> = earlier.iter().map(|samples| History::of(samples)).collect();
        let (band, basis) = Band::of(name, &recorded, &earlier, tolerances);
        let mut comparison = Self {
            name: name.to_owned(),
            likeness: Likeness::Identical,
            judged: is_judged(name),
            recorded_points: recorded.count(),
            found_points: found.count(),
            basis,
            largest: None,
            parts: None,
            breaks: None,
        };
        let steps: BTreeSet<i64> = recorded.steps().chain(found.steps()).collect();
        for step in steps {
            let by_value = recorded.is_unordered(step) || found.is_unordered(step) || band.is_unordered(step);
            let (then, now) = (recorded.values(step, by_value), found.values(step, by_value));
            for place in 0..then.len().max(now.len()) {
                comparison.place(step, place, then.get(place).copied(), now.get(place).copied(), &band);
            }
        }
        comparison
    }

    fn place(&mut self, step: i64, place: usize, then: Option<f64>, now: Option<f64>, band: &Band<'_>) {
        let likeness = match (then, now) {
            (Some(then), Some(now)) if same(then, now) => {
                self.largest.get_or_insert(0.0);
                return;
            }
            (Some(then), Some(now)) => {
                let distance = (then - now).abs();
                if distance.is_finite() {
                    self.largest = Some(self.largest.unwrap_or_default().max(distance));
                }
                if band.holds(step, place, then, now) { Likeness::Equivalent } else { Likeness::Different }
            }
            _ => Likeness::Different,
        };
        let shown = |value: Option<f64>| value.map(|value| format!("{value:?}"));
        let parting = || Parting { step, recorded: shown(then), found: shown(now) };
        self.parts.get_or_insert_with(parting);
        if likeness == Likeness::Different {
            self.breaks.get_or_insert_with(parting);
        }
        self.likeness = self.likeness.max(likeness);
    }
}

/// Words of names that measure time or the machine.
const TIMES: [&str; 12] = [
    "time",
    "times",
    "timing",
    "duration",
    "durations",
    "seconds",
    "secs",
    "runtime",
    "walltime",
    "elapsed",
    "latency",
    "throughput",
];

/// Whether a metric of this name should come out the same.
pub(super) fn is_judged(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let per_second = words.windows(2).any(|pair| matches!(pair, ["per", "second" | "sec"]));
    !(name.starts_with("system/") || per_second || words.iter().any(|word| TIMES.contains(word)))
}
