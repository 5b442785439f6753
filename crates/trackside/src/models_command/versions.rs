//! `trackside models versions`.

use anyhow::Context;
use serde_json::{Value, json};
use trackside_core::ledger::{ModelState, VersionState};
use trackside_evidence::mirror::SEMVER_TAG;

use super::{
    args::Shown,
    ledger::{of_model, replayed},
};
use crate::{
    columns::{aligned, plain, shortened},
    output::Output,
    remote::Remote,
};

pub(super) async fn run(remote: &Remote, wanted: &Shown, output: Output) -> anyhow::Result<()> {
    let state = replayed(&of_model(remote, &wanted.name, wanted.as_of).await?)?;
    let model = state.models.get(&wanted.name);
    let model = model.with_context(|| format!("there is no registered model '{}'", wanted.name))?;
    let listed: Vec<Value> = model.versions.iter().map(|(number, version)| summary(model, *number, version)).collect();
    output.say(&listed, || table(model))
}

fn summary(model: &ModelState, number: u32, version: &VersionState) -> Value {
    json!({
        "version": number,
        "semver": version.tags.get(SEMVER_TAG),
        "stage": version.stage,
        "aliases": aliases(model, number).collect::<Vec<_>>(),
        "run": version.run,
        "source": version.source,
        "tags": version.tags,
        "description": version.description,
    })
}

fn aliases(model: &ModelState, number: u32) -> impl Iterator<Item = &str> {
    model.aliases.iter().filter(move |(_, named)| **named == number).map(|(alias, _)| alias.as_str())
}

fn table(model: &ModelState) -> String {
    if model.versions.is_empty() {
        return "no versions\n".to_owned();
    }
    let head = ["VERSION", "SEMVER", "STAGE", "ALIASES", "RUN", "SOURCE"].map(str::to_owned);
    let row = |(number, version): (&u32, &VersionState)| {
        [
            number.to_string(),
            version.tags.get(SEMVER_TAG).map(|text| plain(text)).unwrap_or_default(),
            plain(&version.stage),
            aliases(model, *number).map(plain).collect::<Vec<_>>().join(", "),
            version.run.as_deref().map(plain).unwrap_or_default(),
            shortened(&version.source),
        ]
    };
    aligned(&head, &model.versions.iter().map(row).collect::<Vec<_>>())
}
