//! The bin: what is in it, and what leaves it for good.

use trackside_core::{
    ErrorKind, Event, ExperimentChange, ExperimentId, LoggedModelChange, LoggedModelId, PageRequest, Query, RunId,
    Store, TraceChange, TraceId, fault,
    query::View,
    store::{BinEntry, BinItem, BinKind, BinQuery},
};

use super::{
    assessments,
    scene::{assert_fault, experiment, read_run, run},
    traces,
};
use crate::fixture::{at, new_logged_model, new_run, new_trace, pair, params, point, points, span, span_batch, tags};

async fn listed(store: &dyn Store, query: BinQuery) -> Vec<BinItem> {
    store.bin(query).await.unwrap().into_iter().map(|entry| entry.item).collect()
}

const fn all(kind: BinKind) -> BinQuery {
    BinQuery { kind, deleted_until: None, experiment: None, after: 0, limit: 100 }
}

/// Run number `n`, deleted at that time.
async fn deleted_run(store: &dyn Store, experiment: ExperimentId, n: u128, time: i64) -> BinItem {
    BinItem::Run(run(store, experiment, n, vec![Event::Deleted(at(time))]).await)
}

/// Logged model number `n`, deleted at that time.
async fn deleted_model(store: &dyn Store, experiment: ExperimentId, n: u128, time: i64) -> BinItem {
    let id = store.create_logged_model(new_logged_model(experiment, n)).await.unwrap().id;
    store.change_logged_model(&id, LoggedModelChange::Delete, at(time)).await.unwrap();
    BinItem::LoggedModel(id)
}

async fn delete(store: &dyn Store, experiment: ExperimentId, time: i64) {
    store.change_experiment(experiment, ExperimentChange::Delete, at(time)).await.unwrap();
}

/// Removes something with all its rows.
async fn remove(store: &dyn Store, item: &BinItem) {
    store.doom(item, None).await.unwrap();
    while store.purge(item).await.unwrap() {}
}

pub async fn only_what_is_deleted_is_in_the_bin(store: &dyn Store) {
    let [first, second] = [experiment(store, "a").await, experiment(store, "b").await];
    run(store, first, 1, vec![]).await;
    let gone = deleted_run(store, first, 2, 5_000).await;
    let model = deleted_model(store, first, 1, 6_000).await;
    store.create_logged_model(new_logged_model(first, 2)).await.unwrap();
    delete(store, second, 7_000).await;

    assert_eq!(listed(store, all(BinKind::Runs)).await, std::slice::from_ref(&gone));
    assert_eq!(listed(store, all(BinKind::LoggedModels)).await, [model]);
    assert_eq!(listed(store, all(BinKind::Experiments)).await, [BinItem::Experiment(second)]);
    let BinItem::Run(id) = &gone else { unreachable!() };
    let info = read_run(store, id).await.info;
    let entry = store.binned(&gone).await.unwrap().unwrap();
    let expected = BinEntry { item: gone, deleted_at: at(5_000), artifact_uri: info.artifact_uri, place: entry.place };
    assert_eq!(entry, expected);
}

