use std::time::Duration;

use trackside_core::ErrorKind;
use trackside_fanout::{Policy, SinkState};
use trackside_testkit::{DeliveryFault, Inspect, MemoryTracker};

use crate::scene::{history, scene};

#[tokio::test(start_paused = true)]
async fn an_open_breaker_sends_only_probes() {
    let scene = scene();
    let tracker = scene.add_with(MemoryTracker::new(), Policy { breaker_failures: 3, ..Policy::default() }).await;
    tracker.set_out_of_reach(Some(ErrorKind::Unavailable));
    scene.log(&history(1).batches);
    scene.until("memory", |status| status.state == SinkState::Open).await;
    tokio::time::sleep(Duration::from_hours(1)).await;
    let status = scene.status("memory").await;
    assert_eq!((status.state, status.dead), (SinkState::Open, 0));
    assert!(status.failures["unavailable"] > 30, "probes go on: {status:?}");
    tracker.set_out_of_reach(None);
    let status = scene.caught_up("memory").await;
    assert_eq!((status.state, tracker.runs().await), (SinkState::Ok, vec![history(1).outcome]));
}

#[tokio::test(start_paused = true)]
async fn resuming_tries_at_once() {
    let scene = scene();
    let day = Duration::from_hours(24);
    let policy = Policy { retry_base: day, retry_max: day, breaker_failures: 1, ..Policy::default() };
    let tracker = scene.add_with(MemoryTracker::new(), policy).await;
    tracker.fail_next(1, DeliveryFault::Before(ErrorKind::Unavailable));
    scene.log(&history(1).batches);
    scene.until("memory", |status| status.state == SinkState::Open).await;
    let before = tokio::time::Instant::now();
    scene.fanout.resume("memory").await.unwrap();
    scene.caught_up("memory").await;
    assert!(before.elapsed() < Duration::from_mins(1));
}

#[tokio::test(start_paused = true)]
async fn wrong_credentials_lose_nothing() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    tracker.set_out_of_reach(Some(ErrorKind::Unauthenticated));
    scene.log(&history(1).batches);
    let status = scene.until("memory", |status| status.state == SinkState::Open).await;
    assert_eq!((status.dead, status.last_error.unwrap().kind), (0, "unauthenticated"));
    tracker.set_out_of_reach(None);
    scene.caught_up("memory").await;
    assert_eq!(tracker.runs().await, [history(1).outcome]);
}
