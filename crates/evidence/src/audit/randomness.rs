//! Whether chance was fixed.

use super::{Evidence, Finding, Verdict, finding::listed};
use crate::{Dimension, Record};

const RANDOMNESS: Dimension = Dimension::Randomness;
/// Without one of these, libraries choose among algorithms of a GPU that add in another order each time.
const DETERMINISM: [&str; 3] = ["CUBLAS_WORKSPACE_CONFIG", "TF_DETERMINISTIC_OPS", "XLA_FLAGS"];

/// Seeds among the params and in the command.
pub(super) fn randomness(record: &Record) -> Finding {
    let params = record.parameters.as_ref();
    let seeds: Vec<(&str, &str)> = params
        .into_iter()
        .flat_map(|params| params.seeds.iter().filter_map(|key| Some((key.as_str(), params.values.get(key)?.as_str()))))
        .collect();
    let mut evidence: Vec<Evidence> =
        seeds.iter().map(|(key, value)| Evidence::new(*key, Some(value), Some(value), Verdict::Identical)).collect();
    let command = record.execution.iter().flat_map(|execution| &execution.command).map(String::as_str);
    let words: Vec<&str> = command.collect();
    for (index, word) in words.iter().enumerate() {
        let Some(name) = word.strip_prefix("--") else { continue };
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (name, words.get(index + 1).copied()),
        };
        if let Some(value) = value.filter(|value| crate::record::is_seed(name, value)) {
            evidence.push(Evidence::new(format!("--{name}"), Some(value), Some(value), Verdict::Identical));
        }
    }
    if evidence.is_empty() {
        return Finding::new(RANDOMNESS, Verdict::Missing, "no seed is on record")
            .advise("seed every source of chance, and log the seed as a param, e.g. `mlflow.log_param(\"seed\", 0)`");
    }
    let names = listed(evidence.iter().map(|one| one.what.as_str()));
    let mut finding = Finding::of(RANDOMNESS, evidence, |_| format!("seeded by {names}"));
    let environment = &record.environment;
    let is_fixed = DETERMINISM.iter().any(|name| environment.variables.contains_key(*name));
    if !environment.computer.gpus.is_empty() && !is_fixed {
        finding = finding
            .at_best(Verdict::Equivalent, "seeded, but a GPU may add in another order each time")
            .advise("set CUBLAS_WORKSPACE_CONFIG=:4096:8 and ask the library for deterministic algorithms");
    }
    finding
}
