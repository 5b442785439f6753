//! Beyond the contract: histories that come again from any point, with overlaps, without their memory.

use trackside_core::{Batch, Event, RunBatch, TrackerInterface};

use super::{
    courier::Courier,
    history::History,
    redelivery::{histories, histories_of},
};
use crate::{
    Inspect,
    fixture::{at, key, params, tags},
};

/// Delivers, forgetting before each batch what was to be remembered.
async fn deliver_without_memory(courier: &mut Courier<'_>, batches: &[Batch]) {
    for batch in batches {
        courier.forget();
        courier.insist(batch, 1).await;
    }
}

pub async fn each_batch_may_come_twice_without_memory(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let histories = histories(courier.terms());
    for batch in histories.iter().flat_map(|history| &history.batches) {
        deliver_without_memory(&mut courier, &[batch.clone(), batch.clone()]).await;
    }
    courier.assert_runs(&histories).await;
}

pub async fn a_history_may_come_again_from_any_point(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let histories = histories(courier.terms());
    for (n, history) in histories.iter().enumerate() {
        deliver_without_memory(&mut courier, &history.batches).await;
        deliver_without_memory(&mut courier, &history.batches[n * 2 % history.batches.len()..]).await;
        deliver_without_memory(&mut courier, &history.batches).await;
    }
    courier.assert_runs(&histories).await;
}

pub async fn a_history_may_be_cut_anew(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let histories = histories_of(3, courier.terms());
    for (place, history) in (1..).zip(&histories) {
        let [first, second] = history.cut_at(place);
        let batches = [first.clone(), second.clone(), second, first, history.merged()];
        deliver_without_memory(&mut courier, &batches).await;
    }
    courier.assert_runs(&histories).await;
}

pub async fn a_batch_cut_short_may_come_again_whole(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let histories = histories_of(4, courier.terms());
    for (n, history) in histories.iter().enumerate() {
        let Batch::Run(whole) = history.merged() else { unreachable!("histories are of runs") };
        let events = whole.events[..n.min(whole.events.len())].to_vec();
        let half = Batch::Run(RunBatch { events, ..whole.clone() });
        deliver_without_memory(&mut courier, &[half, Batch::Run(whole)]).await;
    }
    courier.assert_runs(&histories).await;
}

pub async fn later_batches_may_come_again_alone(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    if !courier.terms().capability.tags {
        return;
    }
    let events = vec![tags(&[("k", "1")]), Event::TagDeleted(key("k")), Event::TagDeleted(key("first"))];
    let history = History::of(1, courier.terms(), events);
    deliver_without_memory(&mut courier, &history.batches).await;
    deliver_without_memory(&mut courier, &history.batches[2..]).await;
    deliver_without_memory(&mut courier, &history.batches[3..]).await;
    courier.assert_runs(&[history]).await;
}

pub async fn a_late_batch_leaves_a_run_in_the_bin(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    if !courier.terms().capability.deletion {
        return;
    }
    let mut events = courier.allowed(vec![params(&[("p", "1")]), tags(&[("k", "1")]), Event::TagDeleted(key("k"))]);
    events.push(Event::Deleted(at(5)));
    let history = History::of(1, courier.terms(), events);
    deliver_without_memory(&mut courier, &history.batches).await;
    for late in &history.batches[..history.batches.len() - 1] {
        deliver_without_memory(&mut courier, std::slice::from_ref(late)).await;
        if !matches!(late, Batch::Run(late) if late.events.iter().any(|event| matches!(event, Event::Tags(_)))) {
            courier.assert_runs(std::slice::from_ref(&history)).await;
        }
    }
}
