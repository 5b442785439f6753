use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::json;
use trackside_core::{ErrorKind, RunId, store::Runs};
use trackside_testkit::{MemoryTracker, fixture};

use crate::scene::{Scene, scene};

/// A sink that knows the runs 1 and 2, and refuses everything while told so: a param of each run was given up.
async fn refusing() -> (Scene, Arc<AtomicBool>) {
    let scene = scene().await;
    let tracker = scene.add(MemoryTracker::new().named("a")).await;
    for n in [1, 2] {
        scene.run(n).await;
    }
    scene.sink_when("a", |sink| sink["delivered"] == 2).await;
    let refuse = Arc::new(AtomicBool::new(true));
    let told = Arc::clone(&refuse);
    tracker.refuse_when(move |_| told.load(Ordering::SeqCst).then_some(ErrorKind::Invalid));
    for n in [1, 2] {
        scene.store.append(&RunId::fresh(n), vec![fixture::params(&[("p", "1")])]).await.unwrap();
    }
    scene.sink_when("a", |sink| sink["dead"] == 2).await;
    (scene, refuse)
}

#[tokio::test]
async fn dead_letters_are_listed_by_page_with_reason_and_content() {
    let (scene, _) = refusing().await;
    let (status, page) = scene.send("GET", "/sinks/a/dead-letters?limit=1", None).await;
    let first = &page["dead_letters"][0];
    assert_eq!((status, page["dead_letters"].as_array().unwrap().len()), (200, 1));
    assert_eq!(first["sink"], "a");
    assert!(first["subject"].as_str().unwrap().starts_with("run ") && first["reason"].is_string(), "{first}");
    assert!(first["items"].as_u64() >= Some(1) && first.get("batch").is_none());
    let next = page["next_after"].as_u64().unwrap();
    let (_, rest) = scene.send("GET", &format!("/dead-letters?after={next}&batches=true"), None).await;
    assert_eq!(rest["dead_letters"].as_array().unwrap().len(), 1);
    assert_eq!(rest["dead_letters"][0]["batch"]["v"], 1);
    assert!(rest["next_after"].is_null());
}

#[tokio::test]
async fn dead_letters_are_tried_again() {
    let (scene, refuse) = refusing().await;
    let retry = "/sinks/a/dead-letters/retry";
    assert_eq!(scene.send("POST", retry, Some(r#"{"all": true}"#)).await, (200, json!({"delivered": 0, "failed": 2})));
    refuse.store(false, Ordering::SeqCst);
    assert_eq!(scene.send("POST", retry, Some(r#"{"all": true}"#)).await, (200, json!({"delivered": 2, "failed": 0})));
    assert_eq!(scene.send("GET", "/dead-letters", None).await.1["dead_letters"], json!([]));
}

#[tokio::test]
async fn dead_letters_are_discarded_by_number() {
    let (scene, _) = refusing().await;
    let (_, page) = scene.send("GET", "/dead-letters", None).await;
    let id = page["dead_letters"][0]["id"].as_u64().unwrap();
    let (status, done) =
        scene.send("POST", "/sinks/a/dead-letters/discard", Some(&json!({"ids": [id]}).to_string())).await;
    assert_eq!((status, done), (200, json!({"discarded": 1})));
    assert_eq!(scene.send("GET", "/dead-letters", None).await.1["dead_letters"].as_array().unwrap().len(), 1);
}
