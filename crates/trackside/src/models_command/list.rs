//! `trackside models list`.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::{Value, json};
use trackside_core::ledger::{ModelState, RegistryState};

use super::{args::Listed, ledger::Reading, verify::present};
use crate::{
    columns::{aligned, plain, shortened},
    output::Output,
    remote::Remote,
};

pub(super) async fn run(remote: &Remote, wanted: &Listed, output: Output) -> anyhow::Result<()> {
    let models = match wanted.as_of {
        None => present(remote).await?,
        Some(until) => {
            let (mut state, mut reading) = (RegistryState::default(), Reading::of(remote, None));
            while let Some(page) = reading.next().await? {
                for entry in page {
                    let told = entry.read()?;
                    if told.at <= until {
                        state.apply(&told).with_context(|| format!("entry {}", entry.seq))?;
                    }
                }
            }
            state.models
        }
    };
    let listed: Vec<Value> = models.iter().map(|(name, model)| summary(name, model)).collect();
    output.say(&listed, || table(&models))
}

fn summary(name: &str, model: &ModelState) -> Value {
    json!({
        "name": name,
        "description": model.description,
        "tags": model.tags,
        "aliases": model.aliases,
        "stages": stages(model),
        "versions": model.versions.len(),
        "highest": model.versions.keys().next_back(),
    })
}

/// Versions of each stage.
fn stages(model: &ModelState) -> BTreeMap<&str, Vec<u32>> {
    let mut stages: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (number, version) in model.versions.iter().filter(|(_, version)| version.stage != "None") {
        stages.entry(&version.stage).or_default().push(*number);
    }
    stages
}

fn table(models: &BTreeMap<String, ModelState>) -> String {
    if models.is_empty() {
        return "no registered models\n".to_owned();
    }
    let head = ["NAME", "VERSIONS", "HIGHEST", "STAGES", "ALIASES"].map(str::to_owned);
    let row = |(name, model): (&String, &ModelState)| {
        let numbers = |numbers: &[u32]| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
        let staged = stages(model).into_iter().map(|(stage, found)| format!("{stage} {}", numbers(&found)));
        let aliases = model.aliases.iter().map(|(alias, number)| format!("{alias} {number}"));
        [
            plain(name),
            model.versions.len().to_string(),
            model.versions.keys().next_back().map(u32::to_string).unwrap_or_default(),
            shortened(&staged.collect::<Vec<_>>().join(", ")),
            shortened(&aliases.collect::<Vec<_>>().join(", ")),
        ]
    };
    aligned(&head, &models.iter().map(row).collect::<Vec<_>>())
}
