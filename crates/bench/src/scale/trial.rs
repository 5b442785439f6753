//! Runs as a search finds them: what each holds is a function of its number, so the right page is known beforehand.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{curve::mixed, stats::float};

const N_METRICS: u64 = 10;
const N_PARAMS: u64 = 10;
const N_TAGS: u64 = 5;
const TIME: u64 = 1_700_000_000_000;

/// A search, ordered by metric `m1`, greatest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    /// All runs.
    All,
    /// Nine in ten.
    Most,
    /// One in two hundred.
    Few,
}

impl Search {
    pub(super) const EACH: [Self; 3] = [Self::Most, Self::Few, Self::All];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::All => "no filter",
            Self::Most => "filter on a metric and a param that nine in ten pass",
            Self::Few => "filter on a metric and a param that one in 200 passes",
        }
    }

    pub(super) fn filter(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Most => "metrics.m3 > 0.04 and params.p2 = 'common'",
            Self::Few => "metrics.m3 > 0.5 and params.p4 = '42'",
        }
    }

    fn finds(self, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::Most => metric(number, 3) > 0.04 && param(number, 2) == "common",
            Self::Few => metric(number, 3) > 0.5 && param(number, 4) == "42",
        }
    }

    /// The numbers that it finds among the first `n_runs`, in order.
    pub(super) fn found(self, n_runs: u64) -> Vec<u64> {
        let mut found: Vec<u64> = (0..n_runs).filter(|number| self.finds(*number)).collect();
        found.sort_by(|&a, &b| metric(b, 1).total_cmp(&metric(a, 1)));
        found
    }
}

/// The body of its log-batch.
pub(super) fn content(number: u64, run_id: &str) -> Bytes {
    let metrics: Vec<Value> = (0..N_METRICS)
        .map(|key| json!({ "key": format!("m{key}"), "value": metric(number, key), "timestamp": TIME, "step": 1 }))
        .collect();
    let text = |n, prefix: char, value: fn(u64, u64) -> String| -> Vec<Value> {
        (0..n).map(|key| json!({ "key": format!("{prefix}{key}"), "value": value(number, key) })).collect()
    };
    let tag = |number, key| format!("team-{}", uniform(number, 200 + key) % 20);
    json!({ "run_id": run_id, "metrics": metrics, "params": text(N_PARAMS, 'p', param), "tags": text(N_TAGS, 't', tag) })
        .to_string()
        .into()
}

/// In [0, 1); no two runs have the same one.
fn metric(number: u64, key: u64) -> f64 {
    float(uniform(number, key) >> 11) / float(1 << 53)
}

fn param(number: u64, key: u64) -> String {
    let uniform = uniform(number, 100 + key);
    match key {
        2 if uniform % 100 < 97 => "common".to_owned(),
        2 => "rare".to_owned(),
        4 => (uniform % 100).to_string(),
        _ => format!("{:.6}", float(uniform % 1_000_000) * 1e-6),
    }
}

fn uniform(number: u64, key: u64) -> u64 {
    mixed(mixed(number) ^ key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_find_as_many_as_they_say_in_order() {
        let most = Search::Most.found(100_000);
        // Page 900 of 100 must be a full one.
        assert!((90_000..95_000).contains(&most.len()), "{}", most.len());
        assert!((300..700).contains(&Search::Few.found(100_000).len()));
        assert!(most.windows(2).all(|pair| metric(pair[0], 1) > metric(pair[1], 1)));
        let body: Value = serde_json::from_slice(&content(7, "id")).unwrap();
        let n = |name: &str| body[name].as_array().unwrap().len();
        assert_eq!((n("metrics"), n("params"), n("tags")), (10, 10, 5));
        assert_eq!(body["params"][2]["value"], param(7, 2));
    }
}
