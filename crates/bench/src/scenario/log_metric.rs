//! One point per request: what a training loop that calls `mlflow.log_metric` sends.

use super::{Expected, ExpectedMetric, Scenario, Template};
use crate::stats::float;

/// First step; makes every step nine digits.
const FIRST_STEP: u64 = 100_000_000;

#[derive(Debug)]
pub(super) struct LogMetric;

impl Scenario for LogMetric {
    fn name(&self) -> &'static str {
        "log-metric"
    }

    fn title(&self) -> &'static str {
        "one metric by runs/log-metric"
    }

    fn path(&self) -> &'static str {
        "/api/2.0/mlflow/runs/log-metric"
    }

    fn connections(&self) -> &'static [usize] {
        &[1, 16, 64]
    }

    fn unit(&self) -> &'static str {
        "requests"
    }

    fn units_per_request(&self) -> u64 {
        1
    }

    fn template(&self, run_id: &str) -> Template {
        Template::new(format!(
            r#"{{"run_id":"{run_id}","key":"loss","value":1########.5,"timestamp":17########000,"step":1########}}"#
        ))
    }

    fn expected(&self, n_requests: u64) -> Expected {
        let Some(last) = n_requests.checked_sub(1) else { return Expected::Metrics(Vec::new()) };
        let latest_step = FIRST_STEP + last;
        Expected::Metrics(vec![ExpectedMetric {
            key: "loss".to_owned(),
            n_points: n_requests,
            latest_step: latest_step.cast_signed(),
            latest_value: float(latest_step) + 0.5,
        }])
    }
}
