//! Kinds of load: what a request holds, and what must be there afterwards.
//!
//! To add one: a file here, a variant of [`Kind`].

mod create_run;
mod log_batch;
mod log_metric;
mod template;
mod training;

use clap::ValueEnum;

pub(crate) use self::template::Template;

/// A request that is repeated, each time with the next number in it.
pub(crate) trait Scenario: Sync {
    /// As the command line spells it.
    fn name(&self) -> &'static str;
    /// What one request does, for the table.
    fn title(&self) -> &'static str;
    /// Path of the POST.
    fn path(&self) -> &'static str;
    /// Numbers of keep-alive connections at which `compare` measures it.
    fn connections(&self) -> &'static [usize];
    /// What throughput counts, e.g. `requests`.
    fn unit(&self) -> &'static str;
    /// How many of these one request holds.
    fn units_per_request(&self) -> u64;
    /// What each connection has of its own.
    fn subject(&self) -> Subject {
        Subject::Run
    }
    /// The bodies for the subject with this id; no two numbers make the same point.
    fn template(&self, subject_id: &str) -> Template;
    /// What the subject holds after requests 0 to `n_requests` - 1.
    fn expected(&self, n_requests: u64) -> Expected;
}

/// What a connection writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Run,
    Experiment,
}

/// What must be read back of a subject.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expected {
    /// Of a run: these metrics.
    Metrics(Vec<ExpectedMetric>),
    /// Of an experiment: so many runs.
    Runs(u64),
}

/// One metric of one run as it must be read back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ExpectedMetric {
    pub(crate) key: String,
    pub(crate) n_points: u64,
    pub(crate) latest_step: i64,
    pub(crate) latest_value: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// One point per request, by runs/log-metric.
    LogMetric,
    /// 1,000 points per request, by runs/log-batch.
    LogBatch,
    /// 10 metrics of one step per request, by runs/log-batch.
    Training,
    /// One run per request, by runs/create.
    CreateRun,
}

impl Kind {
    pub(crate) fn scenario(self) -> &'static dyn Scenario {
        match self {
            Self::LogMetric => &log_metric::LogMetric,
            Self::LogBatch => &log_batch::LogBatch,
            Self::Training => &training::Training,
            Self::CreateRun => &create_run::CreateRun,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn bodies_hold_what_is_expected_afterwards() {
        for kind in Kind::value_variants() {
            let scenario = kind.scenario();
            let mut template = scenario.template("abc");
            let mut points: HashMap<String, Vec<(i64, f64)>> = HashMap::new();
            for number in 0..3 {
                let body: serde_json::Value = serde_json::from_slice(&template.render(number)).unwrap();
                if scenario.subject() == Subject::Experiment {
                    assert_eq!(body["experiment_id"], "abc");
                    continue;
                }
                assert_eq!(body["run_id"], "abc");
                let metrics = body["metrics"].as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
                assert!(metrics.len() as u64 == scenario.units_per_request());
                for metric in metrics {
                    assert!(metric["timestamp"].as_i64().unwrap() >= 1_700_000_000_000);
                    let point = (metric["step"].as_i64().unwrap(), metric["value"].as_f64().unwrap());
                    points.entry(metric["key"].as_str().unwrap().to_owned()).or_default().push(point);
                }
            }
            let Expected::Metrics(expected) = scenario.expected(3) else { continue };
            assert_eq!(expected.len(), points.len());
            for metric in expected {
                let points = &points[&metric.key];
                assert_eq!(points.len() as u64, metric.n_points);
                let latest = points.iter().max_by_key(|(step, _)| *step).unwrap();
                assert_eq!(*latest, (metric.latest_step, metric.latest_value));
            }
        }
    }
}
