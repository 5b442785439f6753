use trackside_testkit::MemoryTracker;

use crate::scene::scene;

#[tokio::test]
async fn an_unknown_sink_is_not_found_everywhere() {
    let scene = scene().await;
    for (method, path, body) in [
        ("GET", "/sinks/no", None),
        ("DELETE", "/sinks/no", None),
        ("POST", "/sinks/no/pause", None),
        ("POST", "/sinks/no/resume", None),
        ("POST", "/sinks/no/backfill", Some(r#"{"all": true}"#)),
        ("DELETE", "/sinks/no/backfill", None),
        ("GET", "/sinks/no/dead-letters", None),
        ("POST", "/sinks/no/dead-letters/retry", Some(r#"{"all": true}"#)),
        ("POST", "/sinks/no/dead-letters/discard", Some(r#"{"ids": [1]}"#)),
    ] {
        let (status, refused) = scene.send(method, path, body).await;
        assert_eq!((status, refused["error"]["kind"].as_str()), (404, Some("not_found")), "{method} {path}: {refused}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_the_one_shape() {
    let scene = scene().await;
    scene.add(MemoryTracker::new().named("a")).await;
    let long = format!(r#"{{"ids": [{}1]}}"#, "1,".repeat(100_000));
    for (status, path, body) in [
        (400, "/sinks/a/backfill", "{"),
        (422, "/sinks/a/backfill", r#"{"al": true}"#),
        (400, "/sinks/a/backfill", "{}"),
        (400, "/sinks/a/backfill", r#"{"all": true, "since_ms": 1}"#),
        (422, "/sinks/a/dead-letters/retry", r#"{"ids": "1"}"#),
        (400, "/sinks/a/dead-letters/retry", r#"{"ids": []}"#),
        (400, "/sinks/a/dead-letters/discard", r#"{"all": true, "ids": [1]}"#),
        (413, "/sinks/a/dead-letters/discard", &long),
    ] {
        let (answered, refused) = scene.send("POST", path, Some(body)).await;
        assert_eq!((answered, refused["error"]["kind"].as_str()), (status, Some("invalid")), "{path} {body:.40}");
        assert!(refused["error"]["message"].is_string());
    }
    for query in ["limit=x", "after=-1", "no=1"] {
        let (status, refused) = scene.send("GET", &format!("/dead-letters?{query}"), None).await;
        assert_eq!((status, refused["error"]["kind"].as_str()), (400, Some("invalid")), "{query}");
    }
    // A page can send a form across origins without asking, but not JSON.
    let (status, _) = scene.send("POST", "/sinks/a/dead-letters/discard", None).await;
    assert_eq!(status, 415);
}
