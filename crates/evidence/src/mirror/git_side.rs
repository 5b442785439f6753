//! What the tags of a repository say, read as GTO reads them: in the order of the taggers' times, which have seconds; at one
//! time taking back comes last.

use std::collections::BTreeMap;

use semver::Version;

use super::{Conflict, ConflictKind, Deed, Message, TagName};

/// An annotated tag. Others are none to GTO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitTag {
    /// Its name.
    pub name: String,
    /// The object that it is.
    pub object: String,
    /// The commit that it is on.
    pub commit: String,
    /// When, in seconds since the epoch.
    pub at: i64,
    /// By whom.
    pub by: String,
    /// What it says.
    pub message: String,
}

/// The tags of a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GitModel {
    pub(super) versions: BTreeMap<Version, GitVersion>,
    /// Which version a commit is, was, or cannot be any more.
    pub(super) commits: BTreeMap<String, Version>,
    pub(super) counter: u64,
    /// Objects by name.
    pub(super) tags: BTreeMap<String, String>,
    /// What nobody can read, apart from the versions that are not to be touched for it.
    pub(super) faults: Vec<Conflict>,
    pub(super) faulty: Vec<Version>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GitVersion {
    pub(super) registration: GitTag,
    pub(super) is_active: bool,
    /// When it was last registered or deregistered.
    pub(super) last: i64,
    pub(super) stages: BTreeMap<String, GitStage>,
}

/// A stage that a version has or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GitStage {
    pub(super) is_active: bool,
    /// The tag that made it so.
    pub(super) tag: GitTag,
    pub(super) counter: Option<u64>,
}

impl GitModel {
    /// Without any tag.
    pub(super) const NONE: Self = Self {
        versions: BTreeMap::new(),
        commits: BTreeMap::new(),
        counter: 0,
        tags: BTreeMap::new(),
        faults: Vec::new(),
        faulty: Vec::new(),
    };

    /// The commit of a version that is registered.
    pub fn commit(&self, version: &Version) -> Option<&str> {
        self.versions.get(version).map(|version| version.registration.commit.as_str())
    }

    /// Commits that are versions already.
    pub fn taken(&self) -> impl Iterator<Item = &str> {
        self.commits.keys().map(String::as_str)
    }

    /// Whether there is a tag of this name.
    pub fn has(&self, tag: &str) -> bool {
        self.tags.contains_key(tag)
    }

    fn fault(&mut self, artifact: &str, kind: ConflictKind, subject: String, why: String, remedy: String) {
        self.faults.push(Conflict { artifact: artifact.to_owned(), subject, kind, why, remedy });
    }
}

/// Reads all tags, by the names they are of.
pub fn read_tags(tags: Vec<GitTag>) -> BTreeMap<String, GitModel> {
    let mut named: Vec<(TagName, GitTag)> =
        tags.into_iter().filter_map(|tag| Some((TagName::parse(&tag.name)?, tag))).collect();
    named.sort_by_key(|(name, tag)| (tag.at, rank(&name.deed), name.counter));
    let mut models: BTreeMap<String, GitModel> = BTreeMap::new();
    for (name, tag) in &named {
        let model = models.entry(name.artifact.clone()).or_default();
        model.counter = model.counter.max(name.counter.unwrap_or_default());
        model.tags.insert(tag.name.clone(), tag.object.clone());
        match &name.deed {
            Deed::Register(version) => register(model, &name.artifact, version, tag),
            Deed::Deregister(version) => {
                if let Some(found) = model.versions.get_mut(version) {
                    (found.is_active, found.last) = (false, tag.at);
                }
            }
            Deed::Assign(_) | Deed::Unassign(_) | Deed::Deprecate => {}
        }
    }
    // GTO looks for the version of a stage when all are known.
    for (name, tag) in named {
        let (Deed::Assign(stage) | Deed::Unassign(stage)) = &name.deed else { continue };
        let Some(model) = models.get_mut(&name.artifact) else { continue };
        let is_active = matches!(name.deed, Deed::Assign(_));
        let version = model.commits.get(&tag.commit).cloned();
        match version.and_then(|version| model.versions.get_mut(&version)) {
            Some(version) => {
                let held = GitStage { is_active, counter: name.counter, tag };
                version.stages.insert(stage.clone(), held);
            }
            None if is_active => {
                let why = format!(
                    "the tag {} is on commit {}, which is no version of {}",
                    tag.name, tag.commit, name.artifact
                );
                let remedy = format!("register it (gto register {} {}), or delete the tag", name.artifact, tag.commit);
                model.fault(&name.artifact, ConflictKind::UnknownVersion, tag.name, why, remedy);
            }
            None => {}
        }
    }
    models
}

/// GTO takes what takes back for the later one when times are equal.
const fn rank(deed: &Deed) -> u8 {
    match deed {
        Deed::Register(_) | Deed::Assign(_) => 0,
        Deed::Deregister(_) | Deed::Unassign(_) | Deed::Deprecate => 1,
    }
}

fn register(model: &mut GitModel, artifact: &str, version: &Version, tag: &GitTag) {
    let other = model.commits.get(&tag.commit).filter(|other| *other != version).cloned();
    if let Some(other) = other {
        let why = format!(
            "commit {} is both v{other} and v{version} of {artifact}, and GTO cannot tell them apart",
            tag.commit
        );
        let remedy = format!("delete one of the tags {artifact}@v{other} and {artifact}@v{version}");
        model.fault(artifact, ConflictKind::ClaimedTwice, format!("v{version}"), why, remedy);
        model.faulty.extend([other, version.clone()]);
    }
    match model.versions.get_mut(version) {
        Some(found) if found.registration.commit != tag.commit => {
            let why = format!("v{version} is both commit {} and commit {}", found.registration.commit, tag.commit);
            let remedy = format!("delete the tag {} or {}", found.registration.name, tag.name);
            model.fault(artifact, ConflictKind::ClaimedTwice, format!("v{version}"), why, remedy);
            model.faulty.push(version.clone());
        }
        Some(found) => (found.is_active, found.last) = (true, tag.at),
        None => {
            let found =
                GitVersion { registration: tag.clone(), is_active: true, last: tag.at, stages: BTreeMap::new() };
            model.versions.insert(version.clone(), found);
        }
    }
    model.commits.insert(tag.commit.clone(), version.clone());
}

impl GitVersion {
    /// What the registration says of itself.
    pub(super) fn message(&self) -> Message {
        Message::read(&self.registration.message)
    }

    /// When a stage was last given or taken.
    pub(super) fn last_of(&self, label: &str) -> Option<i64> {
        self.stages.get(label).map(|stage| stage.tag.at)
    }
}
