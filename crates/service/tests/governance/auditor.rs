//! Reads the ledger alone, and looks whether anything was reached that the policy does not allow.

use std::collections::BTreeSet;

use trackside_adapter_sqlite::SqliteStore;
use trackside_core::{
    ledger::{Facet, LedgerDigest, ModelState, NewLedgerEntry, RegistryState},
    store::{Ledger, LedgerQuery},
};

use crate::deed::REVIEWERS;

#[derive(Debug, Default)]
pub(crate) struct Audited {
    /// How often something was reached that a policy is over.
    pub(crate) reached: usize,
}

/// Checks the chain, and every entry against what there was before it.
pub(crate) async fn audit(store: &SqliteStore) -> Audited {
    let (mut state, mut audited) = (RegistryState::default(), Audited::default());
    let (mut seq, mut digest) = (0, LedgerDigest::NONE);
    loop {
        let page = store.ledger(LedgerQuery { model: None, after: seq, limit: 1_000 }).await.unwrap();
        if page.is_empty() {
            return audited;
        }
        for entry in page {
            let told = entry.follows(seq, digest).unwrap();
            (seq, digest) = (entry.seq, entry.digest);
            if told.model.as_str().starts_with("governed-") {
                audited.reached += check(&told, state.models.get(told.model.as_str()), seq);
            }
            state.apply(&told).unwrap();
            let names = told.effects.iter().filter(|effect| effect.what == Facet::Name);
            for name in names.filter_map(|effect| effect.after.as_ref()).filter(|name| name.starts_with("governed-")) {
                let model = &state.models[name];
                let staged = model.versions.values().any(|version| version.stage == "Production");
                assert!(!staged && !model.aliases.contains_key("champion"), "entry {seq} brings a holder along");
            }
        }
    }
}

fn check(entry: &NewLedgerEntry, before: Option<&ModelState>, seq: u64) -> usize {
    let mut reached = 0;
    for effect in &entry.effects {
        let (version, target) = match (effect.what, effect.version, effect.key.as_deref(), effect.after.as_deref()) {
            (Facet::Stage, Some(version), _, Some("Production")) => (version, "Production"),
            (Facet::Alias, _, Some("champion"), Some(version)) => (version.parse().unwrap(), "@champion"),
            _ => continue,
        };
        reached += 1;
        let version = &before.unwrap().versions[&version];
        assert_eq!(version.tags.get("validated").map(String::as_str), Some("true"), "entry {seq}");
        assert!(["Staging", "Production"].contains(&version.stage.as_str()), "entry {seq}");
        let done = entry.effects.iter().find(|effect| effect.what == Facet::Promotion).unwrap();
        assert!(done.after.as_ref().unwrap().starts_with(&format!("done {target}, ")), "entry {seq}");
        let id = done.key.as_deref().unwrap();
        let approved: BTreeSet<&str> = version
            .votes
            .iter()
            .filter(|(_, said)| *said == "approve")
            .filter_map(|(key, _)| key.split_once('/').filter(|(of, _)| *of == id).map(|(_, who)| who))
            .filter(|who| REVIEWERS.contains(who))
            .collect();
        assert!(approved.len() >= 2, "entry {seq} has the approval of {approved:?}");
    }
    reached
}
