//! Which runs of a sweep are not worth going on with: hyperband, as W&B describes it.
//!
//! Runs are compared at *bands*, numbers of iterations that grow by a factor *eta*. A run that has passed a band goes on
//! while it is among the best 1/eta of those that have passed it. An iteration is a value of the sweep's metric; what is not
//! finite does not count.

use serde_json::Value;

/// Bands there are at most.
const MOST_BANDS: usize = 100;
/// The factor where a definition has none.
const ETA: f64 = 3.0;

/// When to compare, and how strictly.
#[derive(Debug, Clone, PartialEq)]
pub struct Hyperband {
    /// In order, none twice, at least one.
    bands: Vec<u64>,
    eta: f64,
    strict: bool,
}

impl Hyperband {
    /// Reads it; why it cannot be.
    pub(super) fn read(given: &Value) -> Result<Self, String> {
        let number = |field: &str| given.get(field).and_then(Value::as_f64);
        if given.get("type").and_then(Value::as_str) != Some("hyperband") {
            return Err("its type is not hyperband".to_owned());
        }
        let eta = number("eta").unwrap_or(ETA);
        if eta <= 1.0 {
            return Err("its eta is not above 1".to_owned());
        }
        let bands = match (number("max_iter"), number("min_iter")) {
            (Some(last), _) => {
                let n_bands = given.get("s").and_then(Value::as_u64).and_then(|s| usize::try_from(s).ok());
                series(last / eta, eta.recip()).take(n_bands.unwrap_or(MOST_BANDS)).collect::<Vec<_>>()
            }
            (None, Some(first)) => series(first, eta).collect(),
            (None, None) => return Err("it has neither min_iter nor max_iter".to_owned()),
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 up, and saturated")]
        let mut bands: Vec<u64> = bands.into_iter().map(|band| band as u64).collect();
        bands.sort_unstable();
        bands.dedup();
        if bands.is_empty() {
            return Err("it has no band of at least one iteration".to_owned());
        }
        Ok(Self { bands, eta, strict: given.get("strict").and_then(Value::as_bool).unwrap_or(false) })
    }

    /// The furthest band that a run has passed.
    pub fn band(&self, course: &Course) -> Option<usize> {
        course.at.len().checked_sub(1)
    }

    /// The cost that a run may have at most, by what runs cost at a band; any if there is none.
    pub fn threshold(&self, mut costs: Vec<f64>) -> f64 {
        costs.sort_by(f64::total_cmp);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a part of a length"
        )]
        let place = (costs.len() as f64 / self.eta) as usize;
        costs.get(place).copied().unwrap_or(f64::INFINITY)
    }

    /// Whether a run should end. Strictly it is held to what it cost at the band, otherwise to the best of all it has done.
    pub fn ends(&self, course: &Course, threshold: f64) -> bool {
        let cost = if self.strict { course.at.last().copied() } else { course.best };
        cost.is_some_and(|cost| cost > threshold)
    }
}

/// From a number on, by a factor, as long as there is an iteration.
fn series(first: f64, factor: f64) -> impl Iterator<Item = f64> {
    let next = move |band: &f64| Some(band * factor);
    std::iter::successors(Some(first), next).take_while(|band| *band >= 1.0 && band.is_finite()).take(MOST_BANDS)
}

/// How a run went, as far as bands ask.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Course {
    n_iterations: u64,
    best: Option<f64>,
    /// The cost at each band it has passed.
    at: Vec<f64>,
}

impl Course {
    /// An iteration more.
    pub fn go_on(&mut self, bands: &Hyperband, cost: f64) {
        if !cost.is_finite() {
            return;
        }
        if bands.bands.get(self.at.len()) == Some(&self.n_iterations) {
            self.at.push(cost);
        }
        self.n_iterations += 1;
        self.best = Some(self.best.map_or(cost, |best| best.min(cost)));
    }

    /// What it cost at a band, if it has passed it.
    pub fn cost_at(&self, band: usize) -> Option<f64> {
        self.at.get(band).copied()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bands(given: &Value) -> Hyperband {
        Hyperband::read(given).unwrap()
    }

    fn course(bands: &Hyperband, costs: &[f64]) -> Course {
        let mut course = Course::default();
        for cost in costs {
            course.go_on(bands, *cost);
        }
        course
    }

    #[test]
    fn bands_grow_by_eta() {
        let of = |given: Value| bands(&given).bands;
        assert_eq!(of(json!({"type": "hyperband", "min_iter": 3}))[..4], [3, 9, 27, 81]);
        assert_eq!(of(json!({"type": "hyperband", "max_iter": 27, "s": 2})), [3, 9]);
        assert_eq!(of(json!({"type": "hyperband", "max_iter": 27, "s": 9})), [1, 3, 9]);
        assert_eq!(of(json!({"type": "hyperband", "max_iter": 5, "s": 2, "eta": 2})), [1, 2]);
        assert_eq!(of(json!({"type": "hyperband", "min_iter": 1, "eta": 1.001})), [1]);
        for bad in [
            json!({"type": "other", "min_iter": 3}),
            json!({"type": "hyperband"}),
            json!({"type": "hyperband", "min_iter": 3, "eta": 1}),
            json!({"type": "hyperband", "min_iter": 0}),
            json!({"type": "hyperband", "max_iter": 2, "s": 3}),
            json!({"type": "hyperband", "max_iter": 9, "s": 0}),
        ] {
            assert!(Hyperband::read(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn who_is_not_among_the_best_ends() {
        let bands = bands(&json!({"type": "hyperband", "max_iter": 5, "s": 2, "eta": 2}));
        let runs = [&[10.0, 9.0][..], &[10.0, 10.0], &[10.0, 8.0, 8.0], &[10.0, 7.0, 7.0], &[10.0, 6.0, 6.0]]
            .map(|costs| course(&bands, costs));
        let ended: Vec<bool> = runs
            .iter()
            .map(|run| {
                let band = bands.band(run).unwrap();
                let costs = runs.iter().filter_map(|run| run.cost_at(band)).collect();
                bands.ends(run, bands.threshold(costs))
            })
            .collect();
        // The costs at band 1 are 6 to 10, of which 8 is the third; at band 2 they are 6, 7 and 8, of which 7 is the second.
        assert_eq!(ended, [true, true, true, false, false]);
    }

    #[test]
    fn alone_or_before_the_first_band_a_run_goes_on() {
        let bands = bands(&json!({"type": "hyperband", "min_iter": 2}));
        assert_eq!(bands.band(&course(&bands, &[1.0, 2.0])), None);
        let alone = course(&bands, &[1.0, 2.0, 9.0]);
        assert_eq!((bands.band(&alone), alone.cost_at(0)), (Some(0), Some(9.0)));
        assert!(!bands.ends(&alone, bands.threshold(vec![9.0])));
        assert!(!bands.ends(&alone, bands.threshold(Vec::new())));
    }

    #[test]
    fn strictly_a_run_is_held_to_the_band() {
        let given = |strict: bool| bands(&json!({"type": "hyperband", "min_iter": 1, "strict": strict}));
        for strict in [true, false] {
            let bands = given(strict);
            assert_eq!(bands.ends(&course(&bands, &[1.0, 9.0]), 5.0), strict);
        }
    }

    #[test]
    fn what_is_not_finite_is_no_iteration() {
        let bands = bands(&json!({"type": "hyperband", "min_iter": 1}));
        let course = course(&bands, &[f64::NAN, 4.0, f64::INFINITY, 3.0]);
        assert_eq!((course.n_iterations, course.best, course.cost_at(0)), (2, Some(3.0), Some(3.0)));
    }
}
