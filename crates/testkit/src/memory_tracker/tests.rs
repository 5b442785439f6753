use std::{
    future::{Ready, ready},
    sync::Arc,
};

use super::*;
use crate::tracker_suite::history::History;

type Peer = Ready<(Arc<dyn TrackerInterface>, Arc<dyn Inspect>, ())>;

/// The tracker is its own far side.
fn peer(capability: Capability) -> Peer {
    let tracker = Arc::new(MemoryTracker::with_capability(capability));
    ready((tracker.clone(), tracker, ()))
}

mod whole {
    use super::*;

    fn make() -> Peer {
        peer(Capability::ALL)
    }

    crate::tracker_suite_any_cut!(make);
}

mod restricted {
    use super::*;

    fn make() -> Peer {
        peer(Capability { points: true, params: true, ..Capability::default() })
    }

    crate::tracker_suite!(make);
}

#[tokio::test]
async fn merging_two_batches_has_the_effect_of_both_in_turn() {
    for seed in 0..300 {
        let history = History::pseudo_random(seed, 1, Capability::ALL);
        let (apart, together) = (MemoryTracker::new(), MemoryTracker::new());
        for place in 1..history.batches.len() {
            let [first, second] = history.cut_at(place);
            apart.deliver(&first, None).await.unwrap();
            apart.deliver(&second, None).await.unwrap();
            together.deliver(&first.merge(second).unwrap(), None).await.unwrap();
            assert_eq!(apart.runs().await, together.runs().await, "seed {seed} cut at {place}");
        }
        assert_eq!(together.runs().await, [history.outcome], "seed {seed}");
    }
}

#[tokio::test]
async fn injected_faults_come_in_turn_and_tell_before_from_after() {
    let tracker = MemoryTracker::new();
    let history = History::pseudo_random(1, 1, Capability::ALL);
    let first = &history.batches[0];
    tracker.fail_next(2, DeliveryFault::Before(ErrorKind::Unavailable));
    tracker.fail_next(1, DeliveryFault::After(ErrorKind::Throttled));
    for _ in 0..2 {
        assert_eq!(tracker.deliver(first, None).await.unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(tracker.run(&history.outcome.id), None);
    }
    assert_eq!(tracker.deliver(first, None).await.unwrap_err().kind(), ErrorKind::Throttled);
    assert!(tracker.run(&history.outcome.id).is_some());
    assert_eq!(tracker.deliver(first, Some("m")).await.unwrap().memory.as_deref(), Some("1"));
    let delivery = |memory: Option<&str>| Delivery {
        subject: first.subject(),
        last: first.last(),
        n_items: first.n_items(),
        memory: memory.map(str::to_owned),
    };
    assert_eq!(tracker.delivered(), [delivery(None), delivery(Some("m"))]);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_may_hang_or_take_its_time() {
    let tracker = MemoryTracker::new();
    let history = History::pseudo_random(1, 1, Capability::ALL);
    let deliver = || tokio::time::timeout(Duration::from_secs(10), tracker.deliver(&history.batches[0], None));
    tracker.fail_next(1, DeliveryFault::Hang);
    tracker.fail_next(1, DeliveryFault::Slow(Duration::from_secs(5)));
    deliver().await.unwrap_err();
    assert_eq!(tracker.run(&history.outcome.id), None);
    deliver().await.unwrap().unwrap();
    assert!(tracker.run(&history.outcome.id).is_some());
}

#[tokio::test]
async fn a_rule_refuses_batches_and_out_of_reach_everything() {
    let tracker = MemoryTracker::new();
    let history = History::pseudo_random(1, 1, Capability::ALL);
    tracker.refuse_when(|batch| (!batch.begins()).then_some(ErrorKind::Invalid));
    tracker.deliver(&history.batches[0], None).await.unwrap();
    assert_eq!(tracker.deliver(&history.batches[1], None).await.unwrap_err().kind(), ErrorKind::Invalid);
    tracker.probe().await.unwrap();
    tracker.set_out_of_reach(Some(ErrorKind::Denied));
    assert_eq!(tracker.deliver(&history.batches[0], None).await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(tracker.probe().await.unwrap_err().kind(), ErrorKind::Denied);
    tracker.set_out_of_reach(None);
    tracker.deliver(&history.batches[0], None).await.unwrap();
}

#[tokio::test]
async fn what_is_held_back_is_let_go_of_once_a_run_was_quiet_for_an_interval() {
    let tracker = MemoryTracker::new().with_keep_alive(Duration::from_secs(30)).letting_go();
    let subject = Subject::Run(RunId::fresh(1));
    let sign = async |memory, secs| tracker.keep_alive(&subject, Some(memory), Duration::from_secs(secs)).await;
    assert_eq!(sign("7", 29).await.unwrap(), None);
    assert_eq!(sign("7", 30).await.unwrap().as_deref(), Some("7, let go"));
    assert_eq!(sign("7, let go", 60).await.unwrap(), None);
    tracker.fail_next_signs(1, DeliveryFault::Before(ErrorKind::Unavailable));
    assert_eq!(sign("8", 30).await.unwrap_err().kind(), ErrorKind::Unavailable);
    let heard: Vec<_> = tracker.beats().into_iter().map(|beat| (beat.memory.unwrap(), beat.quiet.as_secs())).collect();
    assert_eq!(heard, [("7".to_owned(), 29), ("7".to_owned(), 30), ("7, let go".to_owned(), 60)]);
}
