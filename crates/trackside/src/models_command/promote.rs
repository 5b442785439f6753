//! `trackside models promote` and `rollback`.

use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::json;
use trackside_core::SystemClock;
use trackside_evidence::{Held, Tenure};
use trackside_tracking::Registrar;

use super::{
    args::{By, Promoted, RolledBack},
    prove::{Read, read_all},
};
use crate::{columns::plain, output::Output, remote::Remote, version_name};

/// Stages of which a promotion archives the holders; MLflow takes no others.
const ACTIVE: [&str; 2] = ["Staging", "Production"];

pub(super) async fn run(url: &str, wanted: &Promoted, output: Output) -> anyhow::Result<()> {
    let registrar = registrar(url, &wanted.by, None)?;
    let version = version_name::find(registrar.server(), &wanted.subject).await?;
    let mut done = Vec::new();
    for target in &wanted.to {
        give(&registrar, &version.name, &version.version, target, !wanted.keep_others).await?;
        done.push(target.to_string());
    }
    let answer = json!({ "model": version.name, "version": version.version, "to": done });
    output.say(&answer, || {
        format!("version {} of '{}' holds {}\n", version.version, plain(&version.name), plain(&done.join(" and ")))
    })
}

pub(super) async fn back(remote: &Remote, url: &str, wanted: &RolledBack, output: Output) -> anyhow::Result<()> {
    let (name, target) = (wanted.name.as_str(), &wanted.to);
    let Read { tenures, chain, .. } = read_all(remote).await?;
    let own: Vec<&Tenure> = tenures.all().iter().filter(|one| one.model == name && one.held == *target).collect();
    let present = chain.state.models.get(name).with_context(|| format!("there is no registered model '{name}'"))?;
    let holders: Vec<u32> = own.iter().filter(|one| one.until.is_none()).map(|one| one.version).collect();
    let former = own.iter().rev().find(|one| {
        one.until.is_some() && !holders.contains(&one.version) && present.versions.contains_key(&one.version)
    });
    let Some(former) = former else { bail!("no other version of '{name}' that is still there has held {target}") };
    let from = holders.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let why = if from.is_empty() { "rollback".to_owned() } else { format!("rollback from version {from}") };
    let registrar = registrar(url, &wanted.by, Some(&why))?;
    let version = former.version.to_string();
    give(&registrar, name, &version, target, true).await?;
    let answer = json!({ "model": name, "version": version, "to": target.to_string(), "from": holders });
    output.say(&answer, || {
        let before = if from.is_empty() { "no version held it".to_owned() } else { format!("version {from} did") };
        format!("version {version} of '{}' holds {} again; before, {before}\n", plain(name), plain(&target.to_string()))
    })
}

async fn give(registrar: &Registrar, model: &str, version: &str, target: &Held, archive: bool) -> anyhow::Result<()> {
    match target {
        Held::Alias(alias) => registrar.point(model, alias, version).await?,
        Held::Stage(stage) => {
            let archive = archive && ACTIVE.iter().any(|active| active.eq_ignore_ascii_case(stage));
            registrar.move_to(model, version, stage, archive).await?;
        }
    }
    Ok(())
}

fn registrar(url: &str, by: &By, why: Option<&str>) -> anyhow::Result<Registrar> {
    let reason = by.reason.as_deref().or(why);
    Registrar::at(url, by.api_key.as_deref(), reason, Arc::new(SystemClock)).context("--url")
}
