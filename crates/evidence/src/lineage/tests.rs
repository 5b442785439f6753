use serde_json::json;

use super::*;

const RUN: &str = "0123456789abcdef0123456789abcdef";

fn graph() -> Graph {
    let mut graph = Graph::new();
    let commit = graph.add(NodeKind::Commit, "c1", "c1 (main)");
    graph.fact(&commit, "repository", "https://host/repo");
    let data = graph.add(NodeKind::Data, "d1.dir", "data/\"train\"");
    graph.fact(&data, "path", "data/train");
    let run = graph.add(NodeKind::Run, RUN, "fit");
    for (name, value) in [("status", "FINISHED"), ("ended_at", "2026-01-02T03:04:05Z"), ("experiment", "vision")] {
        graph.fact(&run, name, value);
    }
    let version = graph.add(NodeKind::ModelVersion, "churn/3", "churn version 3");
    let alias = graph.add(NodeKind::Alias, "churn@champion", "champion of churn");
    graph.link(&commit, Relation::Executed, &run);
    graph.link(&data, Relation::Read, &run);
    graph.link(&run, Relation::Registered, &version);
    graph.link(&version, Relation::Promoted, &alias);
    graph.subjects = vec![run];
    graph
}

#[test]
fn a_tree_goes_both_ways() {
    assert_eq!(
        graph().to_tree(),
        "run fit\n  came from\n    ├─ executed by commit c1 (main)\n    └─ read by data data/\"train\"\n  came of it\n    └─ \
         registered as model version churn version 3\n       └─ promoted to alias champion of churn\n"
    );
}

#[test]
fn a_tree_of_a_circle_ends() {
    let mut graph = graph();
    graph.link("alias:churn@champion", Relation::Repeated, &format!("run:{RUN}"));
    assert!(graph.to_tree().contains("(above)"));
}

#[test]
fn names_are_quoted_for_graphviz() {
    let dot = graph().to_dot();
    assert!(dot.contains(r#""data:d1.dir" [shape=cylinder, label="data\ndata/\"train\""];"#), "{dot}");
    assert!(dot.contains(r#""model:churn/3" -> "alias:churn@champion" [label="promoted to"];"#));
}

#[test]
fn a_run_is_an_event_of_openlineage() {
    let events = graph().to_openlineage("mlflow://host");
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!(event["run"]["runId"], "01234567-89ab-cdef-0123-456789abcdef");
    assert_eq!((&event["eventType"], &event["job"]["name"]), (&json!("COMPLETE"), &json!("vision")));
    assert_eq!(event["inputs"][0]["name"], "data/train");
    assert_eq!(event["inputs"][0]["facets"]["version"]["datasetVersion"], "d1.dir");
    assert_eq!(event["outputs"][0]["name"], "churn version 3");
    assert_eq!(event["job"]["facets"]["sourceCodeLocation"]["version"], "c1");
}

#[test]
fn runs_are_activities_of_prov() {
    let document = graph().to_prov();
    let run = format!("ts:run_3a{RUN}");
    assert_eq!(document["activity"][&run]["prov:endTime"], "2026-01-02T03:04:05Z");
    assert_eq!(document["entity"]["ts:model_3achurn_2f3"]["prov:label"], "churn version 3");
    assert_eq!(document["used"].as_object().unwrap().len(), 2);
    assert!(document["wasGeneratedBy"].as_object().unwrap().values().any(|edge| edge["prov:activity"] == json!(run)));
}
