use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Effect, Facet, NewLedgerEntry};
use crate::{Error, ErrorKind, Result, VersionNumber};

/// The registry as the entries of a ledger say, applied one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegistryState {
    /// By name.
    pub models: BTreeMap<String, ModelState>,
}

/// A registered model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ModelState {
    /// Free text.
    pub description: Option<String>,
    /// By key.
    pub tags: BTreeMap<String, String>,
    /// Which version each names.
    pub aliases: BTreeMap<String, VersionNumber>,
    /// By number.
    pub versions: BTreeMap<VersionNumber, VersionState>,
}

/// A version of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VersionState {
    /// Its stage.
    pub stage: String,
    /// Free text.
    pub description: Option<String>,
    /// By key.
    pub tags: BTreeMap<String, String>,
    /// Where its files come from.
    pub source: String,
    /// The run that made it.
    pub run: Option<String>,
    /// State and target of its promotions, by number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub promotions: BTreeMap<String, String>,
    /// What was said to them, by number and name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub votes: BTreeMap<String, String>,
}

impl RegistryState {
    /// Applies the next entry. `Corrupt` when what it changed is not what there was.
    pub fn apply(&mut self, entry: &NewLedgerEntry) -> Result<()> {
        let mut name = entry.model.as_str().to_owned();
        for effect in &entry.effects {
            let before = self.value(&name, effect);
            if before != effect.before {
                let found = before.as_deref().unwrap_or("nothing");
                let said = effect.before.as_deref().unwrap_or("nothing");
                let why = format!("{:?} of model '{name}' is '{found}' where '{said}' is changed", effect.what);
                return Err(Error::new(ErrorKind::Corrupt, why));
            }
            match (effect.what, effect.version, &effect.after) {
                (Facet::Name, None, Some(after)) => {
                    if let Some(model) = self.models.remove(&name) {
                        self.models.insert(after.clone(), model);
                    }
                    name.clone_from(after);
                }
                (Facet::Present, None, None) => drop(self.models.remove(&name)),
                (Facet::Present, None, Some(_)) => drop(self.models.insert(name.clone(), ModelState::default())),
                _ => {
                    if let Some(model) = self.models.get_mut(&name) {
                        model.apply(effect);
                    }
                }
            }
        }
        Ok(())
    }

    fn value(&self, name: &str, effect: &Effect) -> Option<String> {
        let model = self.models.get(name)?;
        match effect.what {
            Facet::Name => Some(name.to_owned()),
            _ => model.value(effect),
        }
    }
}

impl ModelState {
    fn value(&self, effect: &Effect) -> Option<String> {
        let key = effect.key.as_deref().unwrap_or_default();
        let Some(number) = effect.version else {
            return match effect.what {
                Facet::Present => Some(PRESENT.to_owned()),
                Facet::Description => self.description.clone(),
                Facet::Tag => self.tags.get(key).cloned(),
                Facet::Alias => self.aliases.get(key).map(VersionNumber::to_string),
                _ => None,
            };
        };
        let version = self.versions.get(&number)?;
        match effect.what {
            Facet::Present => Some(PRESENT.to_owned()),
            Facet::Description => version.description.clone(),
            Facet::Tag => version.tags.get(key).cloned(),
            Facet::Stage => Some(version.stage.clone()).filter(|stage| !stage.is_empty()),
            Facet::Source => Some(version.source.clone()).filter(|source| !source.is_empty()),
            Facet::Run => version.run.clone(),
            Facet::Promotion => version.promotions.get(key).cloned(),
            Facet::Vote => version.votes.get(key).cloned(),
            Facet::Name | Facet::Alias => None,
        }
    }

    fn apply(&mut self, effect: &Effect) {
        let (key, after) = (effect.key.clone().unwrap_or_default(), effect.after.clone());
        let Some(number) = effect.version else {
            match effect.what {
                Facet::Description => self.description = after,
                Facet::Tag => set(&mut self.tags, key, after),
                Facet::Alias => set(&mut self.aliases, key, after.and_then(|number| number.parse().ok())),
                _ => {}
            }
            return;
        };
        if effect.what == Facet::Present {
            let version = after.map(|_| VersionState::default());
            return set(&mut self.versions, number, version);
        }
        let Some(version) = self.versions.get_mut(&number) else { return };
        match effect.what {
            Facet::Description => version.description = after,
            Facet::Tag => set(&mut version.tags, key, after),
            Facet::Stage => version.stage = after.unwrap_or_default(),
            Facet::Source => version.source = after.unwrap_or_default(),
            Facet::Run => version.run = after,
            Facet::Promotion => set(&mut version.promotions, key, after),
            Facet::Vote => set(&mut version.votes, key, after),
            Facet::Present | Facet::Name | Facet::Alias => {}
        }
    }
}

/// The value of [`Facet::Present`].
const PRESENT: &str = "true";

fn set<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => drop(map.insert(key, value)),
        None => drop(map.remove(&key)),
    }
}
