use std::collections::BTreeMap;

use trackside_core::{
    Key, Target, Timestamp, VersionNumber,
    ledger::{Effect, Facet, NewLedgerEntry},
};

/// What the ledger says of a model, as far as rules ask for it.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// By version and tag: who set it last, and when.
    tags: BTreeMap<(VersionNumber, String), (Option<Key>, Timestamp)>,
    /// By version: since when it has its stage.
    stages: BTreeMap<VersionNumber, Timestamp>,
    /// By what was given: when it was last given to anybody.
    given: BTreeMap<String, Timestamp>,
    /// By what was given: who lost it last, and when.
    lost: BTreeMap<String, (VersionNumber, Timestamp)>,
}

impl History {
    /// Adds what the next entry says.
    pub fn add(&mut self, entry: &NewLedgerEntry) {
        for effect in &entry.effects {
            match (effect.what, effect.version) {
                (Facet::Tag, Some(version)) => {
                    let tag = (version, effect.key.clone().unwrap_or_default());
                    self.tags.insert(tag, (entry.origin.name.clone(), entry.at));
                }
                (Facet::Stage, Some(version)) => {
                    self.stages.insert(version, entry.at);
                    self.lost.extend(effect.before.clone().map(|before| (before, (version, entry.at))));
                    self.given.extend(effect.after.clone().map(|after| (after, entry.at)));
                }
                (Facet::Alias, None) => self.repointed(entry.at, effect),
                // What was held under another name was held under other policies.
                (Facet::Name, None) => self.lost.clear(),
                _ => {}
            }
        }
    }

    fn repointed(&mut self, at: Timestamp, effect: &Effect) {
        let alias = format!("@{}", effect.key.as_deref().unwrap_or_default());
        if let Some(before) = effect.before.as_deref().and_then(|number| number.parse().ok()) {
            self.lost.insert(alias.clone(), (before, at));
        }
        if effect.after.is_some() {
            self.given.insert(alias, at);
        }
    }

    /// Who set a tag of a version last, if that is known, and when.
    pub fn tagged(&self, version: VersionNumber, key: &str) -> Option<&(Option<Key>, Timestamp)> {
        self.tags.get(&(version, key.to_owned()))
    }

    /// Since when a version has its stage.
    pub fn in_stage_since(&self, version: VersionNumber) -> Option<Timestamp> {
        self.stages.get(&version).copied()
    }

    /// When something was last given to a version.
    pub fn given_at(&self, target: &Target) -> Option<Timestamp> {
        self.given.get(&target.to_string()).copied()
    }

    /// Until when a version held something that nobody has lost since.
    pub fn held_last(&self, target: &Target, version: VersionNumber) -> Option<Timestamp> {
        self.lost.get(&target.to_string()).filter(|(last, _)| *last == version).map(|(_, at)| *at)
    }
}
