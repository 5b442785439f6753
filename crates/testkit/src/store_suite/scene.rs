//! What cases of the suite share: setting a scene in a store, and telling errors and pages apart.

use std::fmt::Debug;

use trackside_core::{
    Error, ErrorKind, Event, Experiment, ExperimentId, Page, PageRequest, PageToken, Point, Result, Run, RunId, Store,
    fault,
    query::{Filter, Query, RunField, Test},
    store::HistoryQuery,
};

use crate::fixture::{self, ascending};

/// Page size of reads that do not care for pages.
pub(super) const ALL: PageRequest = PageRequest::first(1_000);

/// Creates an experiment.
pub(super) async fn experiment(store: &dyn Store, name: &str) -> ExperimentId {
    store.create_experiment(fixture::new_experiment(name)).await.unwrap().id
}

/// Reads an experiment that must be there.
pub(super) async fn read_experiment(store: &dyn Store, id: ExperimentId) -> Experiment {
    store.experiment(id).await.unwrap().expect("the experiment is there")
}

/// Creates run number `n` and appends these events.
pub(super) async fn run(store: &dyn Store, experiment: ExperimentId, n: u128, events: Vec<Event>) -> RunId {
    let id = store.create_run(fixture::new_run(experiment, n)).await.unwrap().info.id;
    append(store, &id, events).await;
    id
}

/// Creates an experiment with run number 1 in it.
pub(super) async fn lone_run(store: &dyn Store, events: Vec<Event>) -> RunId {
    let experiment = experiment(store, "alone").await;
    run(store, experiment, 1, events).await
}

/// Appends events that must be accepted.
pub(super) async fn append(store: &dyn Store, id: &RunId, events: Vec<Event>) {
    store.append(id, events).await.unwrap();
}

/// Reads a run that must be there.
pub(super) async fn read_run(store: &dyn Store, id: &RunId) -> Run {
    store.run(id).await.unwrap().expect("the run is there")
}

/// All points of one metric.
pub(super) async fn history(store: &dyn Store, id: &RunId, key: &str) -> Vec<Point> {
    let query = HistoryQuery { run: id.clone(), key: fixture::key(key), limit: None, after: None, since: None };
    let page = store.history(query).await.unwrap();
    assert_eq!(page.next, None, "nothing follows a history without limit");
    page.items
}

/// Numbers of the runs whose field passes a test, by number.
pub(super) async fn passing(store: &dyn Store, experiment: ExperimentId, field: RunField, test: Test) -> Vec<u128> {
    matching(store, experiment, Filter::Field(field, test)).await
}

/// Numbers of the runs that pass a filter, by number.
pub(super) async fn matching(store: &dyn Store, experiment: ExperimentId, filter: Filter<RunField>) -> Vec<u128> {
    found(store, experiment, Query { filter, order: vec![ascending(RunField::Id)], ..Query::default() }).await
}

/// Numbers of the runs that a query finds, in its order.
pub(super) async fn found(store: &dyn Store, experiment: ExperimentId, query: Query<RunField>) -> Vec<u128> {
    numbers(&store.search_runs(vec![experiment], query, ALL).await.unwrap().items)
}

/// The numbers that [`fixture::new_run`] made the ids from.
pub(super) fn numbers(runs: &[Run]) -> Vec<u128> {
    runs.iter().map(|run| u128::from_str_radix(run.info.id.as_str(), 16).unwrap()).collect()
}

/// Walks through all pages: each but the last is full, none is empty unless it is the only one.
pub(super) async fn walk<T, F: Future<Output = Result<Page<T>>>>(
    limit: usize,
    fetch: impl Fn(PageRequest) -> F,
) -> Vec<T> {
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let page = fetch(PageRequest { limit, after: after.take() }).await.unwrap();
        assert!(page.items.len() <= limit, "a page holds at most what was asked for");
        assert!(items.is_empty() || !page.items.is_empty(), "a token promises that something follows");
        items.extend(page.items);
        match page.next {
            Some(token) => {
                assert_eq!(items.len() % limit, 0, "only the last page is short");
                after = Some(token);
            }
            None => return items,
        }
    }
}

/// Tokens that no store makes.
pub(super) fn forged_tokens() -> Vec<PageToken> {
    ["", "garbage", "-1", "%00", "🦀", "' OR 1=1 --"].map(PageToken::new).into()
}

/// The fault is this one, by kind and by message.
#[track_caller]
pub(super) fn assert_fault<T: Debug>(result: Result<T>, expected: &Error) {
    let error = result.expect_err(expected.message());
    assert_eq!((error.kind(), error.message()), (expected.kind(), expected.message()));
}

/// The fault is of this kind and names this culprit.
#[track_caller]
pub(super) fn assert_kind<T: Debug>(result: Result<T>, kind: ErrorKind, culprit: &str) {
    let error = result.expect_err(culprit);
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.message().contains(culprit), "{error} names {culprit}");
}

/// Every forged token is refused.
pub(super) async fn refuses_forged_tokens<T: Debug, F: Future<Output = Result<Page<T>>>>(
    fetch: impl Fn(PageRequest) -> F,
) {
    for token in forged_tokens() {
        let page = fetch(PageRequest { limit: 10, after: Some(token) }).await;
        assert_fault(page, &fault::invalid_page_token());
    }
}
