//! Who holds a stage or an alias: on each side now, and when they last agreed.
//!
//! A version has one stage and an alias one version, as in MLflow. Where GTO has several, the one that came last counts.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::{
    Message,
    git_side::GitStage,
    label_of,
    name::held,
    pairing::Sides,
    trails::{Slot, Step},
};
use crate::Held;

/// What a slot holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ends<T> {
    pub(super) base: Option<T>,
    pub(super) git: Option<T>,
    pub(super) registry: Option<T>,
    /// The tag that says so in git.
    pub(super) tag: Option<String>,
    /// The last entry of the ledger that git knows of.
    pub(super) seen: u64,
}

/// Where a change has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    Nowhere,
    ToGit,
    ToRegistry,
    Conflict,
}

impl<T: PartialEq> Ends<T> {
    /// Whether git said what was agreed, so that what the registry did since can be told there.
    pub(super) fn is_of_registry(&self) -> bool {
        self.git == self.base
    }

    pub(super) fn course(&self) -> Course {
        match self {
            Self { git, registry, .. } if git == registry => Course::Nowhere,
            Self { git, base, .. } if git == base => Course::ToGit,
            Self { registry, base, .. } if registry == base => Course::ToRegistry,
            _ => Course::Conflict,
        }
    }
}

fn is_from_git(step: &Step) -> bool {
    step.mark.reason.as_deref().is_some_and(|reason| reason.starts_with(REASON))
}

/// What the mirror gives as a reason for what it changes in the registry begins so.
pub(super) const REASON: &str = "git tag ";

