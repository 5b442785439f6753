//! Online: which requests a batch becomes.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use trackside_core::{Batch, Event, RunBatch, RunId, RunStarted, RunStatus, RunUpdate, Seq, Subject, TrackerInterface};
use trackside_testkit::{
    MemoryArtifacts,
    fixture::{artifact, artifact_bytes, artifact_stored, at, key, metric, params, point, points, tag_list, tags},
};
use trackside_wandb_wire::file_stream::MAX_REQUEST_BYTES;

use crate::{online::tracker, server::Server};

fn started(tags: &[(&str, &str)]) -> RunStarted {
    let (experiment, user) = (key("a/b"), "ada".to_owned());
    RunStarted { experiment, name: "label".to_owned(), user, started_at: at(1_000), tags: tag_list(tags) }
}

fn batch(started: Option<RunStarted>, events: Vec<Event>) -> Batch {
    Batch::Run(RunBatch { run: RunId::fresh(1), started, events, last: Seq(1) })
}

fn status(status: RunStatus) -> Event {
    Event::Updated(RunUpdate { status: Some(status), ended_at: Some(at(9_000)), name: None })
}

/// Operations and streams, in order.
fn calls(server: &Server) -> Vec<String> {
    let stored = server.stored();
    let name = |(path, body): &(String, Value)| match body["operationName"].as_str() {
        Some(operation) => operation.to_owned(),
        None => path.clone(),
    };
    stored.requests.iter().map(name).collect()
}

#[tokio::test]
async fn a_run_in_one_batch_is_created_written_and_ended_in_this_order() {
    let server = Server::start().await;
    let tracker = tracker(&server, Arc::new(MemoryArtifacts::new()));
    let events = vec![
        params(&[("lr", "0.001"), ("name", "x"), ("_wandb", "no")]),
        points("loss", &[point(0, 1_500, f64::NAN), point(1, 2_500, 0.5)]),
        points("_step", &[point(0, 0, 1.0)]),
        artifact_stored("m/w-3.bin", 3),
        status(RunStatus::Killed),
    ];
    let begin = started(&[("mlflow.note.content", "hello"), ("mlflow.source.git.commit", "c0ffee")]);
    let delivered = tracker.deliver(&batch(Some(begin), events), None).await.unwrap();
    assert!(!delivered.keep_alive);
    let withheld: Vec<_> = delivered.withheld.iter().map(|(kind, n)| (kind.as_str(), n)).collect();
    assert_eq!(withheld, [("params", 1), ("points", 1)]);
    assert_eq!(calls(&server), ["UpsertBucket", "CreateRunFiles", "/upload", "/file_stream"]);

    let stored = server.stored();
    let upsert = &stored.requests[0].1["variables"];
    let config: Value = serde_json::from_str(upsert["config"].as_str().unwrap()).unwrap();
    assert_eq!(config["lr"], json!({ "value": 0.001 }));
    assert_eq!(config["_wandb"]["value"]["t"], json!({ "5": "0.31.0" }));
    let own = json!({
        "run_id": "00000000000000000000000000000001",
        "experiment": "a/b",
        "user": "ada",
        "started_at": 1_000,
        "ended_at": 9_000,
        "status": "KILLED",
        "tags": { "mlflow.note.content": "hello", "mlflow.source.git.commit": "c0ffee" },
    });
    assert_eq!(config["_trackside"]["value"], own);
    for (field, value) in [("displayName", "label"), ("notes", "hello"), ("commit", "c0ffee")] {
        assert_eq!(upsert[field], value);
    }
    assert_eq!(upsert["groupName"], Value::Null);
    let stream = &stored.requests[3].1;
    let expected = json!({
        "files": {
            "wandb-history.jsonl": { "offset": 0, "content": [
                r#"{"loss":NaN,"_step":0,"_timestamp":1.5,"_runtime":0.5}"#,
                r#"{"loss":0.5,"_step":1,"_timestamp":2.5,"_runtime":1.5}"#,
            ] },
            "wandb-summary.json": { "offset": 0, "content": [
                r#"{"loss":0.5,"_step":1,"_timestamp":2.5,"_runtime":1.5,"_wandb":{"runtime":1}}"#,
            ] },
        },
        "uploaded": ["artifacts/m/w-3.bin"],
        "complete": true,
        "exitcode": 255,
    });
    assert_eq!(stream, &expected);
    let run = stored.runs.values().next().unwrap();
    assert_eq!(run.files["artifacts/m/w-3.bin"], artifact_bytes(&artifact("m/w-3.bin"), 3));
}

