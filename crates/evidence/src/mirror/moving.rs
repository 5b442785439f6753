//! Stages and aliases: what moved on one side moves on the other.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::{
    ConflictKind, Mark, Plan, Standing,
    draft::Draft,
    holding::{Course, Ends, REASON},
    label_of,
    name::{NO_STAGE, held},
    pairing::Sides,
    trails::Slot,
};
use crate::Held;

/// Stages whose holders people think of as one thing.
const CONTESTED: [&str; 2] = ["production", "staging"];

impl Sides<'_> {
    pub(super) fn plan_stages(&mut self, shared: &BTreeSet<Version>, drafts: &mut Vec<Draft>, plan: &mut Plan) {
        let ends: BTreeMap<&Version, Ends<String>> =
            shared.iter().map(|version| (version, self.stage(version))).collect();
        let mut frozen = BTreeSet::new();
        for label in CONTESTED {
            let holders = |side: fn(&Ends<String>) -> &Option<String>| -> BTreeSet<&Version> {
                let held = ends.iter().filter(|(_, ends)| side(ends).as_deref() == Some(label));
                held.map(|(version, _)| *version).collect()
            };
            let (base, git, registry) = (holders(|e| &e.base), holders(|e| &e.git), holders(|e| &e.registry));
            if git != base && registry != base && git != registry {
                let (in_git, in_registry) = (said(&git), said(&registry));
                let why = format!("both sides moved {label}: {in_git} has it in git, {in_registry} in the registry");
                let remedy = format!("make them say the same, e.g. by gto assign or unassign of {}", self.artifact);
                self.conflict(ConflictKind::BothMoved, format!("#{label}"), why, remedy);
                frozen.extend(base.symmetric_difference(&git).chain(base.symmetric_difference(&registry)).copied());
            }
        }
        for (version, ends) in &ends {
            let course = if frozen.contains(version) { Course::Nowhere } else { ends.course() };
            match course {
                Course::Nowhere => {
                    // Once the registry says so, GTO is to say nothing else.
                    if ends.git == ends.registry {
                        self.stage_to_git(version, ends, drafts);
                        let mark = self.last_mark(version);
                        for label in self.surplus_stages(version, ends.git.as_deref()) {
                            drafts.push(self.unassign(version, label, mark.clone()));
                        }
                    }
                }
                Course::ToGit => self.stage_to_git(version, ends, drafts),
                Course::ToRegistry => {
                    let stage = ends.git.as_deref().and_then(held).map_or_else(
                        || NO_STAGE.to_owned(),
                        |held| match held {
                            Held::Stage(stage) | Held::Alias(stage) => stage,
                        },
                    );
                    let deed =
                        self.to_registry(Some(version), Standing::InStage(stage), self.reason(ends.tag.as_deref()));
                    plan.to_registry.push(deed);
                }
                Course::Conflict => {
                    let name = |label: &Option<String>| label.clone().unwrap_or_else(|| "no stage".to_owned());
                    let why = format!(
                        "both sides moved v{version}: to {} in git, to {} in the registry",
                        name(&ends.git),
                        name(&ends.registry)
                    );
                    let remedy = "move it on one side to where it is on the other".to_owned();
                    self.conflict(ConflictKind::BothMoved, format!("v{version}"), why, remedy);
                }
            }
        }
    }

    /// Each step since the sides agreed is a tag, so that the history is the same.
    fn stage_to_git(&self, version: &Version, ends: &Ends<String>, drafts: &mut Vec<Draft>) {
        if !ends.is_of_registry() {
            return;
        }
        let number = self.numbers.get(version).copied().unwrap_or_default();
        let mut at = ends.git.clone();
        let slot = Slot::Stage(number);
        let steps = self.recent(&slot, ends.seen);
        let mut steps: Vec<(Option<String>, Mark)> = steps
            .map(|step| {
                let label = step.value.as_ref().and_then(|stage| label_of(&Held::Stage(stage.clone())));
                (label, step.mark.clone())
            })
            .collect();
        if steps.last().is_none_or(|(label, _)| *label != ends.registry) {
            steps.push((ends.registry.clone(), self.last_mark(version)));
        }
        for (label, mark) in steps {
            if label == at {
                continue;
            }
            if let Some(before) = at {
                drafts.push(self.unassign(version, before, mark.clone()));
            }
            drafts.extend(label.clone().map(|label| self.assign(version, label, mark)));
            at = label;
        }
    }

    pub(super) fn plan_aliases(&mut self, shared: &BTreeSet<Version>, drafts: &mut Vec<Draft>, plan: &mut Plan) {
        for label in self.alias_labels() {
            let Some(Held::Alias(alias)) = held(&label) else { continue };
            let number = self.model.and_then(|model| model.aliases.get(&alias));
            let is_blocked = |version: Option<&Version>| version.is_some_and(|version| self.blocked.contains(version));
            let ends = self.alias(&label);
            // Of a version that nobody may touch, or that has no semantic version.
            if number.is_some() && (ends.registry.is_none() || is_blocked(ends.registry.as_ref())) {
                continue;
            }
            match ends.course() {
                Course::Nowhere => {
                    self.alias_to_git(&label, &alias, &ends, shared, drafts);
                    let mark = ends.git.as_ref().map(|version| self.last_mark(version)).unwrap_or_default();
                    for version in self.surplus_holders(&label, ends.git.as_ref()) {
                        drafts.push(self.unassign(&version, label.clone(), mark.clone()));
                    }
                }
                Course::ToGit => self.alias_to_git(&label, &alias, &ends, shared, drafts),
                Course::ToRegistry => {
                    let reason = self.reason(ends.tag.as_deref());
                    plan.to_registry.push(self.to_registry(ends.git.as_ref(), Standing::Named(alias), reason));
                }
                Course::Conflict => {
                    let name = |version: &Option<Version>| {
                        version.as_ref().map_or_else(|| "no version".to_owned(), |version| format!("v{version}"))
                    };
                    let why = format!(
                        "both sides moved {label}: to {} in git, to {} in the registry",
                        name(&ends.git),
                        name(&ends.registry)
                    );
                    let remedy = "move it on one side to where it is on the other".to_owned();
                    self.conflict(ConflictKind::BothMoved, format!("#{label}"), why, remedy);
                }
            }
        }
    }

    fn alias_to_git(
        &self,
        label: &str,
        alias: &str,
        ends: &Ends<Version>,
        shared: &BTreeSet<Version>,
        drafts: &mut Vec<Draft>,
    ) {
        if !ends.is_of_registry() {
            return;
        }
        let slot = Slot::Alias(alias.to_owned());
        let steps = self.recent(&slot, ends.seen);
        let mut steps: Vec<(Option<Version>, Mark)> = steps
            .map(|step| {
                let version = step.value.as_ref().and_then(|number| self.version(number.parse().ok()?));
                (version.filter(|version| shared.contains(version)).cloned(), step.mark.clone())
            })
            .collect();
        let wanted = ends.registry.clone().filter(|version| shared.contains(version));
        if steps.last().is_none_or(|(version, _)| *version != wanted) {
            let mark = wanted.as_ref().map(|version| self.last_mark(version)).unwrap_or_default();
            steps.push((wanted, mark));
        }
        let mut at = ends.git.clone();
        for (version, mark) in steps {
            if version == at {
                continue;
            }
            // What is deregistered needs no more.
            if let Some(before) = at.filter(|before| shared.contains(before)) {
                drafts.push(self.unassign(&before, label.to_owned(), mark.clone()));
            }
            drafts.extend(version.as_ref().map(|version| self.assign(version, label.to_owned(), mark)));
            at = version;
        }
    }

    fn reason(&self, tag: Option<&str>) -> String {
        format!("{REASON}{}", tag.unwrap_or(self.artifact))
    }

    /// When something was last done to a version.
    fn last_mark(&self, version: &Version) -> Mark {
        let Some(number) = self.numbers.get(version) else { return Mark::default() };
        let last = self.steps(&Slot::Stage(*number)).last().map(|step| step.mark.clone());
        last.or_else(|| self.trail.created.get(number).cloned()).unwrap_or_default()
    }
}

fn said(versions: &BTreeSet<&Version>) -> String {
    let versions: Vec<_> = versions.iter().map(|version| format!("v{version}")).collect();
    if versions.is_empty() { "no version".to_owned() } else { versions.join(" and ") }
}