impl Sides<'_> {
    /// Labels that nothing in the registry is spelt as, on versions that are registered.
    pub(super) fn strange_labels(&self) -> BTreeMap<String, String> {
        let active = self.active_versions();
        let stages = active.filter_map(|version| self.git.versions.get(version)).flat_map(|version| &version.stages);
        let strange = stages.filter(|(label, stage)| stage.is_active && held(label).is_none());
        strange.map(|(label, stage)| (label.clone(), stage.tag.name.clone())).collect()
    }

    /// The stage of a version, by its name in git.
    pub(super) fn stage(&self, version: &Version) -> Ends<String> {
        let is_stage = |label: &String| matches!(held(label), Some(Held::Stage(_)));
        let found = self.git.versions.get(version);
        let all: Vec<(&String, &GitStage)> =
            found.into_iter().flat_map(|found| &found.stages).filter(|(label, _)| is_stage(label)).collect();
        let mut base = self.base.versions.get(version).and_then(|agreed| agreed.stage.clone());
        let git = self.latest(&all).map(|(label, _)| (*label).clone());
        let number = self.numbers.get(version);
        let state = number.and_then(|number| self.model?.versions.get(number));
        let registry = state.and_then(|state| label_of(&Held::Stage(state.stage.clone())));
        let last = all.iter().map(|(_, stage)| *stage).max_by_key(|stage| self.order(stage));
        if let Some(number) = number {
            let spelt = |stage: &str| label_of(&Held::Stage(stage.to_owned()));
            let tag = git.as_ref().or(base.as_ref()).and_then(|label| found?.stages.get(label));
            self.revise(&mut base, git.as_ref(), registry.as_ref(), tag, self.steps(&Slot::Stage(*number)), spelt);
        }
        Ends {
            base,
            git,
            registry,
            tag: last.map(|stage| stage.tag.name.clone()),
            seen: self.seen(all.iter().map(|(_, stage)| *stage)),
        }
    }

    /// Which version an alias names, by its name in git.
    pub(super) fn alias(&self, label: &str) -> Ends<Version> {
        let all: Vec<(&Version, &GitStage)> = self
            .active_versions()
            .filter_map(|version| Some((version, self.git.versions.get(version)?.stages.get(label)?)))
            .collect();
        let mut base = self.base.aliases.get(label).cloned();
        let git = self.latest(&all).map(|(version, _)| (*version).clone());
        let alias = match held(label) {
            Some(Held::Alias(alias)) => alias,
            _ => String::new(),
        };
        let number = self.model.and_then(|model| model.aliases.get(&alias));
        let registry = number.and_then(|number| self.version(*number)).cloned();
        let last = all.iter().map(|(_, stage)| *stage).max_by_key(|stage| self.order(stage));
        let meant = |text: &str| self.version(text.parse().ok()?).cloned();
        let holder = git.as_ref().or(base.as_ref());
        let tag = all.iter().find(|(version, _)| Some(*version) == holder).map(|(_, stage)| *stage);
        self.revise(&mut base, git.as_ref(), registry.as_ref(), tag, self.steps(&Slot::Alias(alias)), meant);
        Ends {
            base,
            git,
            registry,
            tag: last.map(|stage| stage.tag.name.clone()),
            seen: self.seen(all.iter().map(|(_, stage)| *stage)),
        }
    }

    /// Aliases that either side has or had, by their names in git.
    pub(super) fn alias_labels(&self) -> BTreeSet<String> {
        let of_registry = self.trail.steps.keys().filter_map(|slot| match slot {
            Slot::Alias(alias) => Some(alias),
            Slot::Stage(_) => None,
        });
        let of_registry = of_registry.filter_map(|alias| label_of(&Held::Alias(alias.clone())));
        let of_git = self.active_versions().filter_map(|version| self.git.versions.get(version));
        let of_git = of_git.flat_map(|version| version.stages.keys().cloned());
        let of_git = of_git.filter(|label| matches!(held(label), Some(Held::Alias(_))));
        of_registry.chain(of_git).chain(self.base.aliases.keys().cloned()).collect()
    }

    /// Others than the one that counts, which hold the same in git.
    pub(super) fn surplus_stages(&self, version: &Version, kept: Option<&str>) -> Vec<String> {
        let stages = self.git.versions.get(version).into_iter().flat_map(|found| &found.stages);
        let surplus = stages.filter(|(label, stage)| {
            stage.is_active && Some(label.as_str()) != kept && matches!(held(label), Some(Held::Stage(_)))
        });
        surplus.map(|(label, _)| label.clone()).collect()
    }

    /// The same of an alias.
    pub(super) fn surplus_holders(&self, label: &str, kept: Option<&Version>) -> Vec<Version> {
        let holders = self.active_versions().filter(|version| {
            let stage = self.git.versions.get(version).and_then(|found| found.stages.get(label));
            stage.is_some_and(|stage| stage.is_active) && Some(*version) != kept
        });
        holders.cloned().collect()
    }

    /// Which semantic version a version is.
    pub(super) fn version(&self, number: u32) -> Option<&Version> {
        self.numbers.iter().find(|(_, found)| **found == number).map(|(version, _)| version)
    }

    /// What the registry itself did to a slot behind an entry.
    pub(super) fn recent(&self, slot: &Slot, seen: u64) -> impl Iterator<Item = &Step> {
        self.steps(slot).iter().filter(move |step| step.mark.seq > seen && !is_from_git(step))
    }

    /// What was done to a slot, all of it.
    pub(super) fn steps(&self, slot: &Slot) -> &[Step] {
        self.trail.steps.get(slot).map(Vec::as_slice).unwrap_or_default()
    }

    fn active_versions(&self) -> impl Iterator<Item = &Version> {
        let active = self.git.versions.iter().filter(|(_, found)| found.is_active);
        active.map(|(version, _)| version).filter(|version| !self.blocked.contains(version))
    }

    /// What a side has was written there by the mirror itself when it crashed before it noted that the sides agree. Then that
    /// is the base. `tag` gave what git has, or took what the base has.
    fn revise<T: Clone + PartialEq>(
        &self,
        base: &mut Option<T>,
        git: Option<&T>,
        registry: Option<&T>,
        tag: Option<&GitStage>,
        steps: &[Step],
        meant: impl Fn(&str) -> Option<T>,
    ) {
        if tag.is_some_and(|stage| self.own_entry(stage).is_some()) {
            *base = git.cloned();
            return;
        }
        let recent = || steps.iter().filter(|step| step.mark.seq > self.since);
        if recent().next_back().is_some_and(is_from_git) {
            *base = registry.cloned();
        } else if recent().any(|step| is_from_git(step) && step.value.as_deref().and_then(&meant).as_ref() == git) {
            // It came from git, and the registry has moved on since.
            *base = git.cloned();
        }
    }

    /// The entry that a tag was written for, if the mirror wrote it.
    fn own_entry(&self, stage: &GitStage) -> Option<u64> {
        let message = Message::read(&stage.tag.message);
        message.entry.filter(|_| message.registry.as_deref() == Some(self.registry))
    }

    fn seen<'b>(&self, all: impl Iterator<Item = &'b GitStage>) -> u64 {
        all.filter_map(|stage| self.own_entry(stage)).max().unwrap_or_default().max(self.since)
    }

    /// Of those that hold, the one that came last.
    fn latest<'b, T>(&self, all: &'b [(T, &'b GitStage)]) -> Option<&'b (T, &'b GitStage)> {
        all.iter().filter(|(_, stage)| stage.is_active).max_by_key(|(_, stage)| self.order(stage))
    }

    /// Numbers are in the order in which tags were made; taggers' clocks may not be, and some tags have no number.
    fn order(&self, stage: &GitStage) -> (bool, u64, i64) {
        (!self.base.tags.contains_key(&stage.tag.name), stage.counter.unwrap_or_default(), stage.tag.at)
    }
}