#[tokio::test]
async fn what_comes_after_the_end_does_not_revive_a_run_and_running_does() {
    let server = Server::start().await;
    let tracker = tracker(&server, Arc::new(MemoryArtifacts::new()));
    let first = tracker.deliver(&batch(Some(started(&[])), vec![status(RunStatus::Failed)]), None).await.unwrap();
    let late = batch(None, vec![points("m", &[point(0, 0, 1.0)])]);
    let second = tracker.deliver(&late, first.memory.as_deref()).await.unwrap();
    assert_eq!(server.stored().runs.values().next().unwrap().exit_code, Some(1));
    // The engine may still ask for a sign of life that it planned before.
    tracker.keep_alive(&Subject::Run(RunId::fresh(1)), second.memory.as_deref(), Duration::ZERO).await.unwrap();
    assert_eq!(server.stored().runs.values().next().unwrap().exit_code, Some(1));

    let third =
        tracker.deliver(&batch(None, vec![status(RunStatus::Running)]), second.memory.as_deref()).await.unwrap();
    assert!(third.keep_alive);
    assert_eq!(server.stored().runs.values().next().unwrap().exit_code, None);
    tracker.keep_alive(&Subject::Run(RunId::fresh(1)), third.memory.as_deref(), Duration::ZERO).await.unwrap();
    assert_eq!(server.stored().requests.last().unwrap(), &("/file_stream".to_owned(), json!({})));
}

#[tokio::test]
async fn points_alone_are_one_request() {
    let server = Server::start().await;
    let tracker = tracker(&server, Arc::new(MemoryArtifacts::new()));
    let first = tracker.deliver(&batch(Some(started(&[])), vec![]), None).await.unwrap();
    tracker.deliver(&batch(None, vec![points("m", &[point(0, 0, 1.0)])]), first.memory.as_deref()).await.unwrap();
    assert_eq!(calls(&server), ["UpsertBucket", "/file_stream"]);
}

#[tokio::test]
async fn a_change_of_the_config_keeps_what_users_changed_at_the_server() {
    let server = Server::start().await;
    let tracker = tracker(&server, Arc::new(MemoryArtifacts::new()));
    let first = tracker.deliver(&batch(Some(started(&[])), vec![params(&[("a", "1")])]), None).await.unwrap();
    let edited = r#"{"a":{"value":1},"theirs":{"value":[1,2],"desc":"d"}}"#;
    let path = server.stored().runs.keys().next().unwrap().clone();
    server.stored().runs.get_mut(&path).unwrap().fields.insert("config".to_owned(), edited.to_owned());
    tracker.deliver(&batch(None, vec![tags(&[("k", "v")])]), first.memory.as_deref()).await.unwrap();
    assert_eq!(
        server.stored().runs[&path].fields["config"],
        r#"{"_trackside":{"value":{"tags":{"k":"v"}}},"a":{"value":1},"theirs":{"desc":"d","value":[1,2]}}"#
    );
}

#[tokio::test]
async fn a_large_batch_is_cut_into_requests_that_fit() {
    let server = Server::start().await;
    let tracker = tracker(&server, Arc::new(MemoryArtifacts::new()));
    let name = "n".repeat(1_900);
    let many: Vec<_> = (0..12_000).map(|step| metric(&name, point(step, 0, 1.0))).collect();
    tracker.deliver(&batch(Some(started(&[])), vec![Event::Points(many)]), None).await.unwrap();
    let stored = server.stored();
    let mut next = 0;
    for (_, body) in &stored.requests[1..] {
        let lines = body["files"]["wandb-history.jsonl"]["content"].as_array().unwrap();
        assert_eq!(body["files"]["wandb-history.jsonl"]["offset"], next);
        assert!(lines.iter().map(|line| line.as_str().unwrap().len()).sum::<usize>() <= MAX_REQUEST_BYTES);
        next += lines.len();
    }
    assert_eq!((next, stored.requests.len()), (12_000, 4));
}

#[tokio::test]
async fn a_file_that_is_gone_is_passed_over() {
    let server = Server::start().await;
    let artifacts = Arc::new(MemoryArtifacts::new());
    artifacts.remove(&RunId::fresh(1), &artifact("gone-1.bin"));
    let tracker = tracker(&server, artifacts);
    let events = (0..30).map(|n| artifact_stored(&format!("kept/{n}-1.bin"), 1));
    let events = events.chain([artifact_stored("gone-1.bin", 1)]).collect();
    tracker.deliver(&batch(Some(started(&[])), events), None).await.unwrap();
    let stored = server.stored();
    assert_eq!(stored.runs.values().next().unwrap().uploaded.len(), 30);
    assert_eq!(stored.requests.iter().filter(|(_, body)| body["operationName"] == "CreateRunFiles").count(), 2);
}
