//! A step of training in each request: what a loop that calls `mlflow.log_metrics` once per step sends.

use super::{Expected, ExpectedMetric, Scenario, Template};
use crate::stats::float;

/// Metrics of a step.
const N_KEYS: u64 = 10;
/// First step; makes every step nine digits.
const FIRST_STEP: u64 = 100_000_000;

#[derive(Debug)]
pub(super) struct Training;

impl Scenario for Training {
    fn name(&self) -> &'static str {
        "training"
    }

    fn title(&self) -> &'static str {
        "10 metrics of a step by runs/log-batch"
    }

    fn path(&self) -> &'static str {
        "/api/2.0/mlflow/runs/log-batch"
    }

    fn connections(&self) -> &'static [usize] {
        &[32]
    }

    fn unit(&self) -> &'static str {
        "points"
    }

    fn units_per_request(&self) -> u64 {
        N_KEYS
    }

    fn template(&self, run_id: &str) -> Template {
        let metric =
            |key| format!(r#"{{"key":"metric_{key}","value":1########.5,"timestamp":17########000,"step":1########}}"#);
        let metrics: Vec<String> = (0..N_KEYS).map(metric).collect();
        Template::new(format!(r#"{{"run_id":"{run_id}","metrics":[{}],"params":[],"tags":[]}}"#, metrics.join(",")))
    }

    fn expected(&self, n_requests: u64) -> Expected {
        let Some(last) = n_requests.checked_sub(1) else { return Expected::Metrics(Vec::new()) };
        let latest_step = FIRST_STEP + last;
        let metric = |key| ExpectedMetric {
            key: format!("metric_{key}"),
            n_points: n_requests,
            latest_step: latest_step.cast_signed(),
            latest_value: float(latest_step) + 0.5,
        };
        Expected::Metrics((0..N_KEYS).map(metric).collect())
    }
}
