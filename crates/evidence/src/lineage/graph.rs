//! Nodes and edges.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The version of the document that this release writes.
const VERSION: u32 = 1;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// A commit, or a snapshot of uncommitted state.
    Commit,
    /// A file or directory of a certain digest.
    Data,
    /// A dataset that a client logged, with a digest of its own.
    Dataset,
    /// A run.
    Run,
    /// A version of a registered model.
    ModelVersion,
    /// An alias of a registered model.
    Alias,
    /// A stage of a registered model.
    Stage,
}

impl NodeKind {
    /// As it is written for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Data => "data",
            Self::Dataset => "dataset",
            Self::Run => "run",
            Self::ModelVersion => "model version",
            Self::Alias => "alias",
            Self::Stage => "stage",
        }
    }
}

/// A thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Unique in the graph, e.g. `run:0a4f…`.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// What people call it.
    pub label: String,
    /// Further facts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

/// How one thing came to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Code that a run executed.
    Executed,
    /// Data that a run read.
    Read,
    /// Data that a run wrote.
    Wrote,
    /// A model version that was registered from a run.
    Registered,
    /// An alias or stage that points at a model version.
    Promoted,
    /// A run that another was repeated as.
    Repeated,
    /// A file of a directory.
    PartOf,
}

impl Relation {
    /// As it is written for people, between what was there first and what came of it: `commit executed by run`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Executed => "executed by",
            Self::Read => "read by",
            Self::Wrote => "wrote",
            Self::Registered => "registered as",
            Self::Promoted => "promoted to",
            Self::Repeated => "repeated by",
            Self::PartOf => "part of",
        }
    }

    /// The same from the other end: `run executed commit`.
    pub const fn origin(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Read => "read",
            Self::Wrote => "written by",
            Self::Registered => "registered from",
            Self::Promoted => "points at",
            Self::Repeated => "repeats",
            Self::PartOf => "holds",
        }
    }
}

/// From what was there first to what came of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edge {
    /// Id of a node.
    pub from: String,
    /// Id of a node.
    pub to: String,
    /// How.
    pub relation: Relation,
}

/// Which way to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// What it came from.
    Upstream,
    /// What came of it.
    Downstream,
}

/// What came from what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    version: u32,
    /// What was asked about.
    pub subjects: Vec<String>,
    /// By id.
    pub nodes: BTreeMap<String, Node>,
    /// In order.
    pub edges: BTreeSet<Edge>,
}

impl Graph {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { version: VERSION, ..Self::default() }
    }

    /// Adds a thing unless it is there, and returns its id.
    pub fn add(&mut self, kind: NodeKind, name: &str, label: impl Into<String>) -> String {
        let prefix = match kind {
            NodeKind::Commit => "commit",
            NodeKind::Data => "data",
            NodeKind::Dataset => "dataset",
            NodeKind::Run => "run",
            NodeKind::ModelVersion => "model",
            NodeKind::Alias => "alias",
            NodeKind::Stage => "stage",
        };
        let id = format!("{prefix}:{name}");
        let node = || Node { id: id.clone(), kind, label: label.into(), facts: BTreeMap::new() };
        self.nodes.entry(id.clone()).or_insert_with(node);
        id
    }

    /// Adds a fact to a thing.
    pub fn fact(&mut self, id: &str, name: &str, value: impl Into<String>) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.facts.insert(name.to_owned(), value.into());
        }
    }

    /// Says that one came of the other.
    pub fn link(&mut self, from: &str, relation: Relation, to: &str) {
        self.edges.insert(Edge { from: from.to_owned(), to: to.to_owned(), relation });
    }

    /// What leads to the subjects, or away from them; all else is left out.
    #[must_use]
    pub fn around(&self, directions: &[Direction]) -> Self {
        let mut around = Self { subjects: self.subjects.clone(), ..Self::new() };
        let mut kept: BTreeSet<&str> = self.subjects.iter().map(String::as_str).collect();
        for direction in directions {
            let neighbours = self.adjacent(*direction);
            let mut seen: BTreeSet<&str> = self.subjects.iter().map(String::as_str).collect();
            let mut waiting: Vec<&str> = seen.iter().copied().collect();
            while let Some(id) = waiting.pop() {
                for edge in neighbours.get(id).into_iter().flatten() {
                    let (_, far) = edge.ends(*direction);
                    around.edges.insert((*edge).clone());
                    if seen.insert(far) {
                        waiting.push(far);
                    }
                }
            }
            kept.extend(seen);
        }
        let kept = kept.into_iter().filter_map(|id| Some((id.to_owned(), self.nodes.get(id)?.clone())));
        around.nodes = kept.collect();
        around
    }

    /// The edges of each thing in one direction, in order: a graph of 10,000 runs is gone through once.
    pub(super) fn adjacent(&self, direction: Direction) -> BTreeMap<&str, Vec<&Edge>> {
        let mut adjacent: BTreeMap<&str, Vec<&Edge>> = BTreeMap::new();
        for edge in &self.edges {
            adjacent.entry(edge.ends(direction).0).or_default().push(edge);
        }
        adjacent
    }
}

impl Edge {
    /// The near end and the far one, for who looks in this direction.
    pub(super) fn ends(&self, direction: Direction) -> (&str, &str) {
        match direction {
            Direction::Upstream => (&self.to, &self.from),
            Direction::Downstream => (&self.from, &self.to),
        }
    }
}
