//! What runs and model versions say of themselves, as nodes and edges. Nothing is asked of a server here.

use std::collections::BTreeMap;

use trackside_core::Timestamp;
use trackside_evidence::{Graph, NodeKind, Relation};
use trackside_tracking::{Dataset, ModelVersion, Run};

use super::explorer::is_plain;
use crate::recording::{GIT_BRANCH, GIT_COMMIT, GIT_DIRTY, GIT_REPOSITORY, GIT_SNAPSHOT, OUTPUT, pairs};

/// What our own inputs are told by.
const CONTEXT: &str = "mlflow.data.context";

/// What was told until now.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) graph: Graph,
    /// Names of experiments by id.
    experiments: BTreeMap<String, String>,
}

impl Told {
    pub(super) fn new(experiments: BTreeMap<String, String>) -> Self {
        Self { graph: Graph::new(), experiments }
    }

    /// The ids of all experiments.
    pub(super) fn experiments(&self) -> Vec<String> {
        self.experiments.keys().cloned().collect()
    }

    /// A run with its code, what it read and what it wrote. Returns its node.
    pub(super) fn run(&mut self, run: &Run) -> String {
        let info = &run.info;
        let id = id(&info.run_id);
        if self.graph.nodes.contains_key(&id) {
            return id;
        }
        let mut label = match info.run_name.as_str() {
            "" => info.run_id.clone(),
            name => format!("{name} ({})", info.run_id),
        };
        if info.status != "FINISHED" {
            label = format!("{label}, {}", info.status.to_lowercase());
        }
        self.graph.add(NodeKind::Run, &info.run_id, label);
        self.graph.fact(&id, "status", &info.status);
        let experiment = self.experiments.get(&info.experiment_id).unwrap_or(&info.experiment_id);
        self.graph.fact(&id, "experiment", experiment);
        self.graph.fact(&id, "started_at", Timestamp::from_millis(info.start_time.0).rfc3339());
        if let Some(ended) = info.end_time {
            self.graph.fact(&id, "ended_at", Timestamp::from_millis(ended.0).rfc3339());
        }
        self.code(&id, &pairs(&run.data.tags));
        for (dataset, is_own) in datasets(run) {
            let (Some(name), Some(digest)) = (&dataset.name, &dataset.digest) else { continue };
            let read = if is_own { self.data(digest, name) } else { self.dataset(digest, name) };
            self.graph.link(&read, Relation::Read, &id);
        }
        for (digest, path) in written(run) {
            let wrote = self.data(digest, &path);
            self.graph.link(&id, Relation::Wrote, &wrote);
        }
        id
    }

    /// A version with the run it was registered from and what points at it. Returns its node.
    pub(super) fn version(&mut self, version: &ModelVersion) -> String {
        let (name, number) = (&version.name, &version.version);
        let id =
            self.graph.add(NodeKind::ModelVersion, &format!("{name}/{number}"), format!("{name} version {number}"));
        if !version.run_id.is_empty() {
            self.graph.link(&self::id(&version.run_id), Relation::Registered, &id);
        }
        for alias in &version.aliases {
            self.alias(name, number, alias);
        }
        let stage = &version.current_stage;
        if !stage.is_empty() && stage != "None" {
            let stage = self.graph.add(NodeKind::Stage, &format!("{name}/{stage}"), format!("{stage} of {name}"));
            self.graph.link(&id, Relation::Promoted, &stage);
        }
        id
    }

    /// An alias of a model, where the version that it names is told of.
    pub(super) fn alias(&mut self, model: &str, number: &str, alias: &str) {
        let version = format!("model:{model}/{number}");
        if self.graph.nodes.contains_key(&version) {
            let alias = self.graph.add(NodeKind::Alias, &format!("{model}@{alias}"), format!("{alias} of {model}"));
            self.graph.link(&version, Relation::Promoted, &alias);
        }
    }

