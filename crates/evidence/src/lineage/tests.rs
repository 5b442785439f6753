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
    for (name, value) in [
        ("status", "FINISHED"),
        ("started_at", "2026-01-02T03:04:04.9Z"),
        ("ended_at", "2026-01-02T03:04:05Z"),
        ("experiment", "vision"),
    ] {
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
        "run fit\n  came from\n    ├─ executed commit c1 (main)\n    └─ read data data/\"train\"\n  came of it\n    └─ \
         registered as model version churn version 3\n       └─ promoted to alias champion of churn\n"
    );
}

#[test]
fn a_tree_of_a_circle_ends() {
    let mut graph = graph();
    graph.link("alias:churn@champion", Relation::Repeated, &format!("run:{RUN}"));
    assert!(graph.to_tree().contains("(told above)"));
}

#[test]
fn a_name_does_not_steer_the_terminal() {
    let mut graph = Graph::new();
    graph.subjects = vec![graph.add(NodeKind::Run, "r", "a\u{1b}[2Jb")];
    assert!(graph.to_tree().starts_with("run a\u{fffd}[2Jb\n  nothing is known"));
}

#[test]
fn only_what_leads_to_a_subject_is_kept() {
    let mut graph = graph();
    let other = graph.add(NodeKind::Run, "other", "other");
    graph.link("commit:c1", Relation::Executed, &other);
    graph.subjects = vec!["model:churn/3".to_owned()];
    let up = graph.around(&[Direction::Upstream]);
    assert_eq!(
        up.nodes.keys().collect::<Vec<_>>(),
        ["commit:c1", "data:d1.dir", "model:churn/3", &format!("run:{RUN}")]
    );
    assert_eq!(up.edges.len(), 3);
    let down = graph.around(&[Direction::Downstream]);
    assert_eq!(down.nodes.keys().collect::<Vec<_>>(), ["alias:churn@champion", "model:churn/3"]);
}

#[test]
fn names_are_quoted_for_graphviz() {
    let dot = graph().to_dot();
    assert!(dot.contains(r#""data:d1.dir" [shape=cylinder, label="data\ndata/\"train\""];"#), "{dot}");
    assert!(dot.contains(r#""model:churn/3" -> "alias:churn@champion" [label="promoted to"];"#));
}

#[test]
fn a_run_has_a_start_and_an_end_in_openlineage() {
    let events = graph().to_openlineage("mlflow://host");
    let kinds: Vec<_> = events.iter().map(|event| &event["eventType"]).collect();
    assert_eq!(kinds, ["START", "COMPLETE"]);
    assert_eq!(events[0]["outputs"], json!([]));
    let event = &events[1];
    assert_eq!(event["run"]["runId"], "01234567-89ab-cdef-0123-456789abcdef");
    assert_eq!(event["job"]["name"], "vision");
    assert_eq!(event["inputs"], events[0]["inputs"]);
    assert_eq!(event["inputs"][0]["name"], "data/train");
    assert_eq!(event["inputs"][0]["facets"]["version"]["datasetVersion"], "d1.dir");
    assert_eq!(event["outputs"][0]["name"], "models/churn/3");
    assert_eq!(event["job"]["facets"]["sourceCodeLocation"]["version"], "c1");
}

#[test]
fn a_run_that_has_not_ended_has_only_started() {
    let mut graph = graph();
    graph.fact(&format!("run:{RUN}"), "status", "RUNNING");
    let events = graph.to_openlineage("mlflow://host");
    assert_eq!((events.len(), &events[0]["eventType"]), (1, &json!("START")));
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
