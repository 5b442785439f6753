//! Starting and ending.

use std::{path::Path, time::Duration};

use futures_util::stream;
use serde_json::{Value, json};
use tempfile::tempdir;
use tokio::{sync::oneshot, task::JoinSet};
use trackside_tests::Server;

/// An upload whose second half waits for a word, and the sender of that word.
fn slow_upload() -> (reqwest::Body, oneshot::Sender<()>) {
    let (go, wait) = oneshot::channel::<()>();
    let second = async move {
        wait.await.ok();
        Ok::<_, std::io::Error>(bytes::Bytes::from_static(b" half"))
    };
    let first = std::future::ready(Ok(bytes::Bytes::from_static(b"first")));
    let parts: Vec<futures_util::future::BoxFuture<'_, _>> = vec![Box::pin(first), Box::pin(second)];
    (reqwest::Body::wrap_stream(futures_util::StreamExt::then(stream::iter(parts), |part| part)), go)
}

/// An upload that has begun: its staging file is there.
async fn begin_upload(server: &Server, dir: &Path, body: reqwest::Body) -> JoinSet<reqwest::Result<reqwest::Response>> {
    let client = server.client();
    let mut upload = JoinSet::new();
    upload.spawn(client.http().put(client.url("/api/2.0/mlflow-artifacts/artifacts/slow.txt")).body(body).send());
    while std::fs::read_dir(dir.join("data/artifacts")).unwrap().count() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    upload
}

/// Resolves once the server's log holds this text.
async fn logged(server: &Server, text: &str) {
    while !server.log().unwrap().contains(text) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_first_signal_lets_requests_finish_and_exits_0() {
    for signal in ["TERM", "INT"] {
        let dir = tempdir().unwrap();
        let mut server = Server::start(dir.path()).await.unwrap();
        let client = server.client();
        let (body, go) = slow_upload();
        let mut upload = begin_upload(&server, dir.path(), body).await;
        server.signal(signal).await.unwrap();
        logged(&server, "finishing running requests").await;
        assert!(client.http().get(client.url("/health")).send().await.is_err(), "it still accepts connections");
        go.send(()).unwrap();
        assert_eq!(upload.join_next().await.unwrap().unwrap().unwrap().status(), 200);
        assert!(server.ended().await.unwrap().success());
        assert_eq!(std::fs::read(dir.path().join("data/artifacts/slow.txt")).unwrap(), b"first half");
    }
}

#[tokio::test]
async fn a_second_signal_ends_at_once_and_leaves_no_half_file() {
    let dir = tempdir().unwrap();
    let mut server = Server::start(dir.path()).await.unwrap();
    let (body, _never) = slow_upload();
    let mut upload = begin_upload(&server, dir.path(), body).await;
    server.signal("TERM").await.unwrap();
    logged(&server, "finishing running requests").await;
    server.signal("TERM").await.unwrap();
    assert!(server.ended().await.unwrap().success());
    assert!(upload.join_next().await.unwrap().unwrap().is_err());
    assert!(!dir.path().join("data/artifacts/slow.txt").exists());
}

#[tokio::test]
async fn the_deadline_cuts_requests_that_do_not_finish() {
    let dir = tempdir().unwrap();
    let mut server = Server::start_with(dir.path(), &["--shutdown-timeout-secs", "0"]).await.unwrap();
    let (body, _never) = slow_upload();
    let mut upload = begin_upload(&server, dir.path(), body).await;
    server.signal("INT").await.unwrap();
    assert!(server.ended().await.unwrap().success());
    assert!(upload.join_next().await.unwrap().unwrap().is_err());
}

#[tokio::test]
async fn idle_connections_do_not_delay_the_end() {
    let dir = tempdir().unwrap();
    let server = Server::start(dir.path()).await.unwrap();
    let client = server.client();
    client.create_run().await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let dir = tempdir().unwrap();
    let server = Server::start(dir.path()).await.unwrap();
    let client = server.client();
    let run = client.create_run().await.unwrap();
    client.post("runs/log-parameter", &json!({"run_id": run, "key": "p", "value": "1"})).await.unwrap();
    server.stop().await.unwrap();
    let server = Server::start(dir.path()).await.unwrap();
    let found = server.client().get(&format!("runs/get?run_id={run}")).await.unwrap();
    assert_eq!(found["run"]["data"]["params"], json!([{"key": "p", "value": "1"}]));
}

#[tokio::test]
async fn the_json_log_is_json_and_names_no_points() {
    let dir = tempdir().unwrap();
    let server = Server::start_with(dir.path(), &["--log", "debug"]).await.unwrap();
    let client = server.client();
    let run = client.create_run().await.unwrap();
    let metrics: Vec<Value> =
        (0..100).map(|step| json!({"key": "m", "value": 1.5, "timestamp": 1, "step": step})).collect();
    client.post("runs/log-batch", &json!({"run_id": run, "metrics": metrics})).await.unwrap();
    let log = server.log().unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let requests = lines.iter().filter(|line| line["path"] == "/api/2.0/mlflow/runs/log-batch").count();
    assert_eq!(requests, 1, "one line per request");
    assert!(lines.len() < 50, "nothing is logged per point: {log}");
}
