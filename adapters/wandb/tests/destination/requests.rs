//! Online: which requests a batch becomes.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use trackside_core::{Event, RunId, RunStatus, TrackerInterface};
use trackside_testkit::{
    MemoryArtifacts,
    fixture::{artifact, artifact_bytes, artifact_stored, metric, params, point, points, tags},
};
use trackside_wandb_wire::file_stream::MAX_REQUEST_BYTES;

use crate::{
    online::{Online, QUIET, tracker},
    run_1::{begin, next, status, subject},
    server::{Fault, Server},
};

/// Operations and streams, in order.
fn calls(server: &Server) -> Vec<String> {
    let stored = server.stored();
    let name = |(path, body): &(String, Value)| match body["operationName"].as_str() {
        Some(operation) => operation.to_owned(),
        None => path.clone(),
    };
    stored.requests.iter().map(name).collect()
}

/// Body of the last request.
fn last_request(server: &Server) -> Value {
    server.stored().requests.last().unwrap().1.clone()
}

#[tokio::test]
async fn a_run_in_one_batch_is_created_written_and_ended_in_this_order() {
    let Online { server, tracker, .. } = Online::start().await;
    let events = vec![
        params(&[("lr", "0.001"), ("name", "x"), ("_wandb", "no")]),
        points("loss", &[point(0, 1_500, f64::NAN), point(1, 2_500, 0.5)]),
        points("_step", &[point(0, 0, 1.0)]),
        artifact_stored("m/w-3.bin", 3),
        status(RunStatus::Killed),
    ];
    let tags = [("mlflow.note.content", "hello"), ("mlflow.source.git.commit", "c0ffee")];
    let delivered = tracker.deliver(&begin(&tags, events), None).await.unwrap();
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
    let Online { server, tracker, .. } = Online::start().await;
    let first = tracker.deliver(&begin(&[], vec![status(RunStatus::Failed)]), None).await.unwrap();
    let late = next(vec![points("m", &[point(0, 0, 1.0)])]);
    let second = tracker.deliver(&late, first.memory.as_deref()).await.unwrap();
    assert_eq!(server.stored().runs.values().next().unwrap().exit_code, Some(1));
    assert_eq!(last_request(&server)["files"]["wandb-history.jsonl"]["offset"], 0, "it is not held back");
    // The engine may still ask for a sign of life that it planned before.
    tracker.keep_alive(&subject(), second.memory.as_deref(), Duration::ZERO).await.unwrap();
    assert_eq!(server.stored().runs.values().next().unwrap().exit_code, Some(1));

    let third = tracker.deliver(&next(vec![status(RunStatus::Running)]), second.memory.as_deref()).await.unwrap();
    assert!(third.keep_alive);
    assert_eq!(server.stored().runs.values().next().unwrap().exit_code, None);
    tracker.keep_alive(&subject(), third.memory.as_deref(), Duration::ZERO).await.unwrap();
    assert_eq!(last_request(&server), json!({}));
}

