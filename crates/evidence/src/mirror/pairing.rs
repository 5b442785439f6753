//! Which version of the registry is which semantic version.
//!
//! In this order: the one that its tag `trackside.semver` says; the one that it was when the sides last agreed; the one of
//! the tag that was written for it; version N is `N.0.0`, or the next patch that was never used where the number was given
//! a second time.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use trackside_core::{VersionNumber, ledger::ModelState};

use super::{
    Conflict, ConflictKind, GitModel, SEMVER_TAG,
    base::{BaseModel, BaseVersion},
    trails::Trail,
};

/// A model, as the sides have it.
#[derive(Debug)]
pub(super) struct Sides<'a> {
    pub(super) artifact: &'a str,
    /// Its name in the registry.
    pub(super) name: String,
    /// Which registry it is.
    pub(super) registry: &'a str,
    /// The last entry that the base knows of.
    pub(super) since: u64,
    /// With the versions whose tags say that they were written for one.
    pub(super) base: BaseModel,
    pub(super) git: &'a GitModel,
    pub(super) model: Option<&'a ModelState>,
    pub(super) trail: Trail,
    /// Versions of the registry.
    pub(super) numbers: BTreeMap<Version, VersionNumber>,
    /// Not to be touched.
    pub(super) blocked: BTreeSet<Version>,
    pub(super) conflicts: Vec<Conflict>,
}

impl<'a> Sides<'a> {
    pub(super) fn of(
        (artifact, name, registry): (&'a str, String, &'a str),
        base: BaseModel,
        git: &'a GitModel,
        (model, trail): (Option<&'a ModelState>, Trail),
    ) -> Self {
        let mut sides = Self {
            artifact,
            name,
            registry,
            since: base.seq,
            base,
            git,
            model,
            trail,
            numbers: BTreeMap::new(),
            blocked: git.faulty.iter().cloned().collect(),
            conflicts: git.faults.clone(),
        };
        sides.recall();
        let versions = model.into_iter().flat_map(|model| &model.versions);
        let said: Vec<_> = versions.map(|(number, version)| (*number, version.tags.get(SEMVER_TAG).cloned())).collect();
        for (number, said) in said {
            let Some(version) = sides.version_of(number, said.as_deref()) else { continue };
            if let Some(other) = sides.numbers.insert(version.clone(), number) {
                let why = format!("versions {other} and {number} are both v{version}");
                let remedy = format!("give one of them another tag {SEMVER_TAG}");
                sides.conflict(ConflictKind::ClaimedTwice, format!("v{version}"), why, remedy);
                sides.blocked.insert(version);
            }
        }
        sides
    }

    /// A tag that was written for a version says what was agreed, also when nobody got to note it.
    fn recall(&mut self) {
        for (version, found) in self.git.versions.iter().filter(|(_, found)| found.is_active) {
            let message = found.message();
            if let (true, Some(number), Some(entry)) =
                (message.registry.as_deref() == Some(self.registry), message.number, message.entry)
            {
                let agreed = BaseVersion { number, entry, stage: None };
                self.base.versions.entry(version.clone()).or_insert(agreed);
            }
        }
    }

    fn version_of(&mut self, number: VersionNumber, said: Option<&str>) -> Option<Version> {
        if let Some(text) = said {
            let parsed = Version::parse(text.strip_prefix('v').unwrap_or(text)).ok();
            if parsed.is_none() {
                let why = format!("its tag {SEMVER_TAG} is '{text}', which is no semantic version");
                let remedy = format!("set the tag to one, e.g. {number}.0.0, or delete it");
                self.conflict(ConflictKind::BadVersion, format!("version {number}"), why, remedy);
            }
            return parsed;
        }
        let entry = self.entry(number);
        let agreed = self.base.versions.iter().find(|(_, agreed)| (agreed.number, agreed.entry) == (number, entry));
        if let Some((version, _)) = agreed {
            return Some(version.clone());
        }
        for patch in 0.. {
            let version = Version::new(u64::from(number), 0, patch);
            let is_former = self.base.versions.contains_key(&version);
            match self.git.versions.get(&version) {
                None if !is_former => return Some(version),
                Some(found) if found.is_active && !is_former => {
                    let tag = &found.registration;
                    let why = format!(
                        "version {number} would be v{version}, which {} registered in git by the tag {}",
                        tag.by, tag.name
                    );
                    let remedy = format!(
                        "if they are the same, set the tag {SEMVER_TAG} of version {number} to {version}; else to another \
                         version"
                    );
                    self.conflict(ConflictKind::ClaimedTwice, format!("v{version}"), why, remedy);
                    self.blocked.insert(version);
                    return None;
                }
                _ => {}
            }
        }
        None
    }

    /// The entry that registered a version; zero when nothing tells.
    pub(super) fn entry(&self, number: VersionNumber) -> u64 {
        self.trail.created.get(&number).map(|mark| mark.seq).unwrap_or_default()
    }

    pub(super) fn conflict(&mut self, kind: ConflictKind, subject: String, why: String, remedy: String) {
        self.conflicts.push(Conflict { artifact: self.artifact.to_owned(), subject, kind, why, remedy });
    }

    /// Whether it is registered in git.
    pub(super) fn is_in_git(&self, version: &Version) -> bool {
        self.git.versions.get(version).is_some_and(|found| found.is_active)
    }

    /// Versions that both sides have, and mean the same by.
    pub(super) fn is_agreed(&self, version: &Version) -> bool {
        self.is_in_git(version)
            && !self.blocked.contains(version)
            && self.numbers.get(version).is_some_and(|number| {
                let agreed = self.base.versions.get(version);
                agreed.is_none_or(|agreed| (agreed.number, agreed.entry) == (*number, self.entry(*number)))
            })
    }
}
