//! Telling the peer which runs live.

use std::{sync::Arc, time::Duration};

use trackside_core::{Batch, Capability, RunId, Seq, Subject};
use trackside_fanout::{Fanout, Limits, Policy};
use trackside_testkit::{
    Beat, DeliveryFault, Inspect, MemoryTracker,
    fixture::{params, tags},
    tracker_suite::history::History,
};

use crate::scene::{Scene, parts, scene};

const INTERVAL: Duration = Duration::from_secs(30);

fn tracker() -> MemoryTracker {
    MemoryTracker::new().with_keep_alive(INTERVAL).letting_go()
}

fn begun(n: u128) -> History {
    History::of(n, Capability::ALL, vec![params(&[("p", "1")]), tags(&[("t", "1")])])
}

fn said_to_live(tracker: &MemoryTracker) -> Vec<Subject> {
    tracker.beats().into_iter().map(|beat| beat.subject).collect()
}

/// A scene with this run, of which the rest is yet to be logged.
async fn quiet_run(tracker: MemoryTracker) -> (Scene, Arc<MemoryTracker>, Vec<Batch>, Subject) {
    let scene = scene();
    let tracker = scene.add(tracker).await;
    let mut history = begun(1);
    let rest = history.batches.split_off(1);
    scene.log(&history.batches);
    scene.caught_up("memory").await;
    (scene, tracker, rest, Subject::Run(history.outcome.id))
}

#[tokio::test(start_paused = true)]
async fn runs_that_live_are_said_to_live() {
    let (_scene, tracker, _, subject) = quiet_run(MemoryTracker::new().with_keep_alive(INTERVAL)).await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(said_to_live(&tracker), vec![subject; 3]);
    assert_eq!(tracker.delivered()[0].last, Seq(1));
}

#[tokio::test(start_paused = true)]
async fn what_a_destination_remembers_of_a_sign_comes_with_the_next_delivery() {
    let (scene, tracker, rest, _) = quiet_run(tracker()).await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    let told: Vec<_> = tracker.beats().into_iter().map(|beat| beat.memory.unwrap()).collect();
    assert_eq!(told, ["1", "1, let go", "1, let go"], "the first comes less than an interval after the delivery");
    scene.fanout.close(Duration::ZERO).await;

    let scene = Scene { fanout: Fanout::start(parts(&scene.log, Limits::default())), log: scene.log };
    scene.put(&tracker, Policy::default()).await;
    scene.log(&rest);
    scene.caught_up("memory").await;
    assert_eq!(tracker.delivered()[1].memory.as_deref(), Some("1, let go"));
    assert_eq!(tracker.runs().await, [begun(1).outcome]);
}

#[tokio::test(start_paused = true)]
async fn a_run_is_not_quiet_while_something_of_it_is_under_way() {
    let scene = scene();
    let policy = Policy { timeout: Duration::from_hours(1), ..Policy::default() };
    let tracker = scene.add_with(tracker(), policy).await;
    let (busy, quiet) = (begun(1), begun(2));
    scene.log(&busy.batches[..1]);
    scene.log(&quiet.batches);
    scene.caught_up("memory").await;
    tracker.fail_next(1_000, DeliveryFault::Hang);
    scene.log(&busy.batches[1..]);
    tokio::time::sleep(INTERVAL * 2).await;
    let before = tracker.beats().len();
    // Interrupts the delivery.
    scene.fanout.resume("memory").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let told: Vec<Beat> = tracker.beats().split_off(before);
    let [of_busy, of_quiet] = &told[..] else { panic!("two signs: {told:?}") };
    assert_eq!((&of_busy.subject, of_busy.quiet), (&Subject::Run(RunId::fresh(1)), Duration::ZERO));
    assert!(of_quiet.quiet >= INTERVAL, "{of_quiet:?}");
    tracker.recover();
    scene.fanout.resume("memory").await.unwrap();
    scene.caught_up("memory").await;
    assert_eq!(tracker.delivered().last().unwrap().memory.as_deref(), Some("1"), "the memory from before");
    assert_eq!(tracker.runs().await, [busy.outcome, quiet.outcome]);
}

#[tokio::test(start_paused = true)]
async fn one_sign_that_hangs_keeps_neither_other_signs_nor_a_command_waiting() {
    let scene = scene();
    let policy = Policy { timeout: Duration::from_hours(1), concurrency: 2, ..Policy::default() };
    let tracker = scene.add_with(tracker(), policy).await;
    let histories: Vec<History> = (1..6).map(begun).collect();
    for history in &histories {
        scene.log(&history.batches[..1]);
    }
    scene.caught_up("memory").await;
    tokio::time::sleep(INTERVAL * 3 / 2).await;
    assert_eq!(tracker.beats().len(), 5, "all in the first turn, and nothing let go of");
    tracker.fail_next_signs(1, DeliveryFault::Hang);
    tokio::time::sleep(INTERVAL).await;
    assert_eq!(tracker.beats().len(), 9, "all but the first");

    scene.fanout.pause("memory").await.unwrap();
    scene.fanout.resume("memory").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let told = said_to_live(&tracker);
    assert_eq!((told.len(), told.last()), (10, Some(&Subject::Run(RunId::fresh(1)))), "the turn is taken to its end");

    for history in &histories {
        scene.log(&history.batches[1..]);
    }
    scene.caught_up("memory").await;
    let memories: Vec<_> = tracker.delivered().into_iter().skip(5).map(|delivery| delivery.memory.unwrap()).collect();
    assert_eq!(memories.len(), 5);
    assert!(
        memories.iter().all(|memory| memory.ends_with(", let go")),
        "what was answered by then counts: {memories:?}"
    );
}
