//! Which rows of many are shown.

use std::ops::RangeInclusive;

use serde::Deserialize;
use trackside_core::{Error, Json, Object, Result};
use trackside_wandb_wire::leaves;

use super::{MOST_SAMPLES, Row, SAMPLES};

/// What a client wants of a history.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) keys: Vec<String>,
    pub(super) steps: Option<RangeInclusive<i64>>,
    pub(super) samples: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    keys: Vec<String>,
    samples: Option<usize>,
    min_step: Option<f64>,
    max_step: Option<f64>,
}

impl Spec {
    /// Reads one. `Invalid` for what is none.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let written: Written = serde_json::from_str(text)
            .map_err(|error| Error::invalid(format!("a spec of a sampled history cannot be read: {error}")))?;
        #[expect(clippy::cast_possible_truncation, reason = "steps are whole numbers; what is beyond reach is cut")]
        let whole = |step: f64| step as i64;
        let steps = match (written.min_step, written.max_step) {
            (None, None) => None,
            (from, to) => Some(from.map_or(i64::MIN, whole)..=to.map_or(i64::MAX, whole)),
        };
        let samples = written.samples.unwrap_or(SAMPLES).clamp(1, MOST_SAMPLES);
        Ok(Self { keys: written.keys, steps, samples })
    }

    /// The values of the keys in a row, unless it lacks one.
    pub(super) fn select(&self, row: &Object) -> Option<Object> {
        let mut nested: Option<Vec<(String, &Json)>> = None;
        let mut values = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            let value = if let Some(value) = row.get(key) {
                value
            } else {
                let leaves = nested.get_or_insert_with(|| leaves::of(row));
                leaves.iter().find(|(known, _)| known == key)?.1
            };
            values.push((key.clone(), value.clone()));
        }
        Some(values.into_iter().collect())
    }
}

/// Rows of which there may be any number, and no more are kept than some.
pub(super) struct Thinned {
    most: usize,
    /// Every so many rows one is kept.
    stride: usize,
    seen: usize,
    rows: Vec<Row>,
}

impl Thinned {
    pub(super) const fn of_at_most(most: usize) -> Self {
        Self { most, stride: 1, seen: 0, rows: Vec::new() }
    }

    pub(super) fn take(&mut self, row: Row) {
        if self.seen.is_multiple_of(self.stride) {
            if self.rows.len() >= self.most.saturating_mul(2) {
                // Each other one goes; the next to be kept follows at twice the distance.
                let mut at = 0..;
                self.rows.retain(|_| at.next().is_some_and(|at: usize| at.is_multiple_of(2)));
                self.stride *= 2;
            }
            if self.seen.is_multiple_of(self.stride) {
                self.rows.push(row);
            }
        }
        self.seen += 1;
    }

    /// What was kept, no more than was wanted, the first and last of it included.
    pub(super) fn finish(self) -> Vec<Row> {
        let n = self.rows.len();
        if n <= self.most {
            return self.rows;
        }
        let places: std::collections::BTreeSet<usize> =
            (0..self.most).map(|k| k * (n - 1) / (self.most - 1).max(1)).collect();
        let rows = self.rows.into_iter().enumerate().filter(|(at, _)| places.contains(at));
        rows.map(|(_, row)| row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_spread_evenly() {
        for (n, most) in [(0, 3), (3, 3), (5, 1), (7, 3), (100_000, 500), (1_001, 500)] {
            let mut thinned = Thinned::of_at_most(most);
            (0..n).for_each(|step| thinned.take(Row { step, object: Object::default() }));
            let steps: Vec<i64> = thinned.finish().iter().map(|row| row.step).collect();
            assert!(steps.len() <= most && steps.len() * 2 >= most.min(usize::try_from(n).unwrap()), "{n} {most}");
            assert!(steps.is_sorted() && steps.first() == (n > 0).then_some(&0));
        }
    }

    #[test]
    fn a_row_must_have_all_keys() {
        let spec = Spec::parse(r#"{"keys": ["_step", "a.b"], "minStep": 2, "samples": 7}"#).unwrap();
        assert_eq!((spec.steps.clone(), spec.samples), (Some(2..=i64::MAX), 7));
        let row = |text: &str| trackside_wandb_wire::row::object(text).unwrap();
        let selected = spec.select(&row(r#"{"_step": 1, "a": {"b": 2, "c": 3}}"#)).unwrap();
        assert_eq!(Json::Object(selected).to_string(), r#"{"_step": 1, "a.b": 2}"#);
        assert!(spec.select(&row(r#"{"_step": 1, "a": {"c": 3}}"#)).is_none());
        assert!(Spec::parse("[]").is_err());
    }
}
