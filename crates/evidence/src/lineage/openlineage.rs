//! Runs as events of OpenLineage, for catalogues that draw lineage themselves.
//!
//! Each run has a `START` and, once it has ended, one of `COMPLETE`, `FAIL` and `ABORT`, as the specification asks for. A
//! run's id there is a UUID with dashes, which MLflow's ids are without them; a run of another kind of id has no events.
//!
//! Source: OpenLineage 2-0-2 and the facets of openlineage-python 1.54.0.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Direction, Edge, Graph, Node, NodeKind, Relation};
use crate::{Instant, remote_url::remote_url};

const SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const PRODUCER: &str = concat!("https://trackside.dev/v", env!("CARGO_PKG_VERSION"));

impl Graph {
    /// The events of all runs, oldest first. `namespace` says where jobs and datasets are, e.g. `mlflow://host:5000`.
    pub fn to_openlineage(&self, namespace: &str) -> Vec<Value> {
        let near = Near {
            graph: self,
            upstream: self.adjacent(Direction::Upstream),
            downstream: self.adjacent(Direction::Downstream),
            namespace,
        };
        let runs = self.nodes.values().filter(|node| node.kind == NodeKind::Run);
        let mut events: Vec<(Instant, Value)> = runs.flat_map(|run| near.events(run)).collect();
        // Stable: of the same instant, the start stays before the end.
        events.sort_by_key(|(at, _)| *at);
        events.into_iter().map(|(_, event)| event).collect()
    }
}

/// What stands next to what.
struct Near<'a> {
    graph: &'a Graph,
    upstream: BTreeMap<&'a str, Vec<&'a Edge>>,
    downstream: BTreeMap<&'a str, Vec<&'a Edge>>,
    namespace: &'a str,
}

impl Near<'_> {
    fn events(&self, run: &Node) -> Vec<(Instant, Value)> {
        let Some(id) = run.id.strip_prefix("run:").and_then(dashed) else { return Vec::new() };
        let job = json!({
            "namespace": self.namespace,
            "name": run.facts.get("experiment").unwrap_or(&run.label),
            "facets": self.job(run),
        });
        let inputs = self.datasets(run, Direction::Upstream);
        let event = |kind: &str, fact: &str, outputs: Vec<Value>| {
            let time = run.facts.get(fact)?;
            let at: Instant = serde_json::from_value(json!(time)).ok()?;
            let event = json!({
                "eventType": kind,
                "eventTime": time,
                "producer": PRODUCER,
                "schemaURL": SCHEMA,
                "run": {"runId": id},
                "job": job,
                "inputs": inputs,
                "outputs": outputs,
            });
            Some((at, event))
        };
        let ended = match run.facts.get("status").map(String::as_str) {
            Some("FINISHED") => Some("COMPLETE"),
            Some("FAILED") => Some("FAIL"),
            Some("KILLED") => Some("ABORT"),
            _ => None,
        };
        let start = event("START", "started_at", Vec::new());
        let end = ended.and_then(|kind| event(kind, "ended_at", self.datasets(run, Direction::Downstream)));
        start.into_iter().chain(end).collect()
    }

    /// What a run read, or what it made.
    fn datasets(&self, run: &Node, direction: Direction) -> Vec<Value> {
        let moved = self.neighbours(run, direction).filter(|(relation, _)| match direction {
            Direction::Upstream => *relation == Relation::Read,
            Direction::Downstream => matches!(relation, Relation::Wrote | Relation::Registered),
        });
        moved.map(|(_, node)| dataset(node, self.namespace)).collect()
    }

    fn neighbours(&self, run: &Node, direction: Direction) -> impl Iterator<Item = (Relation, &Node)> {
        let edges = match direction {
            Direction::Upstream => &self.upstream,
            Direction::Downstream => &self.downstream,
        };
        let edges = edges.get(run.id.as_str()).into_iter().flatten();
        edges.filter_map(move |edge| Some((edge.relation, self.graph.nodes.get(edge.ends(direction).1)?)))
    }

    fn job(&self, run: &Node) -> Value {
        let kind = json!({"processingType": "BATCH", "integration": "TRACKSIDE", "jobType": "TRAINING"});
        let mut facets = Map::new();
        facets.insert("jobType".to_owned(), facet("2-0-4", "JobTypeJobFacet", kind));
        let code = self.neighbours(run, Direction::Upstream).find(|(relation, _)| *relation == Relation::Executed);
        if let Some((_, commit)) = code
            && let Some(remote) = commit.facts.get("repository")
            && let Some(url) = remote_url(remote)
        {
            let (_, version) = commit.id.split_once(':').unwrap_or_default();
            let mut location = json!({"type": "git", "url": url, "repoUrl": remote, "version": version});
            if let Some(branch) = commit.facts.get("branch") {
                location["branch"] = json!(branch);
            }
            let location = facet("1-1-0", "SourceCodeLocationJobFacet", location);
            facets.insert("sourceCodeLocation".to_owned(), location);
        }
        Value::Object(facets)
    }
}

/// A dataset is known by its name; which state of it is meant, by the version.
fn dataset(node: &Node, namespace: &str) -> Value {
    let (_, id) = node.id.split_once(':').unwrap_or_default();
    let (name, version) = match node.kind {
        NodeKind::ModelVersion => (format!("models/{id}"), id.rsplit('/').next().unwrap_or(id)),
        _ => {
            (node.facts.get("path").unwrap_or(&node.label).clone(), node.facts.get("digest").map_or(id, String::as_str))
        }
    };
    let version = facet("1-0-1", "DatasetVersionDatasetFacet", json!({"datasetVersion": version}));
    json!({"namespace": namespace, "name": name, "facets": {"version": version}})
}

fn facet(version: &str, name: &str, mut facts: Value) -> Value {
    facts["_producer"] = json!(PRODUCER);
    facts["_schemaURL"] = json!(format!("https://openlineage.io/spec/facets/{version}/{name}.json#/$defs/{name}"));
    facts
}

/// A UUID as others write it; `None` for what has not 32 hexadecimal digits.
fn dashed(id: &str) -> Option<String> {
    let is_hex = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_uuid_gets_dashes() {
        assert_eq!(dashed("0123456789abcdef0123456789abcdef").unwrap(), "01234567-89ab-cdef-0123-456789abcdef");
        assert_eq!(dashed("xyz"), None);
    }
}