    /// Data of a digest in DVC's spelling. It is called what the first that told of it calls it.
    pub(super) fn data(&mut self, digest: &str, path: &str) -> String {
        let slash = if is_directory(digest) && !path.ends_with('/') { "/" } else { "" };
        self.known(NodeKind::Data, digest, format!("{path}{slash} ({})", short(digest, 8)), path, digest)
    }

    fn dataset(&mut self, digest: &str, name: &str) -> String {
        self.known(NodeKind::Dataset, &format!("{name}/{digest}"), format!("{name} ({digest})"), name, digest)
    }

    fn known(&mut self, kind: NodeKind, key: &str, label: String, path: &str, digest: &str) -> String {
        let before = self.graph.nodes.len();
        let id = self.graph.add(kind, key, label);
        if self.graph.nodes.len() > before {
            self.graph.fact(&id, "path", path);
            self.graph.fact(&id, "digest", digest);
        }
        id
    }

    fn code(&mut self, run: &str, tags: &BTreeMap<String, String>) {
        let tag = |names: &[&str]| names.iter().find_map(|name| tags.get(*name)).cloned();
        let head = tag(&[GIT_COMMIT, "mlflow.source.git.commit"]);
        let snapshot = tag(&[GIT_SNAPSHOT]);
        let Some(commit) = snapshot.clone().or_else(|| head.clone()) else { return };
        let branch = tag(&[GIT_BRANCH, "mlflow.source.git.branch"]);
        let is_dirty = snapshot.is_some() || tags.get(GIT_DIRTY).is_some_and(|dirty| dirty == "true");
        let facts = [branch.as_deref(), is_dirty.then_some("with uncommitted changes")];
        let facts: Vec<&str> = facts.into_iter().flatten().collect();
        // A snapshot is a commit of its own, which nobody knows by its name.
        let shown = short(head.as_deref().unwrap_or(&commit), 12);
        let label = if facts.is_empty() { shown.to_owned() } else { format!("{shown} ({})", facts.join(", ")) };
        let id = self.graph.add(NodeKind::Commit, &commit, label);
        if let Some(branch) = branch {
            self.graph.fact(&id, "branch", branch);
        }
        if let (Some(_), Some(head)) = (snapshot, head) {
            self.graph.fact(&id, "parent", head);
        }
        if let Some(repository) = tag(&[GIT_REPOSITORY, "mlflow.source.git.repoURL"]) {
            self.graph.fact(&id, "repository", repository);
        }
        self.graph.link(&id, Relation::Executed, run);
    }
}

/// The node of a run.
pub(super) fn id(run: &str) -> String {
    format!("run:{run}")
}

/// The digests and paths of what a run read, as we have recorded it.
pub(super) fn read(run: &Run) -> impl Iterator<Item = (&str, &str)> {
    let own = datasets(run).filter(|(_, is_own)| *is_own);
    own.filter_map(|(dataset, _)| {
        Some((dataset.digest.as_deref().filter(|digest| is_plain(digest))?, dataset.name.as_deref()?))
    })
}

/// The digests and paths of what a run wrote.
pub(super) fn written(run: &Run) -> impl Iterator<Item = (&str, String)> {
    run.data.tags.iter().filter_map(|tag| {
        let digest = tag.key.as_ref()?.strip_prefix(OUTPUT).filter(|digest| is_plain(digest))?;
        Some((digest, tag.value.clone().unwrap_or_default()))
    })
}

/// Digests are in DVC's spelling.
pub(super) fn is_directory(digest: &str) -> bool {
    digest.strip_suffix(".dir").is_some()
}

/// The inputs of a run, and whether they are ours.
fn datasets(run: &Run) -> impl Iterator<Item = (&Dataset, bool)> {
    run.inputs.dataset_inputs.iter().filter_map(|input| {
        let context = pairs(input.tags.as_deref().unwrap_or_default()).remove(CONTEXT);
        Some((input.dataset.as_ref()?, context.is_some_and(|context| context == "trackside")))
    })
}

fn short(text: &str, length: usize) -> &str {
    text.get(..length).unwrap_or(text)
}
