use std::time::Duration;

use trackside_core::ErrorKind;
use trackside_fanout::{Limits, MemoryLog, SinkState, WhenFull};
use trackside_testkit::{MemoryTracker, fixture::at};

use crate::scene::{history, scene_with};

#[tokio::test(start_paused = true)]
async fn the_slowest_sink_loses_its_place_loudly_and_alone() {
    let scene = scene_with(Limits { max_log_bytes: 2_000, when_full: WhenFull::Detach });
    let dead = scene.add(MemoryTracker::new().named("dead")).await;
    scene.add(MemoryTracker::new().named("healthy")).await;
    dead.set_out_of_reach(Some(ErrorKind::Unavailable));
    (1..10).for_each(|n| scene.log(&history(n).batches));
    let status = scene.until("dead", |status| status.lost > 0).await;
    assert_eq!((status.lag.entries, status.lost), (0, 9));
    assert_eq!(scene.caught_up("healthy").await.lost, 0);
    assert_eq!(scene.log_entries().await, 0);
}

#[tokio::test(start_paused = true)]
async fn writes_may_be_refused_instead() {
    let scene = scene_with(Limits { max_log_bytes: 2_000, when_full: WhenFull::Refuse });
    let dead = scene.add(MemoryTracker::new()).await;
    dead.set_out_of_reach(Some(ErrorKind::Unavailable));
    (1..10).for_each(|n| scene.log(&history(n).batches));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let refused = scene.log.append(history(11).batches[0].clone(), at(1)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Throttled);
    dead.set_out_of_reach(None);
    scene.caught_up("memory").await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    scene.log.append(history(11).batches[0].clone(), at(1)).unwrap();
    assert_eq!(scene.caught_up("memory").await.state, SinkState::Ok);
}

#[test]
fn a_log_in_memory_is_bounded() {
    let log = MemoryLog::new(10);
    let refused = log.append(history(1).batches[0].clone(), at(1)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Throttled);
}
