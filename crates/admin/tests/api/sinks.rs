use serde_json::json;
use trackside_core::{Capability, ErrorKind, store::Runs};
use trackside_testkit::{DeliveryFault, MemoryTracker, fixture};

use crate::scene::scene;

#[tokio::test]
async fn a_sink_shows_what_it_got_and_what_it_could_not() {
    let scene = scene().await;
    scene.add(MemoryTracker::with_capability(Capability { tags: false, ..Capability::ALL }).named("a")).await;
    scene.run(1).await;
    let id = trackside_core::RunId::fresh(1);
    scene
        .store
        .append(&id, vec![fixture::params(&[("p", "1"), ("q", "2")]), fixture::tags(&[("t", "1")])])
        .await
        .unwrap();
    let sink = scene.sink_when("a", |sink| sink["lag"]["items"] == 0 && sink["delivered"] != 0).await;
    assert_eq!((&sink["name"], &sink["type"], &sink["state"]), (&json!("a"), &json!("memory"), &json!("ok")));
    assert_eq!(sink["delivered"], 3, "a beginning and two params: {sink}");
    assert_eq!(
        sink["withheld"]["tags"].as_u64().unwrap(),
        1 + fixture::new_run(trackside_core::ExperimentId::DEFAULT, 1).tags.len() as u64
    );
    let (status, all) = scene.send("GET", "/sinks", None).await;
    assert_eq!((status, &all["sinks"]), (200, &json!([sink])));
    assert!(all["log_bytes"].is_u64());
}

#[tokio::test]
async fn a_paused_sink_gets_nothing_until_it_is_resumed() {
    let scene = scene().await;
    let tracker = scene.add(MemoryTracker::new().named("a")).await;
    let (status, sink) = scene.send("POST", "/sinks/a/pause", None).await;
    assert_eq!((status, &sink["state"]), (200, &json!("paused")));
    scene.run(1).await;
    let (_, sink) = scene.send("GET", "/sinks/a", None).await;
    assert_eq!((&sink["lag"]["entries"], tracker.delivered().len()), (&json!(1), 0));
    assert_eq!(scene.send("POST", "/sinks/a/resume", None).await.0, 200);
    scene.sink_when("a", |sink| sink["lag"]["entries"] == 0).await;
    assert_eq!(tracker.delivered().len(), 1);
}

#[tokio::test]
async fn failures_are_counted_by_kind_and_the_last_is_shown() {
    let scene = scene().await;
    let tracker = scene.add(MemoryTracker::new().named("a")).await;
    tracker.fail_next(1, DeliveryFault::Before(ErrorKind::Throttled));
    scene.run(1).await;
    let sink = scene.sink_when("a", |sink| sink["delivered"] != 0).await;
    assert_eq!(sink["failures"], json!({"throttled": 1}));
    assert_eq!(sink["last_error"]["kind"], "throttled");
    assert!(sink["last_error"]["at_ms"].as_i64().unwrap() > 0 && sink["last_error"]["message"].is_string());
}

#[tokio::test]
async fn only_a_sink_that_is_not_configured_can_be_forgotten() {
    let scene = scene().await;
    scene.add(MemoryTracker::new().named("a")).await;
    let (status, refused) = scene.send("DELETE", "/sinks/a", None).await;
    assert_eq!((status, &refused["error"]["kind"]), (409, &json!("conflict")));
    scene.fanout.withdraw("a").await.unwrap();
    let (_, sink) = scene.send("GET", "/sinks/a", None).await;
    assert_eq!((&sink["state"], &sink["type"]), (&json!("not_configured"), &json!("")));
    assert_eq!(scene.send("DELETE", "/sinks/a", None).await, (200, json!({})));
    assert_eq!(scene.send("GET", "/sinks/a", None).await.0, 404);
}
