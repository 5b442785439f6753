use serde_json::json;
use trackside_testkit::MemoryTracker;

use crate::scene::scene;

#[tokio::test]
async fn history_is_sent_to_a_sink_that_came_later() {
    let scene = scene().await;
    for n in 1..=3 {
        scene.run(n).await;
    }
    let tracker = scene.add(MemoryTracker::new().named("a")).await;
    let (status, begun) = scene.send("POST", "/sinks/a/backfill", Some(r#"{"all": true}"#)).await;
    assert_eq!((status, begun), (202, json!({"total": 3})));
    scene.sink_when("a", |sink| sink["backfill"].is_null()).await;
    assert_eq!((1..=3).filter(|n| tracker.run(&trackside_core::RunId::fresh(*n)).is_some()).count(), 3);
}

#[tokio::test]
async fn a_backfill_shows_how_far_it_is_and_can_be_ended() {
    let scene = scene().await;
    scene.run(1).await;
    scene.add(MemoryTracker::new().named("a")).await;
    scene.send("POST", "/sinks/a/pause", None).await;
    assert_eq!(scene.send("POST", "/sinks/a/backfill", Some(r#"{"since_ms": 0}"#)).await.0, 202);
    let (_, sink) = scene.send("GET", "/sinks/a", None).await;
    assert_eq!(sink["backfill"], json!({"selection": "since 0 ms", "done": 0, "total": 1}));
    let (status, refused) = scene.send("POST", "/sinks/a/backfill", Some(r#"{"all": true}"#)).await;
    assert_eq!((status, &refused["error"]["kind"]), (409, &json!("conflict")));
    assert_eq!(scene.send("DELETE", "/sinks/a/backfill", None).await, (200, json!({})));
    assert!(scene.send("GET", "/sinks/a", None).await.1["backfill"].is_null());
}

#[tokio::test]
async fn an_unknown_experiment_is_not_found() {
    let scene = scene().await;
    scene.add(MemoryTracker::new().named("a")).await;
    let (status, refused) = scene.send("POST", "/sinks/a/backfill", Some(r#"{"experiment": "no"}"#)).await;
    assert_eq!((status, &refused["error"]["kind"]), (404, &json!("not_found")));
    assert!(refused["error"]["message"].as_str().unwrap().contains("no"), "{refused}");
}
