use std::{collections::BTreeMap, sync::Arc};

use trackside_core::{Capability, ErrorKind, NewRun, store::Runs};
use trackside_fanout::{Limits, Retried, SinkState, WhenFull};
use trackside_testkit::{
    MemoryTracker,
    fixture::{new_run, params, point, points, tag_list, tags},
    tracker_suite::history::History,
};

use crate::{
    scene::{scene, scene_with},
    tally::Tally,
};

/// Without what needs more than a run to exist.
const OF_RUNS: Capability = Capability { artifacts: false, ..Capability::ALL };

#[tokio::test]
async fn a_run_that_goes_on_is_sent_from_its_beginning() {
    let scene = scene().await;
    let run = scene.run(1, vec![params(&[("p", "1")]), points("m", &[point(1, 1, 0.5), point(2, 2, f64::NAN)])]).await;
    let silent = scene.run(2, vec![tags(&[("t", "1")])]).await;
    let tracker = Arc::new(MemoryTracker::new());
    scene.put(&tracker).await;
    scene.store.append(&run, vec![tags(&[("late", "1")]), points("n", &[point(1, 1, 0.5)])]).await.unwrap();
    scene.caught_up("memory").await;
    let expected: Vec<_> = scene.runs().await.into_iter().filter(|state| state.id != silent).collect();
    assert_eq!(trackside_testkit::Inspect::runs(tracker.as_ref()).await, expected);
}

#[tokio::test]
async fn histories_of_any_kind_arrive_as_they_stand() {
    let scene = scene().await;
    for n in 1..30 {
        let new =
            NewRun { tags: tag_list(&[("first", "1"), ("t0", "first")]), ..new_run(scene.experiment, u128::from(n)) };
        let run = scene.store.create_run(new).await.unwrap().info.id;
        scene.store.append(&run, History::pseudo_random_events(n, OF_RUNS)).await.unwrap();
    }
    let tracker = Arc::new(MemoryTracker::new());
    scene.put(&tracker).await;
    scene.fanout.backfill("memory", trackside_fanout::Selection::All).await.unwrap();
    scene.caught_up("memory").await;
    scene.assert_equal(tracker.as_ref()).await;
}

#[tokio::test]
async fn each_point_is_sent_once_although_the_run_goes_on() {
    let scene = scene().await;
    let run = scene.run(1, vec![]).await;
    for key in ["a", "b", "c"] {
        scene.measure(&run, key, 0..30_000).await;
    }
    let tally = Arc::new(Tally::default());
    scene.put(&tally).await;
    // The first of these makes the sink read the history; the others come while it does.
    for n in 0..200 {
        scene.measure(&run, "a", 30_000 + n * 10..30_000 + n * 10 + 10).await;
        // Before all that is there already: where a page was read before.
        scene.measure(&run, "b", -n - 1..-n).await;
    }
    scene.caught_up("tally").await;
    assert_eq!(tally.of(&run), BTreeMap::from([(1, 90_000 + 2_000 + 200)]));
}

#[tokio::test]
async fn a_sink_that_lost_its_place_is_sent_everything_again() {
    let scene = scene_with(Limits { max_log_bytes: 20_000, when_full: WhenFull::Detach }).await;
    let tracker = Arc::new(MemoryTracker::new());
    scene.put(&tracker).await;
    let before = scene.run(1, vec![params(&[("p", "1")])]).await;
    scene.caught_up("memory").await;
    tracker.set_out_of_reach(Some(ErrorKind::Unavailable));
    scene.measure(&before, "m", 0..2_000).await;
    scene.run(2, vec![params(&[("p", "2")])]).await;
    scene.until("memory", |status| status.lost > 0).await;
    scene.measure(&before, "m", 2_000..2_010).await;
    tracker.set_out_of_reach(None);
    let status = scene.caught_up("memory").await;
    assert_eq!((status.state, status.dead), (SinkState::Ok, 0));
    scene.assert_equal(tracker.as_ref()).await;
}

#[tokio::test]
async fn a_parked_run_is_sent_whole_once_its_beginning_is_tried_again() {
    let scene = scene().await;
    let tracker = Arc::new(MemoryTracker::new());
    scene.put(&tracker).await;
    tracker.refuse_when(|batch| batch.begins().then_some(ErrorKind::Denied));
    let run = scene.run(1, vec![params(&[("p", "1")])]).await;
    scene.until("memory", |status| status.dead == 1).await;
    tracker.refuse_when(|_| None);
    scene.store.append(&run, vec![tags(&[("t", "1")])]).await.unwrap();
    let retried = scene.fanout.retry_dead_letters("memory", None).await.unwrap();
    assert_eq!(retried, Retried { delivered: 1, failed: 0 });
    scene.caught_up("memory").await;
    scene.assert_equal(tracker.as_ref()).await;
}

#[tokio::test]
async fn a_late_letter_does_not_overwrite_what_came_after_it() {
    let scene = scene().await;
    let tracker = Arc::new(MemoryTracker::new());
    scene.put(&tracker).await;
    let run = scene.run(1, vec![]).await;
    scene.caught_up("memory").await;
    tracker.refuse_when(|_| Some(ErrorKind::Invalid));
    scene.store.append(&run, vec![tags(&[("t", "old"), ("u", "1")])]).await.unwrap();
    scene.until("memory", |status| status.dead == 2).await;
    tracker.refuse_when(|_| None);
    scene.store.append(&run, vec![tags(&[("t", "new")])]).await.unwrap();
    scene.caught_up("memory").await;
    scene.fanout.retry_dead_letters("memory", None).await.unwrap();
    assert_eq!(scene.caught_up("memory").await.dead, 0);
    scene.assert_equal(tracker.as_ref()).await;
}
