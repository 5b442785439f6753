//! Runs as events of OpenLineage, for catalogues that draw lineage themselves.
//!
//! Source: OpenLineage 2-0-2. A run's id there is a UUID with dashes, which MLflow's ids are without them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Direction, Graph, Node, NodeKind, Relation};
use crate::Instant;

const SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const PRODUCER: &str = concat!("https://trackside.dev/v", env!("CARGO_PKG_VERSION"));

impl Graph {
    /// One event for each run whose end is known, in the order of their ends. `namespace` says where jobs and runs are, e.g. `mlflow://host:5000`.
    pub fn to_openlineage(&self, namespace: &str) -> Vec<Value> {
        let runs = self.nodes.values().filter(|node| node.kind == NodeKind::Run);
        let mut events: Vec<Value> = runs.filter_map(|run| self.event(run, namespace)).collect();
        events.sort_by_key(|event| event["eventTime"].as_str().unwrap_or_default().to_owned());
        events
    }

    fn event(&self, run: &Node, namespace: &str) -> Option<Value> {
        let id = dashed(run.id.strip_prefix("run:")?)?;
        let time = run.facts.get("ended_at").or_else(|| run.facts.get("started_at"))?;
        // Only what is an instant there is one here.
        serde_json::from_value::<Instant>(json!(time)).ok()?;
        let kind = match run.facts.get("status").map(String::as_str) {
            Some("FINISHED") => "COMPLETE",
            Some("FAILED") => "FAIL",
            Some("KILLED") => "ABORT",
            _ => "RUNNING",
        };
        let read = self.neighbours(&run.id, Direction::Upstream);
        let inputs: Vec<Value> = read
            .filter(|(relation, _)| *relation == Relation::Read)
            .map(|(_, node)| dataset(node, namespace))
            .collect();
        let made = self.neighbours(&run.id, Direction::Downstream);
        let outputs: Vec<Value> = made
            .filter(|(relation, _)| matches!(relation, Relation::Wrote | Relation::Registered))
            .map(|(_, node)| dataset(node, namespace))
            .collect();
        let mut facets = BTreeMap::from([(
            "jobType",
            facet(
                "1-0-0/JobTypeJobFacet.json#/$defs/JobTypeJobFacet",
                json!({
                    "processingType": "BATCH", "integration": "TRACKSIDE", "jobType": "TRAINING",
                }),
            ),
        )]);
        if let Some((_, commit)) =
            self.neighbours(&run.id, Direction::Upstream).find(|(relation, _)| *relation == Relation::Executed)
        {
            let url = commit.facts.get("repository").cloned().unwrap_or_else(|| "file:///".to_owned());
            let mut location = json!({"type": "git", "url": url, "version": commit.id.trim_start_matches("commit:")});
            if let Some(branch) = commit.facts.get("branch") {
                location["branch"] = json!(branch);
            }
            facets.insert(
                "sourceCodeLocation",
                facet("1-0-1/SourceCodeLocationJobFacet.json#/$defs/SourceCodeLocationJobFacet", location),
            );
        }
        let job = run.facts.get("experiment").unwrap_or(&run.label);
        Some(json!({
            "eventType": kind,
            "eventTime": time,
            "producer": PRODUCER,
            "schemaURL": SCHEMA,
            "run": {"runId": id},
            "job": {"namespace": namespace, "name": job, "facets": facets},
            "inputs": inputs,
            "outputs": outputs,
        }))
    }
}

fn dataset(node: &Node, namespace: &str) -> Value {
    let name = node.facts.get("path").unwrap_or(&node.label);
    let version = node.id.split_once(':').map_or(node.id.as_str(), |(_, version)| version);
    json!({
        "namespace": namespace,
        "name": name,
        "facets": {
            "version": facet("1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet", json!({"datasetVersion": version})),
        },
    })
}

fn facet(schema: &str, mut facts: Value) -> Value {
    facts["_producer"] = json!(PRODUCER);
    facts["_schemaURL"] = json!(format!("https://openlineage.io/spec/facets/{schema}"));
    facts
}

/// A UUID as others write it; `None` for what has not 32 hexadecimal digits.
fn dashed(id: &str) -> Option<String> {
    let is_hex = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-"))
}
