//! Pieces that were halved are halved the same way after a crash, also when the whole would be taken by then.

use std::time::Duration;

use trackside_core::{Batch, Capability, ErrorKind, Event, Subject, store::Cursors};
use trackside_fanout::{Fanout, Limits, Policy};
use trackside_testkit::{
    Delivery, DeliveryFault, Inspect, MemoryTracker,
    fixture::{point, points},
    tracker_suite::history::History,
};

use crate::scene::{Scene, parts, scene};

fn refuse_above(tracker: &MemoryTracker, limit: u64) {
    tracker.refuse_when(move |batch| (batch.n_items() > limit).then_some(ErrorKind::Invalid));
}

fn measured(steps: std::ops::Range<i64>) -> Event {
    points("m", &steps.map(|step| point(step, step, 0.5)).collect::<Vec<_>>())
}

/// Lets `n` deliveries happen and no more, and then the process dies.
async fn dies_after(scene: Scene, tracker: &MemoryTracker, n: usize, batches: &[Batch]) -> Scene {
    let before = tracker.delivered().len();
    tracker.fail_next(n, DeliveryFault::Slow(Duration::ZERO));
    tracker.fail_next(1_000, DeliveryFault::Hang);
    scene.log(batches);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(tracker.delivered().len(), before + n);
    scene.fanout.close(Duration::ZERO).await;
    tracker.recover();
    Scene { fanout: Fanout::start(parts(&scene.log, Limits::default())), log: scene.log }
}

fn shape(deliveries: &[Delivery]) -> Vec<(u64, Option<&str>)> {
    deliveries.iter().map(|delivery| (delivery.n_items, delivery.memory.as_deref())).collect()
}

#[tokio::test(start_paused = true)]
async fn the_same_halves_come_with_the_same_memories() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    refuse_above(&tracker, 50);
    let history = History::of(1, Capability::ALL, vec![measured(0..400)]);
    let scene = dies_after(scene, &tracker, 3, &history.batches).await;
    let last = history.batches.len().to_string();
    let memory = Some(last.as_str());
    assert_eq!(shape(&tracker.delivered()), [(1, None), (50, memory), (50, memory)]);

    tracker.refuse_when(|_| None);
    scene.put(&tracker, Policy::default()).await;
    scene.caught_up("memory").await;
    let delivered = tracker.delivered();
    let again = [(1, None), (50, memory), (50, memory), (50, memory), (50, memory), (200, memory)];
    assert_eq!(shape(&delivered[3..]), again);
    assert_eq!(tracker.runs().await, [history.outcome]);
}

#[tokio::test(start_paused = true)]
async fn cuts_are_of_one_window_only() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    let history = History::of(1, Capability::ALL, vec![measured(0..1), measured(1..101), measured(101..201)]);
    let subject = Subject::Run(history.outcome.id.clone());
    let cuts = async |scene: &Scene| {
        let marks = scene.log.marks("memory", vec![subject.clone()]).await.unwrap();
        marks[0].as_ref().map(|mark| (mark.memory.clone(), mark.cuts.clone()))
    };
    let at = |seq: usize| Some(seq.to_string());
    let [first, second, third] = [2, 3, 4];
    assert_eq!(history.batches.len(), third);
    scene.log(&history.batches[..first]);
    scene.caught_up("memory").await;
    assert_eq!(cuts(&scene).await, Some((at(first), vec![])));

    refuse_above(&tracker, 30);
    let scene = dies_after(scene, &tracker, 2, &history.batches[first..second]).await;
    // 25, 25, then 50 in two halves.
    assert_eq!(cuts(&scene).await, Some((at(first), vec![0, 0, 2])), "the memory is that from before the window");
    tracker.refuse_when(|_| None);
    scene.put(&tracker, Policy::default()).await;
    scene.caught_up("memory").await;
    assert_eq!(cuts(&scene).await, Some((at(second), vec![])));

    scene.log(&history.batches[second..]);
    scene.caught_up("memory").await;
    let n_items: Vec<_> = tracker.delivered().iter().map(|delivery| delivery.n_items).collect();
    assert_eq!(n_items, [2, 25, 25, 25, 25, 25, 25, 100]);
    assert_eq!(tracker.runs().await, [history.outcome]);
}

#[tokio::test(start_paused = true)]
async fn subjects_that_are_not_cut_do_not_wait_for_those_that_are() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    refuse_above(&tracker, 50);
    let large = History::of(1, Capability::ALL, vec![measured(0..800)]);
    let small: Vec<_> = (2..6).map(|n| History::of(n, Capability::ALL, vec![measured(0..10)])).collect();
    scene.log(&large.batches);
    for history in &small {
        scene.log(&history.batches);
    }
    assert_eq!(scene.caught_up("memory").await.dead, 0);
    let subjects: Vec<_> = tracker.delivered().into_iter().map(|delivery| delivery.subject).collect();
    assert_eq!(subjects.len(), 4 + 1 + 16);
    let large_id = Subject::Run(large.outcome.id.clone());
    assert!(subjects[..4].iter().all(|subject| *subject != large_id), "{subjects:?}");
    let mut expected = vec![large.outcome];
    expected.extend(small.into_iter().map(|history| history.outcome));
    assert_eq!(tracker.runs().await, expected);
    assert!(scene.log.marks("memory", vec![large_id]).await.unwrap()[0].as_ref().unwrap().cuts.is_empty());
}
