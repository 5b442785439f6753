//! Tags that are to be written, before they have their names and times.

use std::collections::BTreeMap;

use semver::Version;

use super::{Deed, GitDeed, Mark, Message, Plan, TagName, pairing::Sides};

/// A tag of a plan before it has its number.
pub(super) struct Draft {
    pub(super) deed: Deed,
    pub(super) version: Version,
    pub(super) mark: Mark,
    /// The time of the tag must be behind it.
    pub(super) behind: Option<i64>,
}

impl Sides<'_> {
    pub(super) fn assign(&self, version: &Version, label: String, mark: Mark) -> Draft {
        let behind = self.git.versions.get(version).and_then(|found| found.last_of(&label));
        Draft { deed: Deed::Assign(label), version: version.clone(), mark, behind }
    }

    pub(super) fn unassign(&self, version: &Version, label: String, mark: Mark) -> Draft {
        let behind = self.git.versions.get(version).and_then(|found| found.last_of(&label));
        Draft { deed: Deed::Unassign(label), version: version.clone(), mark, behind }
    }

    /// Names the tags and puts them in order: versions before what they hold, and before they go.
    pub(super) fn write(&self, mut drafts: Vec<Draft>, plan: &mut Plan) {
        drafts.sort_by_key(|draft| match &draft.deed {
            Deed::Register(_) => (0, draft.mark.seq),
            Deed::Deregister(_) => (2, draft.mark.seq),
            _ => (1, draft.mark.seq),
        });
        let mut counter = self.git.counter;
        let mut times: BTreeMap<(Version, Option<String>), i64> = BTreeMap::new();
        for Draft { deed, version, mark, behind } in drafts {
            let label = match &deed {
                Deed::Assign(label) | Deed::Unassign(label) => Some(label.clone()),
                _ => None,
            };
            if label.is_some() {
                counter += 1;
            }
            // GTO tells two tags of one version and stage apart by their times alone.
            let slot = (version.clone(), label.clone());
            let least = times.get(&slot).copied().into_iter().chain(behind).max().map(|time| time + 1);
            let at = mark.at.div_euclid(1000).max(least.unwrap_or_default());
            times.insert(slot, at);
            let number = self.numbers.get(&version).copied();
            let state = number.and_then(|number| self.model?.versions.get(&number));
            let is_registration = matches!(deed, Deed::Register(_));
            let run = state.and_then(|state| state.run.clone()).filter(|run| !run.is_empty());
            let source = state.map(|state| state.source.clone()).filter(|source| !source.is_empty());
            let message = Message {
                registry: Some(self.registry.to_owned()),
                entry: Some(mark.seq),
                number,
                run: run.clone().filter(|_| is_registration),
                source: source.filter(|_| is_registration),
                by: mark.by.clone(),
                reason: mark.reason,
            };
            let sentence = match &deed {
                Deed::Register(version) => format!("Register {} v{version}", self.name),
                Deed::Deregister(version) => format!("Deregister {} v{version}", self.name),
                Deed::Assign(label) => format!("Assign {label} to {} v{version}", self.name),
                Deed::Unassign(label) => format!("Unassign {label} from {} v{version}", self.name),
                Deed::Deprecate => format!("Deprecate {}", self.name),
            };
            let mut name = TagName { artifact: self.artifact.to_owned(), deed, counter: label.map(|_| counter) };
            // A version that was deregistered, registered by others and deregistered again.
            if self.git.has(&name.to_string()) {
                counter += 1;
                name.counter = Some(counter);
            }
            let message = message.text(&sentence);
            plan.to_git.push(GitDeed { name, version, number, run, at, by: mark.by, message });
        }
    }
}
