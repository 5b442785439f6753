//! Which versions there are: what one side registered or deleted is done on the other.

use std::collections::BTreeSet;

use semver::Version;
use trackside_core::VersionNumber;

use super::{
    ConflictKind, Deed, Plan, RegistryDeed, SEMVER_TAG, Standing, TagName, base::BaseVersion, draft::Draft,
    holding::REASON, pairing::Sides,
};

impl Sides<'_> {
    pub(super) fn plan_version(
        &mut self,
        version: &Version,
        shared: &mut BTreeSet<Version>,
        doomed: &mut Vec<RegistryDeed>,
        drafts: &mut Vec<Draft>,
        plan: &mut Plan,
    ) {
        let (number, in_git) = (self.numbers.get(version).copied(), self.git.versions.get(version));
        let is_active = in_git.is_some_and(|found| found.is_active);
        let agreed = self.base.versions.get(version).cloned();
        let is_same = agreed
            .as_ref()
            .zip(number)
            .is_some_and(|(agreed, number)| (agreed.number, agreed.entry) == (number, self.entry(number)));
        let used_up = |sides: &mut Self, number: VersionNumber, why: &str| {
            let remedy = format!("set the tag {SEMVER_TAG} of version {number} to another");
            sides.conflict(ConflictKind::BadVersion, format!("v{version}"), format!("v{version} {why}"), remedy);
            sides.blocked.insert(version.clone());
        };
        match (agreed, number) {
            (None, Some(number)) if in_git.is_none() => {
                shared.insert(version.clone());
                let mark = self.trail.created.get(&number).cloned().unwrap_or_default();
                drafts.push(Draft {
                    deed: Deed::Register(version.clone()),
                    version: version.clone(),
                    mark,
                    behind: None,
                });
            }
            (None, Some(number)) if !is_active => used_up(self, number, "was deregistered in git"),
            (None, Some(_)) => drop(shared.insert(version.clone())),
            (None, None) if is_active => {
                if let Some(found) = in_git {
                    shared.insert(version.clone());
                    let message = found.message();
                    let commit = found.registration.commit.clone();
                    let standing = Standing::Registered { source: message.source, run: message.run, commit };
                    let reason = reason(&found.registration.name, &found.registration.by);
                    plan.to_registry.push(self.to_registry(Some(version), standing, reason));
                }
            }
            (Some(_), Some(number)) if !is_same => used_up(self, number, "was another version, which was deleted"),
            (Some(_), Some(_)) if is_active => drop(shared.insert(version.clone())),
            (Some(agreed), Some(number)) => {
                if self.moved_in_registry(version, &agreed) {
                    let why = format!("v{version} was deregistered in git, and version {number} moved in the registry");
                    let remedy = "delete the version, or register the commit as another version".to_owned();
                    self.conflict(ConflictKind::DeletedAndMoved, format!("v{version}"), why, remedy);
                    self.blocked.insert(version.clone());
                } else {
                    let tag = TagName {
                        artifact: self.artifact.to_owned(),
                        deed: Deed::Deregister(version.clone()),
                        counter: None,
                    };
                    let reason = format!("{REASON}{tag}");
                    doomed.push(self.to_registry(Some(version), Standing::Deleted, reason));
                }
            }
            (Some(agreed), None) if is_active => {
                if self.moved_in_git(version, &agreed) {
                    let why =
                        format!("version {} was deleted in the registry, and v{version} moved in git", agreed.number);
                    let remedy = format!("deregister it (gto deregister {} --version v{version})", self.artifact);
                    self.conflict(ConflictKind::DeletedAndMoved, format!("v{version}"), why, remedy);
                    self.blocked.insert(version.clone());
                } else {
                    let mark = self.trail.deleted.get(&agreed.number).cloned().unwrap_or_default();
                    let behind = in_git.map(|found| found.last);
                    let deed = Deed::Deregister(version.clone());
                    drafts.push(Draft { deed, version: version.clone(), mark, behind });
                }
            }
            (None | Some(_), None) => {}
        }
    }

    fn moved_in_registry(&self, version: &Version, agreed: &BaseVersion) -> bool {
        let named = |label: &String| self.alias(label).registry.as_ref() == Some(version);
        let is_new = |label: &String| named(label) && self.base.aliases.get(label) != Some(version);
        self.stage(version).registry != agreed.stage || self.alias_labels().iter().any(is_new)
    }

    fn moved_in_git(&self, version: &Version, agreed: &BaseVersion) -> bool {
        let named = |label: &String| self.alias(label).git.as_ref() == Some(version);
        let is_new = |label: &String| named(label) && self.base.aliases.get(label) != Some(version);
        let ends = self.stage(version);
        // A stage that the mirror wrote itself was of the registry.
        (ends.git != agreed.stage && ends.git != ends.base) || self.alias_labels().iter().any(is_new)
    }
}

fn reason(tag: &str, by: &str) -> String {
    if by.is_empty() { format!("{REASON}{tag}") } else { format!("{REASON}{tag} by {by}") }
}
