//! A thousand points per request, MLflow's limit: what a client that buffers sends.

use super::{Expected, ExpectedMetric, Scenario, Template};
use crate::stats::float;

/// Metrics of a batch. MLflow keeps the latest value of each, so one metric only would flatter it.
const N_KEYS: u64 = 10;
/// Steps of each metric in a batch. Steps are `1########nn`, the number of the batch and the number within it.
const N_STEPS: u64 = 100;
/// First step; makes every step eleven digits.
const FIRST_STEP: u64 = 100_000_000 * N_STEPS;

#[derive(Debug)]
pub(super) struct LogBatch;

impl Scenario for LogBatch {
    fn name(&self) -> &'static str {
        "log-batch"
    }

    fn title(&self) -> &'static str {
        "1,000 metrics by runs/log-batch"
    }

    fn path(&self) -> &'static str {
        "/api/2.0/mlflow/runs/log-batch"
    }

    fn connections(&self) -> &'static [usize] {
        &[1, 8]
    }

    fn unit(&self) -> &'static str {
        "points"
    }

    fn units_per_request(&self) -> u64 {
        N_KEYS * N_STEPS
    }

    fn template(&self, run_id: &str) -> Template {
        let points = (0..N_STEPS).flat_map(|step| (0..N_KEYS).map(move |key| (key, step)));
        let metrics: Vec<String> = points
            .map(|(key, step)| {
                let step = format!("1########{step:02}");
                format!(
                    r#"{{"key":"metric_{key}","value":{step}.5,"timestamp":17########0{},"step":{step}}}"#,
                    &step[step.len() - 2..]
                )
            })
            .collect();
        Template::new(format!(r#"{{"run_id":"{run_id}","metrics":[{}]}}"#, metrics.join(",")))
    }

    fn expected(&self, n_requests: u64) -> Expected {
        let Some(last) = n_requests.checked_sub(1) else { return Expected::Metrics(Vec::new()) };
        let latest_step = FIRST_STEP + last * N_STEPS + N_STEPS - 1;
        let metric = |key| ExpectedMetric {
            key: format!("metric_{key}"),
            n_points: n_requests * N_STEPS,
            latest_step: latest_step.cast_signed(),
            latest_value: float(latest_step) + 0.5,
        };
        Expected::Metrics((0..N_KEYS).map(metric).collect())
    }
}
