//! A run per request: what a sweep does when its trials begin.

use super::{Expected, Scenario, Subject, Template};

#[derive(Debug)]
pub(super) struct CreateRun;

impl Scenario for CreateRun {
    fn name(&self) -> &'static str {
        "create-run"
    }

    fn title(&self) -> &'static str {
        "a run by runs/create"
    }

    fn path(&self) -> &'static str {
        "/api/2.0/mlflow/runs/create"
    }

    fn connections(&self) -> &'static [usize] {
        &[16]
    }

    fn unit(&self) -> &'static str {
        "runs"
    }

    fn units_per_request(&self) -> u64 {
        1
    }

    fn subject(&self) -> Subject {
        Subject::Experiment
    }

    /// Three tags, as the client sends by itself.
    fn template(&self, experiment_id: &str) -> Template {
        Template::new(format!(
            r#"{{"experiment_id":"{experiment_id}","user_id":"bench","run_name":"trial-########","start_time":17########000,"tags":[{{"key":"mlflow.user","value":"bench"}},{{"key":"mlflow.source.name","value":"train.py"}},{{"key":"mlflow.source.type","value":"LOCAL"}}]}}"#
        ))
    }

    fn expected(&self, n_requests: u64) -> Expected {
        Expected::Runs(n_requests)
    }
}
