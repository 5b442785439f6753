use serde_json::json;

use crate::server::{Server, error};

#[tokio::test]
async fn renaming_fails_with_codes_that_clients_do_not_retry() {
    let server = Server::start().await;
    server.ok("experiments/create", json!({ "name": "a" })).await;
    server.ok("experiments/create", json!({ "name": "b" })).await;
    let rename = |id: &str| server.post("experiments/update", json!({ "experiment_id": id, "new_name": "b" }));
    assert_eq!(error(rename("1").await).1, "BAD_REQUEST");
    server.ok("experiments/delete", json!({ "experiment_id": "1" })).await;
    let (status, code, message) = error(rename("1").await);
    assert_eq!((status, code.as_str()), (400, "BAD_REQUEST"));
    assert_eq!(message, "Cannot rename a non-active experiment.");
}

#[tokio::test]
async fn a_tag_given_twice_creates_nothing() {
    let server = Server::start().await;
    let tags = json!([{ "key": "a", "value": "1" }, { "key": "a", "value": "2" }]);
    let (status, ..) = error(server.post("experiments/create", json!({ "name": "a", "tags": tags })).await);
    assert_eq!(status, 400);
    assert_eq!(server.get("experiments/get-by-name?experiment_name=a").await.0, 404);
}

#[tokio::test]
async fn locations_are_kept_as_given_and_runs_lie_below_them() {
    let server = Server::start().await;
    server.ok("experiments/create", json!({ "name": "a", "artifact_location": "s3://b/x/" })).await;
    let (_, found) = server.get("experiments/get?experiment_id=1").await;
    assert_eq!(found["experiment"]["artifact_location"], "s3://b/x/");
    let run = server.ok("runs/create", json!({ "experiment_id": "1" })).await;
    let info = &run["run"]["info"];
    assert_eq!(info["artifact_uri"], json!(format!("s3://b/x/{}/artifacts", info["run_id"].as_str().unwrap())));
}

#[tokio::test]
async fn a_list_in_json_is_a_list() {
    let server = Server::start().await;
    let search = |order: serde_json::Value| server.post("experiments/search", json!({ "order_by": order }));
    assert_eq!(search(json!(["name"])).await.0, 200);
    let (status, _, message) = error(search(json!("name")).await);
    assert_eq!(status, 400);
    assert!(message.starts_with("Invalid value \"name\" for parameter 'order_by' supplied:"), "{message}");
    assert_eq!(server.get("experiments/search?order_by=name").await.0, 200);
}
