//! When and by whom the registry was changed, entry by entry: what its tags in git are to tell.

use std::collections::BTreeMap;

use trackside_core::{
    VersionNumber,
    ledger::{Effect, Facet, NewLedgerEntry},
};

use crate::Held;

/// An entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mark {
    /// Its number.
    pub seq: u64,
    /// When, in milliseconds since the epoch.
    pub at: i64,
    /// Whose key it was made with.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What a version or an alias was set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) mark: Mark,
    /// The name of a stage other than `None`, or the number of a version.
    pub(super) value: Option<String>,
}

/// What has one value at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    /// The stage of a version.
    Stage(VersionNumber),
    /// The version of an alias.
    Alias(String),
}

/// The histories of models, by name.
#[derive(Debug, Clone, Default)]
pub struct Trails {
    models: BTreeMap<String, Trail>,
}

/// The history of a model.
#[derive(Debug, Clone, Default)]
pub(super) struct Trail {
    pub(super) created: BTreeMap<VersionNumber, Mark>,
    pub(super) deleted: BTreeMap<VersionNumber, Mark>,
    pub(super) steps: BTreeMap<Slot, Vec<Step>>,
}

impl Trails {
    /// Follows the next entry.
    pub fn apply(&mut self, seq: u64, entry: &NewLedgerEntry) {
        let mark = Mark {
            seq,
            at: entry.at.millis(),
            by: entry.origin.name.as_ref().map(ToString::to_string),
            reason: entry.origin.reason.clone(),
        };
        let mut name = entry.model.as_str().to_owned();
        for effect in &entry.effects {
            if effect.what == Facet::Name {
                if let (Some(trail), Some(after)) = (self.models.remove(&name), &effect.after) {
                    self.models.insert(after.clone(), trail);
                    name.clone_from(after);
                }
                continue;
            }
            self.models.entry(name.clone()).or_default().apply(effect, &mark);
        }
    }

    /// That of a model; an empty one when nothing was done to it.
    pub(super) fn of(&self, model: &str) -> Trail {
        self.models.get(model).cloned().unwrap_or_default()
    }
}

impl Trail {
    fn apply(&mut self, effect: &Effect, mark: &Mark) {
        match (effect.what, effect.version) {
            (Facet::Present, Some(number)) if effect.after.is_some() => {
                self.created.insert(number, mark.clone());
                self.deleted.remove(&number);
                self.steps.remove(&Slot::Stage(number));
            }
            (Facet::Present, Some(number)) => self.delete(number, mark),
            (Facet::Present, None) if effect.after.is_none() => {
                let numbers: Vec<_> = self.created.keys().copied().collect();
                for number in numbers {
                    self.delete(number, mark);
                }
                self.steps.clear();
            }
            (Facet::Stage, Some(number)) => {
                let stage = effect.after.clone().filter(|stage| super::label_of(&Held::Stage(stage.clone())).is_some());
                self.step(Slot::Stage(number), stage, mark);
            }
            (Facet::Alias, None) => {
                self.step(Slot::Alias(effect.key.clone().unwrap_or_default()), effect.after.clone(), mark);
            }
            _ => {}
        }
    }

    fn delete(&mut self, number: VersionNumber, mark: &Mark) {
        if self.created.remove(&number).is_some() {
            self.deleted.insert(number, mark.clone());
        }
    }

    fn step(&mut self, slot: Slot, value: Option<String>, mark: &Mark) {
        self.steps.entry(slot).or_default().push(Step { mark: mark.clone(), value });
    }
}
