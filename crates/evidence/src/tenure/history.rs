//! Tenures, as the entries of a ledger make them.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use trackside_core::{
    VersionNumber,
    ledger::{Action, Effect, Facet, NewLedgerEntry},
};

/// What a version holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// A stage other than `None`.
    Stage(String),
    /// An alias.
    Alias(String),
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(stage) => write!(f, "stage {stage}"),
            Self::Alias(alias) => write!(f, "alias {alias}"),
        }
    }
}

/// That a version held something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenure {
    /// Name of the registered model meanwhile.
    pub model: String,
    /// Which version.
    pub version: VersionNumber,
    /// What it held.
    pub held: Held,
    /// Since when, in milliseconds since the epoch, UTC.
    pub from: i64,
    /// The entry that gave it.
    pub entry: u64,
    /// Whose key that was made with; nothing for somebody without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Until when; nothing while it still holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

/// All tenures of a ledger, in the order in which they began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tenures {
    all: Vec<Tenure>,
    /// Where those are that still last, by model, version and what is held.
    open: BTreeMap<(String, VersionNumber, Held), usize>,
}

/// The stage of a version that has none.
const NO_STAGE: &str = "None";

impl Tenures {
    /// What the next entry begins and ends.
    pub fn apply(&mut self, seq: u64, entry: &NewLedgerEntry) {
        let model = entry.model.as_str();
        for effect in &entry.effects {
            if effect.what == Facet::Name {
                self.rename(seq, entry, effect);
                continue;
            }
            if let Some((version, held)) = held(effect, effect.before.as_deref()) {
                self.end(&(model.to_owned(), version, held), entry);
            }
            if let Some((version, held)) = held(effect, effect.after.as_deref()) {
                self.begin(model.to_owned(), version, held, seq, entry);
            }
        }
    }

    /// All of them.
    pub fn all(&self) -> &[Tenure] {
        &self.all
    }

    fn begin(&mut self, model: String, version: VersionNumber, held: Held, seq: u64, entry: &NewLedgerEntry) {
        // What was there before the ledger began was nobody's doing that is known.
        let is_known = entry.action != Action::FindModel;
        let by = entry.origin.name.as_ref().filter(|_| is_known).map(ToString::to_string);
        self.open.insert((model.clone(), version, held.clone()), self.all.len());
        self.all.push(Tenure { model, version, held, from: entry.at.millis(), entry: seq, by, until: None });
    }

    fn end(&mut self, key: &(String, VersionNumber, Held), entry: &NewLedgerEntry) {
        if let Some(tenure) = self.open.remove(key).and_then(|at| self.all.get_mut(at)) {
            tenure.until = Some(entry.at.millis());
        }
    }

    /// Under another name they are others.
    fn rename(&mut self, seq: u64, entry: &NewLedgerEntry, effect: &Effect) {
        let Some(to) = &effect.after else { return };
        let own = |(model, _, _): &&(String, VersionNumber, Held)| model.as_str() == entry.model.as_str();
        let keys: Vec<_> = self.open.keys().filter(own).cloned().collect();
        for key in keys {
            self.end(&key, entry);
            self.begin(to.clone(), key.1, key.2, seq, entry);
        }
    }
}

/// What is held on this side of an effect.
fn held(effect: &Effect, side: Option<&str>) -> Option<(VersionNumber, Held)> {
    let side = side?;
    match (effect.what, effect.version) {
        (Facet::Stage, Some(version)) if side != NO_STAGE => Some((version, Held::Stage(side.to_owned()))),
        (Facet::Alias, None) => Some((side.parse().ok()?, Held::Alias(effect.key.clone()?))),
        _ => None,
    }
}
