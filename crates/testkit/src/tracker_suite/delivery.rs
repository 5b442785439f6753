//! What arrives at a destination, once and in order.

use trackside_core::{ErrorKind, Event, RunBatch, RunStarted, RunStatus, RunUpdate, TrackerInterface};

use super::history::{History, deliver};
use crate::{
    Inspect,
    fixture::{at, key, params, point, points, tags},
};

fn status(status: RunStatus) -> Event {
    Event::Updated(RunUpdate { status: Some(status), ..RunUpdate::default() })
}

pub async fn the_name_is_fit_for_labels_and_never_changes(tracker: &dyn TrackerInterface, _: &dyn Inspect) {
    let name = tracker.name().to_owned();
    assert!(!name.is_empty());
    assert_eq!(name, name.to_lowercase());
    deliver(tracker, &History::of(1, tracker.capability(), vec![]).batches).await;
    assert_eq!(tracker.name(), name);
}

pub async fn a_probe_writes_nothing(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let before = inspect.runs().await;
    tracker.probe().await.unwrap();
    assert_eq!(inspect.runs().await, before);
}

pub async fn a_run_begins_with_its_first_batch(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let history = History::of(1, tracker.capability(), vec![]);
    deliver(tracker, &history.batches).await;
    assert_eq!(inspect.runs().await, [history.outcome]);
}

pub async fn every_kind_of_event_arrives(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let history = History::of_every_kind(1, tracker.capability());
    deliver(tracker, &history.batches).await;
    tracker.flush().await.unwrap();
    assert_eq!(inspect.runs().await, [history.outcome]);
}

pub async fn later_events_prevail(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let named = |name: &str| Event::Updated(RunUpdate { name: Some(name.to_owned()), ..RunUpdate::default() });
    let mut events = vec![status(RunStatus::Failed), named("a"), status(RunStatus::Running), named("b")];
    if tracker.capability().tags {
        events.extend([tags(&[("k", "1"), ("k", "2")]), Event::TagDeleted(key("k")), tags(&[("k", "3"), ("l", "1")])]);
        events.extend([tags(&[("l", "2")]), Event::TagDeleted(key("first"))]);
    }
    if tracker.capability().deletion {
        events.extend([Event::Deleted(at(1)), Event::Restored, Event::Deleted(at(2)), Event::Restored]);
    }
    let history = History::of(1, tracker.capability(), events);
    deliver(tracker, &history.batches).await;
    assert_eq!(inspect.runs().await, [history.outcome]);
}

pub async fn every_double_step_and_time_arrives(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    if !tracker.capability().points {
        return;
    }
    let extremes = [i64::MIN, -1, 0, 1, i64::MAX];
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MAX, f64::from_bits(1), 0.1];
    let all: Vec<_> = extremes
        .iter()
        .flat_map(|step| extremes.map(|time| (*step, time)))
        .zip(values.iter().cycle())
        .map(|((step, time), value)| point(step, time, *value))
        .collect();
    let history = History::of(1, tracker.capability(), vec![points("m", &all)]);
    deliver(tracker, &history.batches).await;
    assert_eq!(inspect.runs().await, [history.outcome]);
}

pub async fn runs_are_kept_apart(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let capability = tracker.capability();
    let mut histories: Vec<_> = (1..=3).map(|n| History::pseudo_random(7, n, capability)).collect();
    let elsewhere = &mut histories[2];
    let started = elsewhere.batches[0].started.take();
    elsewhere.batches[0].started = started.map(|started| RunStarted { experiment: key("elsewhere"), ..started });
    elsewhere.outcome.experiment = key("elsewhere");
    for n in 0..histories[0].batches.len() {
        for history in &histories {
            tracker.deliver(&history.batches[n]).await.unwrap();
        }
    }
    let outcomes: Vec<_> = histories.into_iter().map(|history| history.outcome).collect();
    assert_eq!(inspect.runs().await, outcomes);
}

pub async fn events_of_an_unknown_run_are_not_found(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let known = History::of(1, tracker.capability(), vec![]);
    deliver(tracker, &known.batches).await;
    for batch in &History::of_every_kind(2, tracker.capability()).batches[1..] {
        let error = tracker.deliver(batch).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{batch:?}");
    }
    assert_eq!(inspect.runs().await, [known.outcome]);
}

pub async fn a_batch_may_be_empty(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let history = History::of_every_kind(1, tracker.capability());
    deliver(tracker, &history.batches).await;
    let first = &history.batches[0];
    deliver(tracker, &[RunBatch { started: None, events: vec![], last: first.last, ..first.clone() }]).await;
    assert_eq!(inspect.runs().await, [history.outcome]);
}

pub async fn hostile_texts_arrive_as_they_are(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let capability = tracker.capability();
    let hostile = [("a'b", "'; DROP TABLE runs; --"), ("ä🦀", "\"\\`%_\n\t"), ("a/b c.d", "")];
    let events = [params(&hostile), tags(&hostile)].into_iter().filter(|event| capability.allows(event)).collect();
    let history = History::of(1, capability, events);
    deliver(tracker, &history.batches).await;
    assert_eq!(inspect.runs().await, [history.outcome]);
}
