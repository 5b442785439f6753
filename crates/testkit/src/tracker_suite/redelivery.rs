//! The same batch with the same memory, however often, has the effect of once; so has a history whose memory was
//! lost.

use trackside_core::{Event, TrackerInterface};

use super::{courier::Courier, history::History};
use crate::{
    Inspect, Terms,
    fixture::{at, key, params, point, points, tags},
};

/// Enough that every pair of kinds of event has met; each costs a destination a few hundred calls.
const N_SEEDS: u64 = 12;
const FEW_SEEDS: u64 = 3;

/// Runs that are drawn alike and cut differently.
const N_CUTS: u128 = 29;
const FEW_CUTS: u128 = 5;

/// A few histories, of runs with different numbers.
pub(super) fn histories(terms: Terms) -> Vec<History> {
    let n_seeds = if terms.limits.few_histories { FEW_SEEDS } else { N_SEEDS };
    let drawn = (0..n_seeds).map(|seed| History::pseudo_random(seed, u128::from(seed) + 2, terms));
    std::iter::once(History::of_every_kind(1, terms)).chain(drawn).collect()
}

/// The same history of runs 1, 2 and so on.
pub(super) fn histories_of(seed: u64, terms: Terms) -> Vec<History> {
    let n_cuts = if terms.limits.few_histories { FEW_CUTS } else { N_CUTS };
    (1..=n_cuts).map(|n| History::pseudo_random(seed, n, terms)).filter(|history| history.batches.len() > 1).collect()
}

/// A place within a history, another for each number.
fn place(n: usize, history: &History) -> usize {
    1 + n % (history.batches.len() - 1)
}

pub async fn each_batch_may_come_again_with_its_memory(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let histories = histories(courier.terms());
    for batch in histories.iter().flat_map(|history| &history.batches) {
        courier.insist(batch, 3).await;
    }
    courier.assert_runs(&histories).await;
}

pub async fn a_merged_batch_has_the_effect_of_its_parts(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let histories = histories(courier.terms());
    for history in &histories {
        courier.insist(&history.merged(), 2).await;
    }
    courier.assert_runs(&histories).await;
}

pub async fn a_history_may_be_cut_anywhere(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let histories = histories_of(3, courier.terms());
    for (n, history) in histories.iter().enumerate() {
        for part in history.cut_at(place(n, history)) {
            courier.insist(&part, 2).await;
        }
    }
    courier.assert_runs(&histories).await;
}

pub async fn a_batch_that_came_in_halves_may_come_again_whole(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let histories = histories(courier.terms());
    for (n, history) in histories.iter().enumerate() {
        for part in history.cut_at(place(n, history)) {
            courier.insist_after_halves(&part).await;
        }
    }
    courier.assert_runs(&histories).await;
}

pub async fn a_delivery_may_be_dropped_at_any_moment(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let histories = histories_of(5, courier.terms());
    for (n, history) in histories.iter().enumerate() {
        for part in history.cut_at(place(n, history)) {
            courier.interrupt(&part, 1 + n * n / 4).await;
            courier.insist(&part, 1).await;
        }
    }
    courier.assert_runs(&histories).await;
}

pub async fn a_history_may_come_again_when_its_memory_was_lost(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let histories = histories(courier.terms());
    for history in &histories {
        courier.deliver(&history.batches).await;
        courier.forget();
        courier.insist(&history.merged(), 2).await;
        courier.forget();
        courier.deliver(&history.batches).await;
    }
    courier.assert_runs(&histories).await;
}

pub async fn a_history_that_was_cut_short_may_come_again_when_its_memory_was_lost(
    tracker: &dyn TrackerInterface,
    inspect: &dyn Inspect,
) {
    let mut courier = Courier::new(tracker, inspect).await;
    let histories = histories_of(6, courier.terms());
    for (n, history) in histories.iter().enumerate() {
        let place = place(n, history);
        courier.deliver(&history.batches[..place]).await;
        courier.forget();
        // As a catch-up would: what happened so far in one batch, then what happens next.
        for part in history.cut_at(place) {
            courier.insist(&part, 2).await;
        }
    }
    courier.assert_runs(&histories).await;
}

pub async fn a_point_delivered_again_is_there_once(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    if !courier.terms().capability.points {
        return;
    }
    let all = [f64::NAN, f64::INFINITY, 0.0, 1.5].map(|value| point(1, 1, value));
    let history = History::of(1, courier.terms(), vec![points("m", &all[..3]), points("m", &all[1..])]);
    for batch in &history.batches {
        courier.insist(batch, 3).await;
    }
    courier.assert_runs(&[history]).await;
}

pub async fn a_removed_tag_stays_removed(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    if !courier.terms().capability.tags {
        return;
    }
    let events = vec![tags(&[("k", "1")]), Event::TagDeleted(key("k")), Event::TagDeleted(key("first"))];
    let histories = [1, 2].map(|n| History::of(n, courier.terms(), events.clone()));
    for batch in &histories[0].batches {
        courier.insist(batch, 2).await;
    }
    courier.insist(&histories[1].merged(), 2).await;
    courier.assert_runs(&histories).await;
}

pub async fn a_run_in_the_bin_may_be_delivered_again(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    if !courier.terms().capability.deletion {
        return;
    }
    let events = vec![params(&[("p", "1")]), points("m", &[point(1, 1, 1.0)]), tags(&[("k", "1")])];
    let mut events = courier.allowed(events);
    events.push(Event::Deleted(at(5)));
    let history = History::of(1, courier.terms(), events);
    courier.insist(&history.merged(), 2).await;
    courier.forget();
    courier.deliver(&history.batches).await;
    courier.assert_runs(&[history]).await;
}
