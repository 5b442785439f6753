//! Follows what came from what, by the tags and inputs of runs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use trackside_core::Timestamp;
use trackside_evidence::{Direction, Graph, NodeKind, Relation};
use trackside_tracking::{ModelVersion, Run, Server};

use crate::run_command::{REPRODUCES, pairs};

/// The tags that say what a run wrote, the digest behind it.
const OUTPUT: &str = "trackside.output.";
/// What our own inputs are told by.
const CONTEXT: &str = "mlflow.data.context";

/// Follows lineage at a server.
#[derive(Debug)]
pub(super) struct Explorer<'a> {
    server: &'a Server,
    pub(super) graph: Graph,
    depth: usize,
}

impl<'a> Explorer<'a> {
    pub(super) fn new(server: &'a Server, depth: usize) -> Self {
        Self { server, graph: Graph::new(), depth }
    }

    /// Goes on from the runs of these ids.
    pub(super) async fn follow(&mut self, runs: &[String], direction: Direction) -> anyhow::Result<()> {
        let mut waiting: VecDeque<(String, usize)> = runs.iter().map(|run| (run.clone(), 0)).collect();
        let mut done = BTreeSet::new();
        while let Some((id, distance)) = waiting.pop_front() {
            if !done.insert(id.clone()) {
                continue;
            }
            let run = self.server.run(&id).await?;
            let next = match direction {
                Direction::Upstream => self.upstream(&run).await?,
                Direction::Downstream => self.downstream(&run).await?,
            };
            if distance < self.depth {
                waiting.extend(next.into_iter().map(|run| (run, distance + 1)));
            }
        }
        Ok(())
    }

