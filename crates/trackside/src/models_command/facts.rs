//! What is known of how a version came to be, as texts by name that can be compared.

use std::collections::BTreeMap;

use serde::Serialize;
use trackside_evidence::Record;
use trackside_tracking::{Metric, Run};

use crate::recording::pairs;

/// What a fact is of, in the order in which people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    Metrics,
    Params,
    Data,
    Code,
    Environment,
}

impl Part {
    /// What people are told.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Params => "params",
            Self::Data => "data",
            Self::Code => "code",
            Self::Environment => "environment",
        }
    }
}

/// Facts by what they are of and what they are called.
pub(super) type Facts = BTreeMap<(Part, String), String>;

/// All facts of a run, and of its record where it has one.
pub(super) fn of(run: &Run, record: Option<&Record>) -> Facts {
    let mut facts = Facts::new();
    facts.extend(metrics(run).map(|(key, value)| ((Part::Metrics, key), value.to_string())));
    facts.extend(pairs(&run.data.params).into_iter().map(|(key, value)| ((Part::Params, key), value)));
    for input in &run.inputs.dataset_inputs {
        if let Some(dataset) = &input.dataset {
            let name = dataset.name.clone().unwrap_or_default();
            facts.insert((Part::Data, name), dataset.digest.clone().unwrap_or_default());
        }
    }
    if let Some(record) = record {
        recorded(record, &mut facts);
    } else {
        let commit = pairs(&run.data.tags).remove("mlflow.source.git.commit");
        facts.extend(commit.map(|commit| ((Part::Code, "commit".to_owned()), commit)));
    }
    facts
}

/// The latest values of a run's metrics, without those of the machine.
pub(super) fn metrics(run: &Run) -> impl Iterator<Item = (String, f64)> {
    let metric = |metric: &Metric| Some((metric.key.as_ref()?.to_string(), metric.value.as_ref()?.0));
    run.data.metrics.iter().filter_map(metric).filter(|(key, _)| !key.starts_with("system/"))
}

fn recorded(record: &Record, facts: &mut Facts) {
    let mut fact = |part, name: &str, value: Option<String>| {
        facts.extend(value.map(|value| ((part, name.to_owned()), value)));
    };
    for data in &record.data {
        fact(Part::Data, &data.path, data.digest.as_ref().map(|digest| digest.md5.clone()));
    }
    if let Some(repository) = &record.code.repository {
        fact(Part::Code, "commit", repository.commit.clone());
        fact(Part::Code, "branch", repository.branch.clone());
        fact(Part::Code, "files", repository.exact_tree().map(|tree| format!("tree {tree}")));
        fact(Part::Code, "uncommitted", Some(if repository.dirty { "yes" } else { "no" }.to_owned()));
    }
    let environment = &record.environment;
    if let Some(python) = &environment.python {
        fact(Part::Environment, "python", Some(python.version.clone()));
        for package in &python.packages {
            fact(Part::Environment, &package.name, Some(package.version.clone()));
        }
    }
    fact(Part::Environment, "image", environment.image.as_ref().and_then(|image| image.digest.clone()));
    fact(Part::Environment, "os", environment.computer.distribution.clone());
    fact(Part::Environment, "cpu", environment.computer.cpu.clone());
    let gpus: Vec<&str> = environment.computer.gpus.iter().map(|gpu| gpu.name.as_str()).collect();
    fact(Part::Environment, "gpus", Some(gpus.join(", ")).filter(|gpus| !gpus.is_empty()));
}
