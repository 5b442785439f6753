//! What is to be done so that both sides say the same.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use trackside_core::{VersionNumber, ledger::RegistryState};

use super::{
    Base, Conflict, ConflictKind, GitModel, TagName, Trails, artifact_name,
    base::{BaseModel, BaseVersion},
    model_name,
    pairing::Sides,
};

/// Both sides, and what they last agreed on.
#[derive(Debug)]
pub struct Mirror<'a> {
    /// What they last agreed on.
    pub base: &'a Base,
    /// The tags, by the names they are of.
    pub git: &'a BTreeMap<String, GitModel>,
    /// The registry.
    pub state: &'a RegistryState,
    /// How it came to be so.
    pub trails: &'a Trails,
}

/// A tag that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitDeed {
    /// Its whole name.
    pub name: TagName,
    /// The version whose commit it goes on.
    pub version: Version,
    /// The version of the registry.
    pub number: Option<VersionNumber>,
    /// The run that made it.
    pub run: Option<String>,
    /// When, in seconds since the epoch.
    pub at: i64,
    /// Whose doing it is.
    pub by: Option<String>,
    /// What it says.
    pub message: String,
}

/// A change of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryDeed {
    /// The name in git.
    pub artifact: String,
    /// The registered model.
    pub model: String,
    /// The version; for an alias nothing takes it away.
    pub version: Option<Version>,
    /// Its number, once it has one.
    pub number: Option<VersionNumber>,
    /// What is to hold afterwards.
    pub standing: Standing,
    /// The tag that says so, and who made it.
    pub reason: String,
}

/// What is to hold of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is registered, with files there, by that run.
    Registered {
        /// Where its files come from.
        source: Option<String>,
        /// The run that made it.
        run: Option<String>,
        /// The commit of the tag.
        commit: String,
    },
    /// It is not.
    Deleted,
    /// It is in this stage.
    InStage(String),
    /// This alias names it.
    Named(String),
}

/// What is to be done, in this order.
#[derive(Debug, Default)]
pub struct Plan {
    /// Tags to be written.
    pub to_git: Vec<GitDeed>,
    /// Changes of the registry.
    pub to_registry: Vec<RegistryDeed>,
    /// What is left for people.
    pub conflicts: Vec<Conflict>,
}

impl Mirror<'_> {
    /// What is to be done to the models that are wanted, by their names in the registry.
    pub fn plan(&self, wanted: &dyn Fn(&str) -> bool) -> Plan {
        let mut plan = Plan::default();
        for artifact in self.artifacts() {
            match self.sides(&artifact) {
                Err(conflict) if wanted(&artifact) => plan.conflicts.push(conflict),
                Ok(sides) if wanted(&sides.name) => sides.plan(&mut plan),
                _ => {}
            }
        }
        plan
    }

    /// What the sides agree on now, as of an entry of the ledger; where they do not, what they agreed on before.
    pub fn agreed(&self, seq: u64, wanted: &dyn Fn(&str) -> bool) -> Base {
        let mut agreed = self.base.clone();
        for artifact in self.artifacts() {
            let Ok(sides) = self.sides(&artifact) else { continue };
            if !wanted(&sides.name) {
                continue;
            }
            let before = agreed.models.remove(&artifact).unwrap_or_default();
            let now = BaseModel { seq: before.seq, ..sides.agreed() };
            let now = if now == before { before } else { BaseModel { seq, ..now } };
            if !now.is_empty() {
                agreed.models.insert(artifact, now);
            }
        }
        agreed
    }

    fn artifacts(&self) -> BTreeSet<String> {
        let of_registry = self.state.models.keys().map(|name| artifact_name(name));
        of_registry.chain(self.git.keys().cloned()).chain(self.base.models.keys().cloned()).collect()
    }

    fn sides<'b>(&'b self, artifact: &'b str) -> Result<Sides<'b>, Conflict> {
        const NO_TAGS: &GitModel = &GitModel::NONE;
        let conflict = |kind, subject: &str, why: String, remedy: String| Conflict {
            artifact: artifact.to_owned(),
            subject: subject.to_owned(),
            kind,
            why,
            remedy,
        };
        let Some(name) = model_name(artifact) else {
            let why = format!("no registered model is spelt '{artifact}' in git");
            let remedy = "use another name; docs/git-mirror.md says how names are spelt".to_owned();
            return Err(conflict(ConflictKind::Name, artifact, why, remedy));
        };
        let git = self.git.get(artifact).unwrap_or(NO_TAGS);
        let base = self.base.models.get(artifact).cloned().unwrap_or_default();
        let gone = base.tags.iter().find(|(tag, object)| git.tags.get(*tag) != Some(*object));
        if let Some((tag, object)) = gone {
            let is_gone = !git.tags.contains_key(tag);
            let why = format!("the tag {tag} {}", if is_gone { "was deleted" } else { "was made anew" });
            let accept = "or take it for meant with --accept-deleted";
            let remedy = format!("restore it (git update-ref 'refs/tags/{tag}' {object}), {accept}");
            return Err(conflict(ConflictKind::TagGone, tag, why, remedy));
        }
        let model = self.state.models.get(&name);
        let trail = self.trails.of(&name);
        Ok(Sides::of((artifact, name, &self.base.registry), base, git, (model, trail)))
    }
}

