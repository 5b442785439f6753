//! `trackside models history`.

use serde_json::{Value, json};
use trackside_core::ledger::{Effect, Facet, NewLedgerEntry, Origin};

use super::{
    args::Wanted,
    ledger::{Reading, Told, concerns, of_model},
};
use crate::{
    columns::plain,
    output::{Output, count},
    remote::Remote,
};

pub(super) async fn run(remote: &Remote, wanted: &Wanted, output: Output) -> anyhow::Result<()> {
    let mut entries = match &wanted.name {
        Some(name) => of_model(remote, name, wanted.as_of).await?,
        None => all(remote, wanted).await?,
    };
    if let Some(version) = wanted.version {
        entries.retain(|_, entry| entry.effects.iter().any(|effect| concerns(effect, version)));
    }
    let listed: Vec<Value> = entries.iter().map(shown).collect();
    output.say(&listed, || {
        if entries.is_empty() { "nothing has happened\n".to_owned() } else { entries.values().map(text).collect() }
    })
}

async fn all(remote: &Remote, wanted: &Wanted) -> anyhow::Result<Told> {
    let (mut entries, mut reading) = (Told::new(), Reading::of(remote, None));
    while let Some(page) = reading.next().await? {
        for entry in page {
            let (seq, entry) = (entry.seq, entry.read()?);
            if wanted.as_of.is_none_or(|until| entry.at <= until) {
                entries.insert(seq, entry);
            }
        }
    }
    Ok(entries)
}

fn shown((seq, entry): (&u64, &NewLedgerEntry)) -> Value {
    json!({
        "seq": seq,
        "at": entry.at.rfc3339(),
        "model": entry.model.as_str(),
        "action": entry.action,
        "by": entry.origin,
        "reason": entry.origin.reason,
        "evidence": entry.evidence,
        "effects": entry.effects,
    })
}

/// A line for who and when, and one for each thing that is otherwise.
fn text(entry: &NewLedgerEntry) -> String {
    let reason = entry.origin.reason.as_deref().map(|reason| format!(": {}", plain(reason))).unwrap_or_default();
    let head = format!("{}  {}  by {}{reason}\n", entry.at.rfc3339(), plain(entry.model.as_str()), who(&entry.origin));
    let evidence = entry.evidence.as_ref().and_then(policy).map(|told| format!("    {told}\n"));
    let effects = entry.effects.iter().map(|effect| format!("    {}\n", change(effect)));
    std::iter::once(head).chain(effects).chain(evidence).collect()
}

/// What the policy found.
fn policy(evidence: &Value) -> Option<String> {
    let rules = evidence.get("rules")?.as_array()?.len() as u64;
    let names = evidence.get("approved_by").and_then(Value::as_array);
    let names: Vec<&str> = names.into_iter().flatten().filter_map(Value::as_str).collect();
    let by = if names.is_empty() { String::new() } else { format!(", approved by {}", plain(&names.join(", "))) };
    Some(format!("policy: {} met{by}", count(rules, "rule")))
}

fn who(origin: &Origin) -> String {
    let name = origin.name.as_ref().map_or_else(|| "somebody".to_owned(), |name| plain(name.as_str()));
    origin.address.as_ref().map_or_else(|| name.clone(), |address| format!("{name} at {}", plain(address)))
}

fn change(effect: &Effect) -> String {
    let of = effect.version.map(|version| format!("version {version} ")).unwrap_or_default();
    let what = match effect.what {
        Facet::Present => {
            return format!("{of}{}", if effect.after.is_some() { "registered" } else { "deleted" }).trim().to_owned();
        }
        Facet::Name => "name",
        Facet::Description => "description",
        Facet::Tag => "tag",
        Facet::Alias => "alias",
        Facet::Stage => "stage",
        Facet::Source => "source",
        Facet::Run => "run",
        Facet::Promotion => "promotion",
        Facet::Vote => "vote on promotion",
    };
    let key = effect.key.as_deref().map(|key| format!(" {}", plain(key))).unwrap_or_default();
    let side = |value: &Option<String>| value.as_deref().map_or_else(|| "-".to_owned(), plain);
    format!("{of}{what}{key}: {} -> {}", side(&effect.before), side(&effect.after))
}
