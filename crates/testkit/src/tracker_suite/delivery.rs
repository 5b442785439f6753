//! What arrives at a destination, once and in order.

use trackside_core::{Batch, ErrorKind, Event, RunBatch, RunStatus, RunUpdate, Seq, TrackerInterface};

use super::{courier::Courier, history::History};
use crate::{
    Inspect,
    fixture::{artifact, artifact_stored, at, key, params, point, points, tags},
};

fn status(status: RunStatus) -> Event {
    Event::Updated(RunUpdate { status: Some(status), ..RunUpdate::default() })
}

pub async fn the_name_is_fit_for_labels_and_never_changes(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let name = tracker.name().to_owned();
    assert!(!name.is_empty());
    assert_eq!(name, name.to_lowercase());
    courier.deliver(&History::of(1, courier.terms(), vec![]).batches).await;
    assert_eq!(tracker.name(), name);
}

pub async fn a_probe_writes_nothing(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let before = inspect.runs().await;
    tracker.probe().await.unwrap();
    assert_eq!(inspect.runs().await, before);
}

pub async fn a_run_begins_with_its_first_batch(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let history = History::of(1, courier.terms(), vec![]);
    courier.deliver(&history.batches).await;
    courier.assert_runs(&[history]).await;
}

pub async fn every_kind_of_event_arrives(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let history = History::of_every_kind(1, courier.terms());
    courier.deliver(&history.batches).await;
    courier.assert_runs(&[history]).await;
}

pub async fn later_events_prevail(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let named = |name: &str| Event::Updated(RunUpdate { name: Some(name.to_owned()), ..RunUpdate::default() });
    let mut events = vec![status(RunStatus::Failed), named("a"), status(RunStatus::Running), named("b")];
    if courier.terms().capability.tags {
        events.extend([tags(&[("k", "1"), ("k", "2")]), Event::TagDeleted(key("k")), tags(&[("k", "3"), ("l", "1")])]);
        events.extend([tags(&[("l", "2")]), Event::TagDeleted(key("first"))]);
    }
    if courier.terms().capability.deletion {
        events.extend([Event::Deleted(at(1)), Event::Restored, Event::Deleted(at(2)), Event::Restored]);
    }
    let history = History::of(1, courier.terms(), events);
    courier.deliver(&history.batches).await;
    courier.assert_runs(&[history]).await;
}

pub async fn every_double_step_and_time_arrives(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    if !courier.terms().capability.points {
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
    let history = History::of(1, courier.terms(), vec![points("m", &all)]);
    courier.deliver(&history.batches).await;
    courier.assert_runs(&[history]).await;
}

pub async fn runs_are_kept_apart(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let events = History::pseudo_random_events(7, courier.terms());
    let begin = |(n, experiment)| History::within(experiment, n, courier.terms(), events.clone());
    let histories = [(1, "e"), (2, "e"), (3, "elsewhere")].map(begin);
    for n in 0..histories[0].batches.len() {
        for history in &histories {
            courier.insist(&history.batches[n], 1).await;
        }
    }
    courier.assert_runs(&histories).await;
}

pub async fn events_of_an_unknown_run_are_not_found(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let known = History::of(1, courier.terms(), vec![]);
    courier.deliver(&known.batches).await;
    for batch in &History::of_every_kind(2, courier.terms()).batches[1..] {
        let error = courier.attempt(batch).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{batch:?}");
    }
    courier.assert_runs(&[known]).await;
}

pub async fn a_batch_may_be_empty(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    let history = History::of_every_kind(1, courier.terms());
    courier.deliver(&history.batches).await;
    let (run, last) = (history.outcome.id.clone(), Seq(history.batches.len() as u64 + 1));
    courier.insist(&Batch::Run(RunBatch { run, started: None, events: vec![], last }), 2).await;
    courier.assert_runs(&[history]).await;
}

pub async fn hostile_texts_arrive_as_they_are(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    if courier.terms().limits.plain_texts {
        return;
    }
    let hostile = [("a'b", "'; DROP TABLE runs; --"), ("ä🦀", "\"\\`%_\n\t"), ("a/b c.d", "")];
    let events = courier.allowed(vec![params(&hostile), tags(&hostile)]);
    let history = History::of(1, courier.terms(), events);
    courier.deliver(&history.batches).await;
    courier.assert_runs(&[history]).await;
}

pub async fn artifacts_arrive_and_go(tracker: &dyn TrackerInterface, inspect: &dyn Inspect) {
    let mut courier = Courier::new(tracker, inspect).await;
    if !courier.terms().capability.artifacts {
        return;
    }
    let removed = |path| Event::ArtifactDeleted(artifact(path));
    let events = vec![
        artifact_stored("a b/ä-0.bin", 0),
        artifact_stored("top-100000.bin", 100_000),
        artifact_stored("d/e/f-3.bin", 3),
        artifact_stored("d/g-4.bin", 4),
        artifact_stored("dd/g-4.bin", 4),
        // Stored again, as when a client tries twice.
        artifact_stored("dd/g-4.bin", 4),
        removed("d"),
        removed("top-100000.bin"),
        removed("never/was"),
        artifact_stored("d/g-4.bin", 4),
    ];
    let histories = [1, 2].map(|n| History::of(n, courier.terms(), events.clone()));
    courier.deliver(&histories[0].batches).await;
    courier.insist(&histories[1].merged(), 2).await;
    courier.assert_runs(&histories).await;
}
