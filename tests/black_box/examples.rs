//! The examples do what they say.

use std::process::Command;

use serde_json::json;
use tempfile::tempdir;
use trackside_tests::{Server, binary};

#[tokio::test]
async fn a_run_logged_from_rust_is_served() {
    let dir = tempdir().unwrap();
    std::fs::create_dir(dir.path().join("data")).unwrap();
    let logged = Command::new(binary("log_a_run")).current_dir(dir.path()).arg("data/trackside.db").output().unwrap();
    assert!(logged.status.success(), "{}", String::from_utf8_lossy(&logged.stderr));
    let server = Server::start(dir.path()).await.unwrap();
    let client = server.client();
    let found = client.get("experiments/get-by-name?experiment_name=from-rust").await.unwrap();
    let id = found["experiment"]["experiment_id"].clone();
    let runs = client
        .post("runs/search", &json!({"experiment_ids": [id], "filter": "params.optimizer = 'sgd'"}))
        .await
        .unwrap();
    let run = &runs["runs"][0];
    assert_eq!(run["info"]["status"], "FINISHED");
    let run_id = run["info"]["run_id"].as_str().unwrap();
    let history = client.get(&format!("metrics/get-history?run_id={run_id}&metric_key=loss")).await.unwrap();
    let losses: Vec<f64> =
        history["metrics"].as_array().unwrap().iter().map(|point| point["value"].as_f64().unwrap()).collect();
    assert_eq!(losses.len(), 50);
    assert!(losses.windows(2).all(|pair| pair[1] < pair[0]), "the loss falls: {losses:?}");
}