    pub(super) const fn server(&self) -> &'a Server {
        self.server
    }

    /// A run with its facts.
    pub(super) fn run(&mut self, run: &Run) -> String {
        let info = &run.info;
        let label =
            if info.run_name.is_empty() { info.run_id.clone() } else { format!("{} ({})", info.run_name, info.run_id) };
        let id = self.graph.add(NodeKind::Run, &info.run_id, label);
        self.graph.fact(&id, "status", &info.status);
        self.graph.fact(&id, "experiment", &info.experiment_id);
        self.graph.fact(&id, "started_at", Timestamp::from_millis(info.start_time.0).rfc3339());
        if let Some(ended) = info.end_time {
            self.graph.fact(&id, "ended_at", Timestamp::from_millis(ended.0).rfc3339());
        }
        id
    }

    /// A version with what points at it.
    pub(super) fn version(&mut self, version: &ModelVersion) -> String {
        let (name, number) = (&version.name, &version.version);
        let id =
            self.graph.add(NodeKind::ModelVersion, &format!("{name}/{number}"), format!("{name} version {number}"));
        for alias in &version.aliases {
            let alias = self.graph.add(NodeKind::Alias, &format!("{name}@{alias}"), format!("{alias} of {name}"));
            self.graph.link(&id, Relation::Promoted, &alias);
        }
        let stage = &version.current_stage;
        if !stage.is_empty() && stage != "None" {
            let stage = self.graph.add(NodeKind::Stage, &format!("{name}/{stage}"), format!("{stage} of {name}"));
            self.graph.link(&id, Relation::Promoted, &stage);
        }
        id
    }

    /// Data of a digest in DVC's spelling.
    pub(super) fn data(&mut self, digest: &str, path: &str) -> String {
        let short = digest.get(..8).unwrap_or(digest);
        let id = self.graph.add(NodeKind::Data, digest, format!("{path} ({short})"));
        self.graph.fact(&id, "path", path);
        id
    }

    /// Runs that read data of this digest.
    pub(super) async fn readers(&mut self, digest: &str) -> anyhow::Result<Vec<Run>> {
        Ok(self.server.runs(&[], &format!("dataset.digest = '{digest}'")).await?)
    }

    /// Runs that wrote it.
    pub(super) async fn writers(&mut self, digest: &str) -> anyhow::Result<Vec<Run>> {
        Ok(self.server.runs(&[], &format!("tags.`{OUTPUT}{digest}` LIKE '%'")).await?)
    }

    /// What a run came from; the runs that wrote what it read.
    async fn upstream(&mut self, run: &Run) -> anyhow::Result<Vec<String>> {
        let id = self.run(run);
        let tags = pairs(&run.data.tags);
        self.code(&id, &tags);
        let mut next = Vec::new();
        for input in &run.inputs.dataset_inputs {
            let Some(dataset) = &input.dataset else { continue };
            let (Some(name), Some(digest)) = (&dataset.name, &dataset.digest) else { continue };
            if !is_own(&pairs(input.tags.as_deref().unwrap_or_default())) {
                let id_of =
                    self.graph.add(NodeKind::Dataset, &format!("{name}/{digest}"), format!("{name} ({digest})"));
                self.graph.link(&id_of, Relation::Read, &id);
                continue;
            }
            let data = self.data(digest, name);
            self.graph.link(&data, Relation::Read, &id);
            for writer in self.writers(digest).await? {
                let from = self.run(&writer);
                self.graph.link(&from, Relation::Wrote, &data);
                next.push(writer.info.run_id);
            }
        }
        if let Some(original) = tags.get(REPRODUCES) {
            // It may be gone by now.
            if let Ok(original) = self.server.run(original).await {
                let from = self.run(&original);
                self.graph.link(&from, Relation::Repeated, &id);
                next.push(original.info.run_id);
            }
        }
        Ok(next)
    }

    /// What came of a run; the runs that read what it wrote.
    async fn downstream(&mut self, run: &Run) -> anyhow::Result<Vec<String>> {
        let id = self.run(run);
        let tags = pairs(&run.data.tags);
        let mut next = Vec::new();
        for (digest, path) in tags.iter().filter_map(|(key, path)| Some((key.strip_prefix(OUTPUT)?, path))) {
            let data = self.data(digest, path);
            self.graph.link(&id, Relation::Wrote, &data);
            for reader in self.readers(digest).await? {
                let to = self.run(&reader);
                self.graph.link(&data, Relation::Read, &to);
                next.push(reader.info.run_id);
            }
        }
        for version in self.server.model_versions(&format!("run_id = '{}'", run.info.run_id)).await? {
            let version = self.version(&version);
            self.graph.link(&id, Relation::Registered, &version);
        }
        let repeated = format!("tags.`{REPRODUCES}` = '{}'", run.info.run_id);
        for again in self.server.runs(&[], &repeated).await? {
            let to = self.run(&again);
            self.graph.link(&id, Relation::Repeated, &to);
            next.push(again.info.run_id);
        }
        Ok(next)
    }

    fn code(&mut self, run: &str, tags: &BTreeMap<String, String>) {
        let tag = |names: [&str; 3]| names.iter().find_map(|name| tags.get(*name)).cloned();
        let Some(commit) = tag(["trackside.git.snapshot", "trackside.git.commit", "mlflow.source.git.commit"]) else {
            return;
        };
        let branch = tag(["trackside.git.branch", "mlflow.source.git.branch", ""]);
        let dirty = tags.contains_key("trackside.git.snapshot");
        let short = commit.get(..12).unwrap_or(&commit);
        let what = match (&branch, dirty) {
            (Some(branch), true) => format!("{short} ({branch}, with uncommitted changes)"),
            (Some(branch), false) => format!("{short} ({branch})"),
            (None, true) => format!("{short} (with uncommitted changes)"),
            (None, false) => short.to_owned(),
        };
        let id = self.graph.add(NodeKind::Commit, &commit, what);
        if let Some(branch) = branch {
            self.graph.fact(&id, "branch", branch);
        }
        if let Some(repository) = tag(["trackside.git.repository", "mlflow.source.git.repoURL", ""]) {
            self.graph.fact(&id, "repository", repository);
        }
        self.graph.link(&id, Relation::Executed, run);
    }
}

fn is_own(tags: &BTreeMap<String, String>) -> bool {
    tags.get(CONTEXT).is_some_and(|context| context == "trackside")
}
