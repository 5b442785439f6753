//! Delivered again, whole or in part, cut differently or merged: the effect is that of once.

use trackside_core::{Event, RunBatch, TrackerInterface};

use super::history::{History, deliver};
use crate::{
    Inspect,
    fixture::{at, key, params, point, points, tags},
};

/// Enough that every pair of kinds of event has met; each costs a destination a few hundred calls.
const SEEDS: std::ops::Range<u64> = 0..12;

/// A few histories, of runs with different numbers.
fn histories(tracker: &dyn TrackerInterface) -> Vec<History> {
    let capability = tracker.capability();
    let drawn = SEEDS.map(|seed| History::pseudo_random(seed, u128::from(seed) + 2, capability));
    std::iter::once(History::of_every_kind(1, capability)).chain(drawn).collect()
}

/// The destination shows these runs and no others.
async fn assert_outcomes(inspect: &dyn Inspect, histories: Vec<History>) {
    let outcomes: Vec<_> = histories.into_iter().map(|history| history.outcome).collect();
    assert_eq!(inspect.runs().await, outcomes);
}

pub async fn each_batch_may_come_twice_in_a_row(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let histories = histories(tracker);
    for batch in histories.iter().flat_map(|history| &history.batches) {
        deliver(tracker, &[batch.clone(), batch.clone()]).await;
    }
    assert_outcomes(inspect, histories).await;
}

pub async fn a_history_may_come_again_from_any_point(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let histories = histories(tracker);
    for (n, history) in histories.iter().enumerate() {
        deliver(tracker, &history.batches).await;
        deliver(tracker, &history.batches[n * 2 % history.batches.len()..]).await;
        deliver(tracker, &history.batches).await;
    }
    assert_outcomes(inspect, histories).await;
}

pub async fn a_merged_batch_has_the_effect_of_its_parts(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let histories = histories(tracker);
    for history in &histories {
        deliver(tracker, &[history.merged(), history.merged()]).await;
    }
    assert_outcomes(inspect, histories).await;
}

pub async fn a_history_may_be_cut_anywhere(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let capability = tracker.capability();
    let uncut = History::pseudo_random(3, 1, capability);
    let mut cut = Vec::new();
    for place in 1..uncut.batches.len() {
        let history = History::pseudo_random(3, place as u128, capability);
        let [first, second] = history.cut_at(place);
        deliver(tracker, &[first.clone(), second.clone(), second, first, history.merged()]).await;
        cut.push(history);
    }
    assert_outcomes(inspect, cut).await;
}

pub async fn a_batch_cut_short_may_come_again_whole(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let capability = tracker.capability();
    let n_events = History::pseudo_random(4, 1, capability).merged().events.len();
    let mut histories = Vec::new();
    for n in 0..n_events {
        let history = History::pseudo_random(4, n as u128 + 1, capability);
        let whole = history.merged();
        let half = RunBatch { events: whole.events[..n].to_vec(), ..whole.clone() };
        deliver(tracker, &[half, whole]).await;
        histories.push(history);
    }
    assert_outcomes(inspect, histories).await;
}

pub async fn a_point_delivered_again_is_there_once(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    if !tracker.capability().points {
        return;
    }
    let all = [f64::NAN, f64::INFINITY, 0.0, 1.5].map(|value| point(1, 1, value));
    let history = History::of(1, tracker.capability(), vec![points("m", &all[..3]), points("m", &all[1..])]);
    for _ in 0..3 {
        deliver(tracker, &history.batches).await;
    }
    assert_outcomes(inspect, vec![history]).await;
}

pub async fn a_removed_tag_stays_removed(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    if !tracker.capability().tags {
        return;
    }
    let events = vec![tags(&[("k", "1")]), Event::TagDeleted(key("k")), Event::TagDeleted(key("first"))];
    let history = History::of(1, tracker.capability(), events);
    deliver(tracker, &history.batches).await;
    deliver(tracker, &history.batches[2..]).await;
    deliver(tracker, &history.batches[3..]).await;
    assert_outcomes(inspect, vec![history]).await;
}

pub async fn a_run_in_the_bin_may_be_delivered_again(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    if !tracker.capability().deletion {
        return;
    }
    let events = vec![params(&[("p", "1")]), points("m", &[point(1, 1, 1.0)]), tags(&[("k", "1")])];
    let mut events: Vec<_> = events.into_iter().filter(|event| tracker.capability().allows(event)).collect();
    events.push(Event::Deleted(at(5)));
    let history = History::of(1, tracker.capability(), events);
    deliver(tracker, &[history.merged(), history.merged()]).await;
    deliver(tracker, &history.batches).await;
    assert_outcomes(inspect, vec![history]).await;
}
