use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::server::{Server, error};

async fn data(server: &Server, run: &str, what: &str) -> Value {
    let (status, found) = server.get(&format!("runs/get?run_id={run}")).await;
    assert_eq!(status, 200, "{found}");
    found["run"]["data"][what].clone()
}

#[tokio::test]
async fn the_name_and_the_tag_that_shows_it_never_differ() {
    let server = Server::start().await;
    let run = server.run().await;
    let name_tag = |value: &str| json!({ "run_id": run, "key": "mlflow.runName", "value": value });
    server.ok("runs/set-tag", name_tag("a")).await;
    server.ok("runs/log-batch", json!({ "run_id": run, "tags": [{ "key": "mlflow.runName", "value": "b" }] })).await;
    for harmless in [name_tag(""), name_tag("x")] {
        let call = if harmless["value"] == "" { "runs/set-tag" } else { "runs/delete-tag" };
        server.ok(call, harmless).await;
        assert_eq!(data(&server, &run, "tags").await, json!([{ "key": "mlflow.runName", "value": "b" }]));
    }
    let renamed = server.ok("runs/update", json!({ "run_id": run, "run_name": "c", "status": "FINISHED" })).await;
    assert_eq!((&renamed["run_info"]["run_name"], &renamed["run_info"]["status"]), (&json!("c"), &json!("FINISHED")));
    let search = json!({ "experiment_ids": ["0"], "filter": "tags.mlflow.runName = 'c' AND run_name = 'c'" });
    assert_eq!(server.ok("runs/search", search).await["runs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_refused_batch_writes_nothing() {
    let server = Server::start().await;
    let run = server.run().await;
    server.ok("runs/log-parameter", json!({ "run_id": run, "key": "p", "value": "1" })).await;
    let batch = json!({
        "run_id": run,
        "metrics": [{ "key": "m", "value": 1, "timestamp": 1 }],
        "params": [{ "key": "fresh", "value": "1" }, { "key": "p", "value": "2" }],
        "tags": [{ "key": "t", "value": "1" }],
    });
    let (status, code, message) = error(server.post("runs/log-batch", batch).await);
    assert_eq!((status, code.as_str()), (400, "INVALID_PARAMETER_VALUE"));
    let change = "[{'key': 'p', 'old_value': '1', 'new_value': '2'}]";
    assert!(message.contains(&format!("Params were already logged='{change}' for run ID='{run}'.")), "{message}");
    assert_eq!(data(&server, &run, "metrics").await, Value::Null);
    assert_eq!(data(&server, &run, "params").await, json!([{ "key": "p", "value": "1" }]));
    let unknown = json!({ "run_id": run, "key": "m", "value": 1, "timestamp": 1, "model_id": "m-1" });
    let (status, code, _) = error(server.post("runs/log-metric", unknown).await);
    assert_eq!((status, code.as_str()), (400, "BAD_REQUEST"));
    assert_eq!(server.get(&format!("metrics/get-history?run_id={run}&metric_key=m")).await, (200, json!({})));
}

#[tokio::test]
async fn what_is_logged_twice_is_there_once() {
    let server = Server::start().await;
    let run = server.run().await;
    let batch = json!({
        "run_id": run,
        "metrics": [{ "key": "m", "value": "NaN", "timestamp": 2 }, { "key": "m", "value": 1, "timestamp": 1, "step": 5 }],
        "params": [{ "key": "p", "value": "1" }],
    });
    let inputs = json!({ "run_id": run, "datasets": [{ "dataset": { "name": "d", "digest": "1" } }] });
    for _ in 0..2 {
        server.ok("runs/log-batch", batch.clone()).await;
        server.ok("runs/log-inputs", inputs.clone()).await;
        server.ok("runs/outputs", json!({ "run_id": run, "models": [{ "model_id": "m-1" }] })).await;
    }
    let history = format!("metrics/get-history?run_uuid={run}&metric_key=m&max_results=1");
    let (_, first) = server.get(&history).await;
    assert_eq!(first["metrics"], json!([{ "key": "m", "value": 1.0, "timestamp": 1, "step": 5 }]));
    let token = first["next_page_token"].as_str().unwrap();
    let (_, second) = server.get(&format!("{history}&page_token={token}")).await;
    assert_eq!(second, json!({ "metrics": [{ "key": "m", "value": "NaN", "timestamp": 2, "step": 0 }] }));
    let (_, found) = server.get(&format!("runs/get?run_id={run}")).await;
    assert_eq!(found["run"]["inputs"]["dataset_inputs"].as_array().unwrap().len(), 1);
    assert_eq!(found["run"]["outputs"], json!({ "model_outputs": [{ "model_id": "m-1", "step": 0 }] }));
}

#[tokio::test]
async fn models_logged_at_once_are_all_listed() {
    let server = Server::start().await;
    let run = server.run().await;
    let log = async |n: usize| {
        let model = json!({ "artifact_path": n, "flavors": {}, "utc_time_created": "now", "run_id": run });
        server.ok("runs/log-model", json!({ "run_id": run, "model_json": model.to_string() })).await
    };
    join_all((0..8).map(log)).await;
    let tags = data(&server, &run, "tags").await;
    let history = tags.as_array().unwrap().iter().find(|tag| tag["key"] == "mlflow.log-model.history").unwrap();
    let models: Vec<Value> = serde_json::from_str(history["value"].as_str().unwrap()).unwrap();
    assert_eq!(models.len(), 8);
}

#[tokio::test]
async fn a_deleted_run_is_read_but_not_written_until_restored() {
    let server = Server::start().await;
    let run = server.run().await;
    let by_id = json!({ "run_id": run });
    for _ in 0..2 {
        server.ok("runs/delete", by_id.clone()).await;
    }
    for (call, body) in [
        ("runs/update", by_id.clone()),
        ("runs/log-batch", by_id.clone()),
        ("runs/log-inputs", by_id.clone()),
        ("runs/set-tag", json!({ "run_id": run, "key": "mlflow.runName", "value": "" })),
        ("runs/delete-tag", json!({ "run_id": run, "key": "mlflow.runName" })),
        ("runs/log-parameter", json!({ "run_id": run, "key": "p" })),
    ] {
        let (status, _, message) = error(server.post(call, body).await);
        assert_eq!(status, 400, "{call}");
        assert_eq!(message, format!("The run {run} must be in the 'active' state. Current state is deleted."));
    }
    assert_eq!(data(&server, &run, "params").await, Value::Null);
    server.ok("runs/restore", by_id.clone()).await;
    server.ok("runs/log-batch", by_id).await;
    let (status, _, message) = error(server.post("runs/delete", json!({ "run_id": "../x" })).await);
    assert_eq!((status, message.as_str()), (404, "Run with id=../x not found"));
}
