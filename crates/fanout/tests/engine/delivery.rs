use std::{sync::Arc, time::Duration};

use trackside_core::{Batch, Capability, ErrorKind};
use trackside_fanout::{Fanout, Limits, Policy, SinkState};
use trackside_testkit::{DeliveryFault, Inspect, MemoryTracker, tracker_suite::history::History};

use crate::scene::{history, parts, scene, without_artifacts};

#[tokio::test(start_paused = true)]
async fn everything_reaches_every_sink_in_order() {
    let scene = scene();
    let first = scene.add(MemoryTracker::new().named("first")).await;
    let second = scene.add(MemoryTracker::new().named("second")).await;
    let histories: Vec<History> = (1..20).map(history).collect();
    let longest = histories.iter().map(|history| history.batches.len()).max().unwrap();
    for n in 0..longest {
        for history in &histories {
            scene.log(history.batches.get(n..=n).unwrap_or_default());
        }
    }
    let expected: Vec<_> = histories.iter().map(|history| history.outcome.clone()).collect();
    for (name, tracker) in [("first", &first), ("second", &second)] {
        let status = scene.caught_up(name).await;
        assert_eq!(tracker.runs().await, expected);
        assert_eq!((status.state, status.dead, status.withheld.total()), (SinkState::Ok, 0, 0));
        let items: u64 = histories.iter().flat_map(|history| &history.batches).map(Batch::n_items).sum();
        assert_eq!(status.delivered, items);
    }
    assert_eq!(scene.log_entries().await, 0, "what all have is removed");
}

#[tokio::test(start_paused = true)]
async fn neighbours_of_one_run_are_merged() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    scene.log(&without_artifacts(1).batches);
    scene.caught_up("memory").await;
    assert_eq!(tracker.delivered().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_sink_cannot_represent_is_withheld_and_counted() {
    let scene = scene();
    let capability = Capability { points: true, ..Capability::default() };
    let tracker = scene.add(MemoryTracker::with_capability(capability)).await;
    let history = History::of_every_kind(1, Capability::ALL);
    scene.log(&history.batches);
    let status = scene.caught_up("memory").await;
    let items: u64 = history.batches.iter().map(Batch::n_items).sum();
    // Tags that the run begins with are withheld although they are no item of their own.
    let first_tags = 2;
    assert_eq!(status.delivered + status.withheld.total(), items + first_tags);
    assert_eq!(tracker.runs().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn temporary_failures_of_any_sort_lose_nothing() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    for fault in [
        DeliveryFault::Before(ErrorKind::Unavailable),
        DeliveryFault::After(ErrorKind::Throttled),
        DeliveryFault::Hang,
        DeliveryFault::After(ErrorKind::Unavailable),
        DeliveryFault::Slow(Duration::from_secs(5)),
    ] {
        tracker.fail_next(2, fault);
    }
    tracker.set_out_of_reach(Some(ErrorKind::Unavailable));
    let histories: Vec<History> = (1..6).map(history).collect();
    for history in &histories {
        scene.log(&history.batches);
    }
    scene.until("memory", |status| status.state == SinkState::Open).await;
    tracker.set_out_of_reach(None);
    let status = scene.caught_up("memory").await;
    assert_eq!(tracker.runs().await, histories.iter().map(|history| history.outcome.clone()).collect::<Vec<_>>());
    assert!(status.last_error.is_some() && status.failures["unavailable"] > 3, "{status:?}");
    assert_eq!(status.state, SinkState::Ok);
}

#[tokio::test(start_paused = true)]
async fn one_sink_in_trouble_does_not_delay_another() {
    let scene = scene();
    let hanging = scene.add(MemoryTracker::new().named("hanging")).await;
    let healthy = scene.add(MemoryTracker::new().named("healthy")).await;
    hanging.fail_next(1_000, DeliveryFault::Hang);
    scene.log(&history(1).batches);
    scene.caught_up("healthy").await;
    assert_eq!(healthy.runs().await, [history(1).outcome]);
    assert!(scene.status("hanging").await.lag.entries > 0);
    assert!(hanging.runs().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_paused_sink_gets_nothing_until_it_is_resumed() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    scene.fanout.pause("memory").await.unwrap();
    scene.log(&history(1).batches);
    tokio::time::sleep(Duration::from_hours(1)).await;
    let status = scene.status("memory").await;
    assert_eq!((status.state, status.delivered), (SinkState::Paused, 0));
    assert!(tracker.delivered().is_empty());
    scene.fanout.resume("memory").await.unwrap();
    scene.caught_up("memory").await;
    assert_eq!(tracker.runs().await, [history(1).outcome]);
}

#[tokio::test(start_paused = true)]
async fn pausing_interrupts_a_delivery_that_hangs() {
    let scene = scene();
    let tracker = scene.add(MemoryTracker::new()).await;
    tracker.fail_next(1, DeliveryFault::Hang);
    scene.log(&history(1).batches);
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.fanout.pause("memory").await.unwrap();
    scene.fanout.resume("memory").await.unwrap();
    scene.caught_up("memory").await;
    assert_eq!(tracker.runs().await, [history(1).outcome]);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_is_replaced_goes_on_at_its_place() {
    let scene = scene();
    let old = scene.add(MemoryTracker::new()).await;
    let history = history(1);
    let (first, second) = history.batches.split_at(5);
    scene.log(first);
    scene.caught_up("memory").await;
    scene.fanout.withdraw("memory").await.unwrap();
    scene.log(second);
    assert_eq!(scene.status("memory").await.state, SinkState::NotConfigured);
    scene.put(&old, Policy::default()).await;
    scene.caught_up("memory").await;
    assert_eq!(old.runs().await, [history.outcome]);
    let delivered = old.delivered();
    assert_eq!(delivered[1].memory.as_deref(), Some(delivered[0].last.0.to_string()).as_deref());
}

#[tokio::test(start_paused = true)]
async fn only_a_sink_that_is_out_of_use_can_be_forgotten() {
    let scene = scene();
    scene.add(MemoryTracker::new()).await;
    assert_eq!(scene.fanout.forget("memory").await.unwrap_err().kind(), ErrorKind::Conflict);
    scene.fanout.withdraw("memory").await.unwrap();
    scene.log(&history(1).batches);
    scene.fanout.forget("memory").await.unwrap();
    assert_eq!(scene.log_entries().await, 0);
    assert_eq!(scene.fanout.forget("memory").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn closing_lets_sinks_catch_up_and_does_not_wait_for_the_dead() {
    let scene = scene();
    let healthy = scene.add(MemoryTracker::new().named("healthy")).await;
    let dead = scene.add(MemoryTracker::new().named("dead")).await;
    dead.set_out_of_reach(Some(ErrorKind::Unavailable));
    scene.log(&history(1).batches);
    scene.fanout.close(Duration::from_mins(1)).await;
    assert_eq!(healthy.runs().await, [history(1).outcome]);
    assert!(scene.log_entries().await > 0, "the dead one's events wait");

    // The next process.
    dead.set_out_of_reach(None);
    let next = crate::scene::Scene {
        fanout: Fanout::start(parts(&scene.log, Limits::default())),
        log: Arc::clone(&scene.log),
    };
    assert_eq!(next.status("dead").await.state, SinkState::NotConfigured);
    next.put(&dead, Policy::default()).await;
    next.caught_up("dead").await;
    assert_eq!(dead.runs().await, [history(1).outcome]);
}
