use std::time::Duration;

use trackside_core::{Batch, Capability, ErrorKind, Event, RunBatch};
use trackside_fanout::{Policy, Retried};
use trackside_testkit::{
    DeliveryFault, Inspect, MemoryTracker,
    fixture::{params, point, points, tags},
    tracker_suite::history::History,
};

use crate::scene::scene;

fn has_param(batch: &Batch, value: &str) -> bool {
    let Batch::Run(RunBatch { events, .. }) = batch else { return false };
    let params = events.iter().filter_map(|event| match event {
        Event::Params(params) => Some(params),
        _ => None,
    });
    params.flatten().any(|param| param.value == value)
}

fn with_a_bad_param() -> History {
    let events =
        vec![params(&[("a", "1"), ("b", "bad"), ("c", "3")]), points("m", &[point(1, 1, 0.5)]), tags(&[("t", "1")])];
    History::of(1, Capability::ALL, events)
}

#[tokio::test(start_paused = true)]
async fn only_what_is_refused_becomes_a_dead_letter() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    tracker.refuse_when(|batch| has_param(batch, "bad").then_some(ErrorKind::Invalid));
    let history = with_a_bad_param();
    scene.log(&history.batches);
    let status = scene.caught_up("memory").await;
    assert_eq!(status.dead, 1);
    let mut without = history.outcome.clone();
    without.params.retain(|_, value| value != "bad");
    assert_eq!(tracker.runs().await, [without]);

    let letters = scene.fanout.dead_letters(Some("memory"), 0, 10).await.unwrap();
    assert_eq!((letters.len(), letters[0].letter.batch.n_items()), (1, 1));
    assert!(!letters[0].letter.reason.is_empty());

    let retried = scene.fanout.retry_dead_letters("memory", None).await.unwrap();
    assert_eq!(retried, Retried { delivered: 0, failed: 1 });
    tracker.refuse_when(|_| None);
    let retried = scene.fanout.retry_dead_letters("memory", Some(vec![letters[0].id])).await.unwrap();
    assert_eq!(retried, Retried { delivered: 1, failed: 0 });
    assert_eq!(tracker.runs().await, [history.outcome]);
    assert_eq!(scene.status("memory").await.dead, 0);
}

#[tokio::test(start_paused = true)]
async fn letters_can_be_discarded() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    tracker.refuse_when(|batch| has_param(batch, "bad").then_some(ErrorKind::Invalid));
    scene.log(&with_a_bad_param().batches);
    scene.until("memory", |status| status.dead == 1).await;
    assert_eq!(scene.fanout.discard_dead_letters("memory", Some(vec![99])).await.unwrap(), 0);
    assert_eq!(scene.fanout.discard_dead_letters("memory", None).await.unwrap(), 1);
    assert_eq!(scene.status("memory").await.dead, 0);
    assert_eq!(scene.fanout.dead_letters(Some("nobody"), 0, 1).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_refuses_everything_is_not_asked_for_each_point() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    let of_points =
        |batch: &Batch| matches!(batch, Batch::Run(run) if run.events.iter().any(|e| matches!(e, Event::Points(_))));
    tracker.refuse_when(move |batch| of_points(batch).then_some(ErrorKind::Invalid));
    let many: Vec<_> = (0..5_000).map(|step| point(step, step, 1.0)).collect();
    scene.log(&History::of(1, Capability::ALL, vec![points("m", &many)]).batches);
    let status = scene.caught_up("memory").await;
    assert!(status.dead < 50, "{}", status.dead);
    let letters = scene.fanout.dead_letters(None, 0, 100).await.unwrap();
    let held: u64 = letters.iter().map(|letter| letter.letter.batch.n_items()).sum();
    assert_eq!(held, 5_000, "none is lost");
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_alone_keeps_failing_is_given_up_and_the_rest_goes_on() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    tracker.refuse_when(|batch| has_param(batch, "bad").then_some(ErrorKind::Unavailable));
    let bad = with_a_bad_param();
    let good = History::pseudo_random(2, 2, Capability::ALL);
    scene.log(&bad.batches);
    scene.log(&good.batches);
    let status = scene.until("memory", |status| status.dead == 1 && status.lag.entries == 0).await;
    assert!(status.failures["unavailable"] >= 20);
    assert!(tracker.run(&good.outcome.id).is_some_and(|run| run == good.outcome));
}

#[tokio::test(start_paused = true)]
async fn without_its_beginning_a_run_is_parked() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    tracker.refuse_when(|batch| batch.begins().then_some(ErrorKind::Denied));
    let history = History::pseudo_random(1, 1, Capability::ALL);
    let (first, second) = history.batches.split_at(5);
    scene.log(first);
    scene.until("memory", |status| status.dead == 1).await;
    tracker.refuse_when(|_| None);
    scene.log(second);
    let status = scene.caught_up("memory").await;
    assert_eq!((status.dead, tracker.runs().await), (1, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_letter_waits_while_other_events_of_its_run_are_under_way() {
    let scene = scene();
    let policy = Policy { timeout: Duration::from_hours(1), ..Policy::default() };
    let tracker = scene.add_with(MemoryTracker::new(), policy).await;
    tracker.refuse_when(|batch| has_param(batch, "bad").then_some(ErrorKind::Invalid));
    let history = with_a_bad_param();
    let (first, second) = history.batches.split_at(history.batches.len() - 1);
    scene.log(first);
    assert_eq!(scene.caught_up("memory").await.dead, 1);
    tracker.refuse_when(|_| None);
    tracker.fail_next(1, DeliveryFault::Hang);
    scene.log(second);
    tokio::time::sleep(Duration::from_secs(10)).await;
    // Its memory is that from before what is under way.
    let retried = scene.fanout.retry_dead_letters("memory", None).await.unwrap();
    assert_eq!(retried, Retried { delivered: 0, failed: 1 });
    scene.caught_up("memory").await;
    let retried = scene.fanout.retry_dead_letters("memory", None).await.unwrap();
    assert_eq!(retried, Retried { delivered: 1, failed: 0 });
    assert_eq!(tracker.runs().await, [history.outcome]);
}