pub async fn what_is_in_use_is_not_in_the_bin(store: &dyn Store) {
    let experiment = experiment(store, "a").await;
    let active = BinItem::Run(run(store, experiment, 1, vec![]).await);
    for item in [active, BinItem::Experiment(experiment)] {
        assert_eq!(store.binned(&item).await.unwrap(), None);
        assert_fault(store.doom(&item, None).await, &fault::not_in_bin(&item));
        assert_eq!(store.purge(&item).await.unwrap_err().kind(), ErrorKind::Conflict);
    }
    for unknown in [
        BinItem::Run(RunId::fresh(9)),
        BinItem::LoggedModel(LoggedModelId::fresh(9)),
        BinItem::Experiment(ExperimentId::new(99)),
    ] {
        assert_eq!(store.binned(&unknown).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(store.doom(&unknown, None).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(store.purge(&unknown).await.unwrap_err().kind(), ErrorKind::NotFound);
    }
}

pub async fn the_bin_is_listed_by_age_experiment_and_page(store: &dyn Store) {
    let [first, second] = [experiment(store, "a").await, experiment(store, "b").await];
    let old = deleted_run(store, first, 1, 1_000).await;
    let young = deleted_run(store, first, 2, 9_000).await;
    let other = deleted_run(store, second, 3, 5_000).await;
    let runs = all(BinKind::Runs);
    let until = BinQuery { deleted_until: Some(at(5_000)), ..runs.clone() };
    assert_eq!(listed(store, until.clone()).await, [old.clone(), other.clone()]);
    let of_first = BinQuery { experiment: Some(first), ..runs.clone() };
    assert_eq!(listed(store, of_first).await, [old.clone(), young.clone()]);

    let (mut found, mut after) = (Vec::new(), 0);
    while let Some(entry) = store.bin(BinQuery { after, limit: 1, ..runs.clone() }).await.unwrap().pop() {
        after = entry.place;
        found.push(entry.item);
    }
    assert_eq!(found, [old, young.clone(), other]);

    // What was begun is found again, whatever its age.
    store.doom(&young, None).await.unwrap();
    assert!(listed(store, until).await.contains(&young));
}

pub async fn what_is_too_young_is_not_doomed(store: &dyn Store) {
    let experiment = experiment(store, "a").await;
    let item = deleted_run(store, experiment, 1, 5_000).await;
    assert_fault(store.doom(&item, Some(at(4_999))).await, &fault::too_young(&item));
    assert_eq!(store.purge(&item).await.unwrap_err().kind(), ErrorKind::Conflict, "it was not doomed");
    store.doom(&item, Some(at(5_000))).await.unwrap();
    store.doom(&item, Some(at(0))).await.unwrap();
}

pub async fn what_is_doomed_cannot_be_restored(store: &dyn Store) {
    let [kept, emptied] = [experiment(store, "a").await, experiment(store, "b").await];
    let item = deleted_run(store, kept, 1, 5_000).await;
    let BinItem::Run(id) = item.clone() else { unreachable!() };
    let other = run(store, kept, 2, vec![]).await;
    delete(store, kept, 6_000).await;
    store.doom(&item, None).await.unwrap();
    assert_fault(store.append(&id, vec![Event::Restored]).await, &fault::doomed(&item));
    store.change_experiment(kept, ExperimentChange::Restore, at(7_000)).await.unwrap();
    assert!(store.binned(&item).await.unwrap().is_some(), "it stays where it is");
    assert_eq!(store.binned(&BinItem::Run(other)).await.unwrap(), None);

    delete(store, emptied, 8_000).await;
    let item = BinItem::Experiment(emptied);
    store.doom(&item, None).await.unwrap();
    let restored = store.change_experiment(emptied, ExperimentChange::Restore, at(9_000)).await;
    assert_fault(restored, &fault::doomed(&item));
}

pub async fn a_removed_run_is_gone_and_its_neighbours_are_not(store: &dyn Store) {
    let experiment = experiment(store, "a").await;
    let many: Vec<_> = (0..50).map(|n| point(n, 1_000 + n, 1.5)).collect();
    let events = || vec![points("m", &many), params(&[("p", "1")]), tags(&[("t", "1")])];
    let gone = run(store, experiment, 1, events()).await;
    let kept = run(store, experiment, 2, events()).await;
    let before = read_run(store, &kept).await;
    store.append(&gone, vec![Event::Deleted(at(5_000))]).await.unwrap();
    remove(store, &BinItem::Run(gone.clone())).await;

    assert_eq!(store.run(&gone).await.unwrap(), None);
    assert_fault(store.append(&gone, vec![Event::Restored]).await, &fault::run_not_found(&gone));
    assert_eq!(read_run(store, &kept).await, before);
    let query = Query { view: View::All, ..Query::default() };
    let found = store.search_runs(vec![experiment], query, PageRequest::first(9)).await.unwrap().items;
    assert_eq!(found, [before]);
    // Its id is free again.
    store.create_run(new_run(experiment, 1)).await.unwrap();
    assert_eq!(read_run(store, &gone).await.metrics, []);
}

pub async fn a_removed_logged_model_is_gone(store: &dyn Store) {
    let experiment = experiment(store, "a").await;
    let item = deleted_model(store, experiment, 1, 5_000).await;
    let BinItem::LoggedModel(id) = &item else { unreachable!() };
    assert!(store.logged_model(id, true).await.unwrap().is_some());
    remove(store, &item).await;
    assert_eq!(store.logged_model(id, true).await.unwrap(), None);
    assert_eq!(listed(store, all(BinKind::LoggedModels)).await, []);
}

pub async fn an_experiment_is_removed_when_it_is_empty(store: &dyn Store) {
    let id = experiment(store, "a").await;
    let item = BinItem::Experiment(id);
    let events = vec![points("m", &[point(1, 1, 1.0)]), Event::Deleted(at(4_000))];
    let inside = [BinItem::Run(run(store, id, 1, events).await), deleted_model(store, id, 1, 4_000).await];
    delete(store, id, 5_000).await;
    for inner in &inside {
        assert_fault(store.doom(&item, None).await, &fault::experiment_not_empty(id));
        remove(store, inner).await;
    }
    remove(store, &item).await;
    assert_eq!(store.experiment(id).await.unwrap(), None);
    // Its name is free, its id is not used again.
    let again = experiment(store, "a").await;
    assert!(again > id, "{again} after {id}");
}

pub async fn an_experiment_takes_its_traces_along(store: &dyn Store) {
    let [id, other] = [experiment(store, "a").await, experiment(store, "b").await];
    let spans = (0..450).map(|n| span(&format!("{n:016x}"), None, 1)).collect();
    store.append_spans(id, vec![span_batch(1, spans), span_batch(2, vec![span("a", None, 1)])]).await.unwrap();
    store.append_spans(other, vec![span_batch(3, vec![span("a", None, 1)])]).await.unwrap();
    store.change_trace(&TraceId::fresh(2), TraceChange::SetTag(pair("k", "v"))).await.unwrap();
    store.create_assessment(assessments::new(1, 2, "1.0")).await.unwrap();
    delete(store, id, 5_000).await;
    let item = BinItem::Experiment(id);
    assert_fault(store.purge(&item).await, &fault::not_in_bin(&item));
    remove(store, &item).await;
    assert_eq!(store.experiment(id).await.unwrap(), None);
    let left = store.traces([1, 2, 3].map(TraceId::fresh).into(), None).await.unwrap();
    assert_eq!(left.into_iter().map(|trace| trace.id).collect::<Vec<_>>(), [TraceId::fresh(3)]);
    assert_eq!(store.spans(&TraceId::fresh(1)).await.unwrap(), []);
    assert_eq!(store.spans(&TraceId::fresh(3)).await.unwrap().len(), 1);
    // Of its traces nothing is left that another of the same id could meet.
    store.describe_trace(new_trace(other, 2)).await.unwrap();
    assert_eq!(traces::read(store, 2).await.assessments, []);
}
