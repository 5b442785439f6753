//! Halves of what is sent from the store, and of runs that begin, over a crash between two of them.

use std::{sync::Arc, time::Duration};

use trackside_core::{
    ErrorKind,
    store::{Cursors, Runs},
};
use trackside_fanout::Selection;
use trackside_testkit::{
    Delivery, DeliveryFault, MemoryTracker,
    fixture::{new_run, params},
};

use crate::scene::{Scene, scene};

/// A destination that refuses what is larger, and answers `n` times before it hangs.
fn tracker(limit: u64, n: usize) -> Arc<MemoryTracker> {
    let tracker = Arc::new(MemoryTracker::new());
    tracker.refuse_when(move |batch| (batch.n_items() > limit).then_some(ErrorKind::Invalid));
    tracker.fail_next(n, DeliveryFault::Slow(Duration::ZERO));
    tracker.fail_next(1_000, DeliveryFault::Hang);
    tracker
}

/// The process dies once so many deliveries were made, and the next one meets no limit. What was delivered then.
async fn delivered_again(scene: Scene, tracker: &Arc<MemoryTracker>, n: usize) -> (Scene, Vec<Delivery>) {
    scene.until("memory", |_| tracker.delivered().len() == n).await;
    let scene = scene.restarted().await;
    assert_eq!(tracker.delivered().len(), n);
    tracker.refuse_when(|_| None);
    tracker.recover();
    scene.put(tracker).await;
    assert_eq!(scene.caught_up("memory").await.dead, 0);
    let again = tracker.delivered().split_off(n);
    (scene, again)
}

fn n_items(deliveries: &[Delivery]) -> Vec<u64> {
    deliveries.iter().map(|delivery| delivery.n_items).collect()
}

fn many_params() -> Vec<trackside_core::Event> {
    let names: Vec<String> = (0..100).map(|n| format!("p{n:02}")).collect();
    vec![params(&names.iter().map(|name| (name.as_str(), "1")).collect::<Vec<_>>())]
}

#[tokio::test]
async fn a_part_of_a_history_is_halved_the_same_way() {
    let scene = scene().await;
    let run = scene.run(1, vec![]).await;
    scene.measure(&run, "m", 0..5_000).await;
    let tracker = tracker(1_500, 2);
    scene.put(&tracker).await;
    scene.fanout.backfill("memory", Selection::All).await.unwrap();
    let (scene, again) = delivered_again(scene, &tracker, 2).await;
    let first = tracker.delivered();
    assert_eq!(n_items(&first[..2]), [1, 1_250]);
    assert_eq!(n_items(&again), [1_250, 1_250, 2_500]);
    assert_eq!(again[0], first[1], "with the same memory");
    scene.assert_equal(tracker.as_ref()).await;
}

#[tokio::test]
async fn a_run_whose_beginning_was_cut_is_still_unknown() {
    let scene = scene().await;
    let run = scene.run(1, many_params()).await;
    let tracker = tracker(40, 2);
    scene.put(&tracker).await;
    scene.measure(&run, "m", 0..10).await;
    let (scene, again) = delivered_again(scene, &tracker, 2).await;
    assert_eq!(n_items(&tracker.delivered()[..2]), [1, 25]);
    assert_eq!(n_items(&again[..4]), [1, 25, 25, 50]);
    scene.assert_equal(tracker.as_ref()).await;
}

#[tokio::test]
async fn a_run_that_begins_in_the_window_is_still_new() {
    let scene = scene().await;
    let tracker = tracker(40, 2);
    // From here on it is logged.
    scene.store.open_cursor("memory").await.unwrap();
    let run = scene.store.create_run(new_run(scene.experiment, 1)).await.unwrap().info.id;
    scene.store.append(&run, many_params()).await.unwrap();
    scene.put(&tracker).await;
    let (scene, again) = delivered_again(scene, &tracker, 2).await;
    assert_eq!(again[..2], tracker.delivered()[..2]);
    assert_eq!(n_items(&again), [1, 25, 25, 50]);
    scene.assert_equal(tracker.as_ref()).await;
}