#[tokio::test]
async fn the_last_row_is_written_when_it_is_over() {
    let Online { server, tracker, .. } = Online::start().await;
    let mut memory = tracker.deliver(&begin(&[], vec![]), None).await.unwrap().memory;
    let batches = [
        vec![points("a", &[point(1, 2_000, 1.0)])],
        vec![points("b", &[point(1, 2_000, 2.0)])],
        vec![points("a", &[point(2, 3_000, 3.0)])],
        vec![status(RunStatus::Finished)],
    ];
    let mut sent = Vec::new();
    for events in batches {
        memory = tracker.deliver(&next(events), memory.as_deref()).await.unwrap().memory;
        let files = last_request(&server)["files"].take();
        sent.push(["wandb-history.jsonl", "wandb-summary.json"].map(|stream| files[stream].clone()));
    }
    let lines = |offset: u64, line: &str| json!({ "offset": offset, "content": [line] });
    let rows = [
        lines(0, r#"{"a":1.0,"b":2.0,"_step":1,"_timestamp":2.0,"_runtime":1.0}"#),
        lines(1, r#"{"a":3.0,"_step":2,"_timestamp":3.0,"_runtime":2.0}"#),
    ];
    assert_eq!(
        sent.iter().map(|[history, _]| history).collect::<Vec<_>>(),
        [&Value::Null, &Value::Null, &rows[0], &rows[1]]
    );
    let summaries: Vec<_> = sent.iter().map(|[_, summary]| summary["content"][0].as_str()).collect();
    assert_eq!(
        summaries,
        [
            Some(r#"{"a":1.0,"_step":1,"_timestamp":2.0,"_runtime":1.0,"_wandb":{"runtime":1}}"#),
            Some(r#"{"a":1.0,"b":2.0,"_step":1,"_timestamp":2.0,"_runtime":1.0,"_wandb":{"runtime":1}}"#),
            Some(r#"{"a":3.0,"b":2.0,"_step":2,"_timestamp":3.0,"_runtime":2.0,"_wandb":{"runtime":2}}"#),
            None,
        ]
    );
}

#[tokio::test]
async fn a_row_of_which_nothing_is_heard_is_let_go() {
    let Online { server, tracker, .. } = Online::start().await;
    let first = vec![points("a", &[point(1, 1_000, 1.0)])];
    let held = tracker.deliver(&begin(&[], first), None).await.unwrap().memory;
    let alive = async |memory: &Option<String>, quiet| {
        let memory = tracker.keep_alive(&subject(), memory.as_deref(), quiet).await.unwrap();
        (memory, last_request(&server))
    };
    let short = QUIET.checked_sub(Duration::from_secs(1)).unwrap();
    assert_eq!(alive(&held, short).await, (None, json!({})));
    let (over, request) = alive(&held, QUIET).await;
    assert_eq!(request, json!({}), "what is not remembered yet is not written");
    assert_eq!(alive(&held, QUIET).await.0, over);

    let (written, request) = alive(&over, Duration::ZERO).await;
    let line = r#"{"a":1.0,"_step":1,"_timestamp":1.0,"_runtime":0.0}"#;
    assert_eq!(request, json!({ "files": { "wandb-history.jsonl": { "offset": 0, "content": [line] } } }));
    assert_eq!(alive(&over, QUIET).await, (written.clone(), request));
    assert_eq!(alive(&written, QUIET).await, (None, json!({})));

    let later = next(vec![points("b", &[point(1, 1_000, 2.0)]), status(RunStatus::Finished)]);
    tracker.deliver(&later, written.as_deref()).await.unwrap();
    let line = r#"{"b":2.0,"trackside/step":1,"_step":2,"_timestamp":1.0,"_runtime":0.0}"#;
    let history = &last_request(&server)["files"]["wandb-history.jsonl"];
    assert_eq!(history, &json!({ "offset": 1, "content": [line] }));
}

#[tokio::test]
async fn points_alone_are_one_request() {
    let Online { server, tracker, .. } = Online::start().await;
    let first = tracker.deliver(&begin(&[], vec![]), None).await.unwrap();
    tracker.deliver(&next(vec![points("m", &[point(0, 0, 1.0)])]), first.memory.as_deref()).await.unwrap();
    assert_eq!(calls(&server), ["UpsertBucket", "/file_stream"]);
}

#[tokio::test]
async fn a_change_of_the_config_keeps_what_users_changed_at_the_server() {
    let Online { server, tracker, .. } = Online::start().await;
    let first = tracker.deliver(&begin(&[], vec![params(&[("a", "1")])]), None).await.unwrap();
    let edited = r#"{"a":{"value":1},"theirs":{"value":[1,2],"desc":"d"}}"#;
    let path = server.stored().runs.keys().next().unwrap().clone();
    server.stored().runs.get_mut(&path).unwrap().fields.insert("config".to_owned(), edited.to_owned());
    tracker.deliver(&next(vec![tags(&[("k", "v")])]), first.memory.as_deref()).await.unwrap();
    assert_eq!(
        server.stored().runs[&path].fields["config"],
        r#"{"_trackside":{"value":{"tags":{"k":"v"}}},"a":{"value":1},"theirs":{"desc":"d","value":[1,2]}}"#
    );
}

#[tokio::test]
async fn a_large_batch_is_cut_into_requests_that_fit() {
    let Online { server, tracker, .. } = Online::start().await;
    let name = "n".repeat(1_900);
    let many: Vec<_> = (0..12_000).map(|step| metric(&name, point(step, 0, 1.0))).collect();
    let events = vec![Event::Points(many), status(RunStatus::Finished)];
    tracker.deliver(&begin(&[], events), None).await.unwrap();
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
async fn what_is_too_large_for_the_server_is_sent_in_parts_that_say_the_same() {
    let Online { server, tracker, .. } = Online::start().await;
    // Steps that fall, so that halves of the batch would make other rows.
    let falling: Vec<_> = (0..5).map(|n| point(4 - n, 1_000, 1.0)).collect();
    let batch = begin(&[], vec![points("m", &falling), status(RunStatus::Finished)]);
    tracker.deliver(&batch, None).await.unwrap();
    let refuse = || Some(Fault::Refuse(413, vec![], ""));
    server.stored().faults.extend([None, refuse(), refuse(), None, None, refuse()]);
    server.stored().requests.clear();
    // The server fails when a line changes.
    tracker.deliver(&batch, None).await.unwrap();
    let stored = server.stored();
    let lines = stored.requests.iter().skip(1).map(|(_, body)| {
        let history = &body["files"]["wandb-history.jsonl"];
        (history["offset"].as_u64().unwrap(), history["content"].as_array().unwrap().len(), body["complete"] == true)
    });
    let whole = (0, 5, true);
    let parts = [(0, 3, false), (0, 2, false), (2, 1, false), (3, 2, true), (3, 1, false), (4, 1, true)];
    assert_eq!(lines.collect::<Vec<_>>(), [&[whole][..], &parts].concat());
    assert_eq!(stored.runs.values().next().unwrap().exit_code, Some(0));
}

#[tokio::test]
async fn a_file_that_is_gone_is_passed_over() {
    let server = Server::start().await;
    let artifacts = Arc::new(MemoryArtifacts::new());
    artifacts.remove(&RunId::fresh(1), &artifact("gone-1.bin"));
    let tracker = tracker(&server, artifacts);
    let events = (0..30).map(|n| artifact_stored(&format!("kept/{n}-1.bin"), 1));
    let events = events.chain([artifact_stored("gone-1.bin", 1)]).collect();
    tracker.deliver(&begin(&[], events), None).await.unwrap();
    let stored = server.stored();
    assert_eq!(stored.runs.values().next().unwrap().uploaded.len(), 30);
    assert_eq!(stored.requests.iter().filter(|(_, body)| body["operationName"] == "CreateRunFiles").count(), 2);
}