impl Sides<'_> {
    fn plan(mut self, plan: &mut Plan) {
        let mut drafts = Vec::new();
        let mut shared = BTreeSet::new();
        let mut doomed = Vec::new();
        for version in self.versions() {
            self.plan_version(&version, &mut shared, &mut doomed, &mut drafts, plan);
        }
        let strange: Vec<_> = self.strange_labels().into_iter().collect();
        for (label, tag) in strange {
            let why = format!("no stage or alias is spelt '{label}' in git");
            let remedy =
                format!("delete the tag {tag} and assign one that is; docs/git-mirror.md says how they are spelt");
            self.conflict(ConflictKind::Name, format!("#{label}"), why, remedy);
        }
        self.plan_stages(&shared, &mut drafts, plan);
        self.plan_aliases(&shared, &mut drafts, plan);
        plan.to_registry.append(&mut doomed);
        self.write(drafts, plan);
        plan.conflicts.append(&mut self.conflicts);
    }

    pub(super) fn to_registry(&self, version: Option<&Version>, standing: Standing, reason: String) -> RegistryDeed {
        let (artifact, model) = (self.artifact.to_owned(), self.name.clone());
        let number = version.and_then(|version| self.numbers.get(version).copied());
        RegistryDeed { artifact, model, version: version.cloned(), number, standing, reason }
    }

    /// All versions of all sides that may be touched.
    fn versions(&self) -> Vec<Version> {
        let all = self.numbers.keys().chain(self.git.versions.keys()).chain(self.base.versions.keys());
        let all: BTreeSet<&Version> = all.filter(|version| !self.blocked.contains(version)).collect();
        all.into_iter().cloned().collect()
    }

    fn agreed(&self) -> BaseModel {
        let mut agreed = BaseModel { tags: self.git.tags.clone(), ..BaseModel::default() };
        for (version, before) in &self.base.versions {
            // What is gone on both sides is forgotten.
            if self.is_in_git(version) || self.numbers.contains_key(version) || self.blocked.contains(version) {
                agreed.versions.insert(version.clone(), before.clone());
            }
        }
        for (version, number) in self.numbers.iter().filter(|(version, _)| self.is_agreed(version)) {
            let ends = self.stage(version);
            let stage = if ends.git == ends.registry { ends.git } else { ends.base };
            agreed.versions.insert(version.clone(), BaseVersion { number: *number, entry: self.entry(*number), stage });
        }
        for label in self.alias_labels() {
            let ends = self.alias(&label);
            let version = if ends.git == ends.registry { ends.git } else { ends.base };
            agreed.aliases.extend(version.map(|version| (label, version)));
        }
        agreed
    }
}
