//! Projects, and which of their runs are found.

use serde_json::{Value, json};

use super::server::Server;

const RUNS: &str = "query Runs($filters: JSONString, $order: String, $first: Int, $after: String) { project(name: \"p\") { \
    runCount(filters: $filters) runs(filters: $filters, order: $order, first: $first, after: $after) { \
    edges { node { name projectId user { name } } cursor } pageInfo { hasNextPage endCursor } } } }";

/// Names of the runs that are found, page by page, and how many the server says there are.
async fn found(server: &Server, filters: &str, order: &str, first: u64) -> (Vec<String>, Value) {
    let (mut names, mut after) = (Vec::new(), Value::Null);
    loop {
        let variables = json!({ "filters": filters, "order": order, "first": first, "after": after });
        let project = server.data(RUNS, variables).await["project"].take();
        let edges = project["runs"]["edges"].as_array().unwrap();
        assert!(edges.len() as u64 <= first);
        names.extend(edges.iter().map(|edge| edge["node"]["name"].as_str().unwrap().to_owned()));
        if project["runs"]["pageInfo"]["hasNextPage"] != true {
            return (names, project["runCount"].clone());
        }
        after = edges.last().expect("a page with more behind it is not empty")["cursor"].clone();
    }
}

#[tokio::test]
async fn runs_are_found_in_any_order_on_pages_of_any_size() {
    let server = Server::start().await;
    for n in 0..7 {
        let config = format!(r#"{{"n": {{"value": {}}}, "kind": {{"value": {{"of": "k{}"}}}}}}"#, 10 - n, n % 2);
        server.upsert(&format!("r{n}"), json!({ "config": config, "tags": [format!("t{}", n % 3)] })).await;
        let row = format!(r#"{{"_step":0,"loss":{}}}"#, (n * 3) % 7);
        server
            .streamed(
                &format!("r{n}"),
                json!({ "files": { "wandb-history.jsonl": { "offset": 0, "content": [row] } } }),
            )
            .await;
        server.clock.advance(1_000);
    }
    server.streamed("r5", json!({ "complete": true, "exitcode": 1 })).await;
    for first in [1, 2, 3, 100] {
        for (filters, order, expected) in [
            ("", "", "r0 r1 r2 r3 r4 r5 r6"),
            ("{}", "-created_at", "r6 r5 r4 r3 r2 r1 r0"),
            (r#"{"config.n": {"$lt": 7}}"#, "+config.n.value", "r6 r5 r4"),
            (r#"{"config.n.value": {"$gte": 4}}"#, "-config.n.value", "r0 r1 r2 r3 r4 r5 r6"),
            (r#"{"config.kind.value.of": "k1"}"#, "+summary_metrics.loss", "r5 r3 r1"),
            (r#"{"tags": {"$in": ["t2"]}, "state": {"$ne": "failed"}}"#, "", "r2"),
            (r#"{"$or": [{"state": "failed"}, {"name": "r0"}]}"#, "", "r0 r5"),
            (r#"{"duration": {"$lt": 0}}"#, "", ""),
            (r#"{"summary_metrics.loss": {"$gt": 4}}"#, "-summary_metrics.loss", "r2 r4"),
        ] {
            let (names, count) = found(&server, filters, order, first).await;
            let expected: Vec<&str> = expected.split(' ').filter(|name| !name.is_empty()).collect();
            assert_eq!(names, expected, "{filters} {order} {first}");
            assert_eq!(count, expected.len(), "{filters}");
        }
    }
    for bad in ["[", r#"{"a": {"$what": 1}}"#] {
        assert!(!server.refusal(RUNS, json!({ "filters": bad })).await.is_empty());
    }
    server.refusal(RUNS, json!({ "after": "nonsense" })).await;
}

#[tokio::test]
async fn projects_are_experiments_of_an_entity() {
    let server = Server::start().await;
    server.clock.advance(1_000);
    server.upsert("r", json!({})).await;
    server.upsert("r", json!({ "entityName": "team", "modelName": "q" })).await;
    let made = "mutation M { result: upsertModel(input: {name: \"made\", entityName: \"team\", description: \"d\"}) { \
        project { name entityName description } inserted } }";
    let made = server.data(made, json!({})).await["result"].take();
    assert_eq!(
        made,
        json!({ "project": { "name": "made", "entityName": "team", "description": "d" }, "inserted": true })
    );
    let names = async |entity: &str| {
        let query = "query G($entity: String) { models(entityName: $entity, first: 50) { edges { node { name entityName \
            createdAt isBenchmark user { id name } } cursor } pageInfo { hasNextPage } } }";
        let models = server.data(query, json!({ "entity": entity })).await["models"].take();
        let edges = models["edges"].as_array().unwrap().clone();
        edges.iter().map(|edge| edge["node"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("local").await, ["p", "Default"]);
    assert_eq!(names("team").await.len(), 2);
    assert_eq!(names("nobody").await, [""; 0]);
    let gone = server.data("{ project(name: \"none\", entityName: \"local\") { id } }", json!({})).await;
    assert_eq!(gone, json!({ "project": null }));
}
