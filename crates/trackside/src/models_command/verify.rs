//! `trackside models verify`: the chain of entries, and what they say against what the registry is.

use std::{collections::BTreeMap, process::ExitCode};

use serde_json::json;
use trackside_admin::shape;
use trackside_core::ledger::{LedgerDigest, ModelState};

use super::{args::Verified, chain::Chain, checkpoint, ledger::Reading};
use crate::{
    columns::plain,
    output::{Output, count},
    remote::Remote,
};

/// Tries while the registry changes under the comparison.
const TRIES: usize = 5;
/// Faults that are told of.
const MOST_FAULTS: usize = 20;

/// What was found.
struct Findings {
    n_entries: u64,
    end: LedgerDigest,
    faults: Vec<String>,
}

pub(super) async fn run(remote: &Remote, wanted: &Verified, output: Output) -> anyhow::Result<ExitCode> {
    let known = checkpoint::known(wanted)?;
    let mut findings = look(remote, &known).await?;
    for _ in 1..TRIES {
        let end: shape::Ledger = remote.get(&["registry", "ledger"], &[("limit", "1")]).await?;
        if findings.faults.is_empty() || end.end.seq == findings.n_entries {
            break;
        }
        findings = look(remote, &known).await?;
    }
    let Findings { n_entries, end, faults } = findings;
    let told =
        json!({ "ok": faults.is_empty(), "entries": n_entries, "end": format!("{n_entries}:{end}"), "faults": faults });
    output.say(&told, || {
        let end = format!("{n_entries}:{end}");
        if faults.is_empty() {
            let entries = if n_entries == 1 { "1 entry".to_owned() } else { format!("{n_entries} entries") };
            return format!(
                "{entries}, whole, and the registry is what they say\nthe last is {end}; keep it for --known\n"
            );
        }
        let faults: Vec<String> = faults.iter().map(|fault| format!("  {}\n", plain(fault))).collect();
        format!("the history of the registry is not whole:\n{}", faults.concat())
    })?;
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn look(remote: &Remote, known: &[(u64, String)]) -> anyhow::Result<Findings> {
    let mut chain = Chain::new();
    let mut known: BTreeMap<u64, &str> = known.iter().map(|(seq, digest)| (*seq, digest.as_str())).collect();
    let mut reading = Reading::of(remote, None);
    while let Some(page) = reading.next().await? {
        for entry in page {
            chain.take(&entry);
            if let Some(digest) = known.remove(&entry.seq)
                && digest != entry.digest.to_string()
            {
                chain.faults.push(format!("entry {} is not the one that was known", entry.seq));
            }
        }
    }
    chain.faults.extend(known.keys().map(|seq| format!("entry {seq}, which was known, is missing")));
    let present = present(remote).await?;
    // One fault of the chain makes many of what follows from it.
    if chain.faults.is_empty() {
        compare(&chain.state.models, &present, &mut chain.faults);
    }
    if chain.faults.len() > MOST_FAULTS {
        let more = (chain.faults.len() - MOST_FAULTS) as u64;
        chain.faults.truncate(MOST_FAULTS);
        chain.faults.push(format!("and {} more", count(more, "fault")));
    }
    Ok(Findings { n_entries: chain.seq, end: chain.end, faults: chain.faults })
}

/// The tables of the registry.
pub(super) async fn present(remote: &Remote) -> anyhow::Result<BTreeMap<String, ModelState>> {
    let (mut models, mut after) = (BTreeMap::new(), None::<String>);
    loop {
        let query: Vec<_> = after.as_deref().map(|after| ("after", after)).into_iter().collect();
        let page: shape::Models = remote.get(&["registry", "models"], &query).await?;
        models.extend(page.models);
        after = page.next;
        if after.is_none() {
            return Ok(models);
        }
    }
}

fn compare(said: &BTreeMap<String, ModelState>, found: &BTreeMap<String, ModelState>, faults: &mut Vec<String>) {
    for (name, model) in said {
        match found.get(name) {
            None => faults.push(format!("model '{name}' is missing from the registry")),
            Some(found) => faults.extend(difference(model, found).map(|what| format!("model '{name}': {what}"))),
        }
    }
    let strange = found.keys().filter(|name| !said.contains_key(*name));
    faults.extend(strange.map(|name| format!("model '{name}' is in the registry, but nobody registered it")));
}

/// The first thing in which a model is not what its entries say.
fn difference(said: &ModelState, found: &ModelState) -> Option<String> {
    if said == found {
        return None;
    }
    for (number, version) in &said.versions {
        let Some(found) = found.versions.get(number) else { return Some(format!("version {number} is missing")) };
        if version.stage != found.stage {
            return Some(format!("version {number} is in stage {}, not {}", found.stage, version.stage));
        }
        if version != found {
            return Some(format!("version {number} is otherwise than its entries say"));
        }
    }
    if let Some(number) = found.versions.keys().find(|number| !said.versions.contains_key(number)) {
        return Some(format!("nobody registered version {number}"));
    }
    let alias = said.aliases.iter().find(|(alias, number)| found.aliases.get(*alias) != Some(number));
    let strange = found.aliases.iter().find(|(alias, _)| !said.aliases.contains_key(*alias));
    if let Some((alias, _)) = alias.or(strange) {
        return Some(format!("alias '{alias}' does not name what its entries say"));
    }
    Some("its description or tags are otherwise than its entries say".to_owned())
}
