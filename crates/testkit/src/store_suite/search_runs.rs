//! Which runs a search looks at, their order and their pages; filters are next door.

use futures_util::future::join_all;
use trackside_core::{
    Event, ExperimentId, LoggedModelId, ModelOutput, NewRun, PageRequest, Query, RunId, RunStatus, RunUpdate, Store,
    fault,
    query::{Compare, Filter, Order, RunField, Test, View},
};

use super::scene::{
    ALL, append, assert_fault, experiment, found, lone_run, numbers, read_run, refuses_forged_tokens, run, walk,
};
use crate::fixture::{ascending, at, dataset_input, descending, key, new_run, params, point, points, tags, value};

fn ordered(order: Vec<Order<RunField>>) -> Query<RunField> {
    Query { order, ..Query::default() }
}

async fn started(store: &dyn Store, experiment: ExperimentId, n: u128, time: i64) {
    store.create_run(NewRun { started_at: at(time), ..new_run(experiment, n) }).await.unwrap();
}

pub async fn found_runs_are_whole(store: &dyn Store) {
    let model = LoggedModelId::fresh(1);
    let events = vec![
        params(&[("q", "2"), ("p", "1")]),
        points("n", &[point(1, 1, f64::NAN), point(2, 1, 0.5)]),
        value("m", 1.0),
        tags(&[("u", "2"), ("t", "1")]),
        Event::DatasetInputs(vec![dataset_input("z", "1"), dataset_input("a", "1")]),
        Event::ModelInputs(vec![model.clone()]),
        Event::ModelOutputs(vec![ModelOutput { model, step: 3 }]),
    ];
    let id = lone_run(store, events).await;
    let read = read_run(store, &id).await;
    let page = store.search_runs(vec![read.info.experiment], Query::default(), ALL).await.unwrap();
    assert_eq!((page.items, page.next), (vec![read], None));
}

pub async fn only_runs_of_the_named_experiments_are_found(store: &dyn Store) {
    let (a, b) = (experiment(store, "a").await, experiment(store, "b").await);
    run(store, a, 1, vec![]).await;
    run(store, b, 2, vec![]).await;
    for (experiments, expected) in [
        (vec![], &[][..]),
        (vec![a], &[1]),
        (vec![b, ExperimentId::new(987_654)], &[2]),
        (vec![b, a, b], &[1, 2]),
        ((0..5_000).map(|n| ExperimentId::new(1_000_000 + n)).chain([b]).collect(), &[2]),
    ] {
        let page = store.search_runs(experiments, Query::default(), ALL).await.unwrap();
        assert_eq!(numbers(&page.items), expected);
    }
}

pub async fn the_view_tells_active_and_deleted_runs_apart(store: &dyn Store) {
    let id = experiment(store, "e").await;
    run(store, id, 1, vec![]).await;
    run(store, id, 2, vec![Event::Deleted(at(2_000))]).await;
    for (view, expected) in [(View::Active, &[1][..]), (View::Deleted, &[2]), (View::All, &[1, 2])] {
        assert_eq!(found(store, id, Query { view, ..Query::default() }).await, expected, "{view:?}");
    }
}

pub async fn runs_come_latest_start_first_unless_told_otherwise(store: &dyn Store) {
    let id = experiment(store, "e").await;
    for (n, time) in [(5, 10), (1, i64::MIN), (4, i64::MAX), (2, 10), (3, -10)] {
        started(store, id, n, time).await;
    }
    assert_eq!(found(store, id, Query::default()).await, [4, 2, 5, 3, 1]);
    assert_eq!(found(store, id, ordered(vec![ascending(RunField::StartedAt)])).await, [1, 3, 2, 5, 4]);
}

pub async fn missing_metrics_come_last_and_nan_before_them_in_both_directions(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let values = [f64::NAN, 1.0, f64::INFINITY, f64::NEG_INFINITY, 1.0, f64::NAN, -0.0];
    for (n, number) in (1..).zip(values) {
        run(store, id, n, vec![value("m", number)]).await;
    }
    run(store, id, 8, vec![value("M", 0.0)]).await;
    run(store, id, 9, vec![]).await;
    let metric = RunField::Metric(key("m"));
    assert_eq!(found(store, id, ordered(vec![ascending(metric.clone())])).await, [4, 7, 2, 5, 3, 1, 6, 8, 9]);
    assert_eq!(found(store, id, ordered(vec![descending(metric)])).await, [3, 2, 5, 7, 4, 1, 6, 8, 9]);
}

pub async fn missing_texts_and_ends_come_last_in_both_directions(store: &dyn Store) {
    let id = experiment(store, "e").await;
    for (n, text) in (1..).zip(["10", "9", "ä", "Z", "", "9"]) {
        let ended = RunUpdate { ended_at: Some(at([7, -3, 9, 8, -4, -3][n - 1])), ..RunUpdate::default() };
        let events = vec![params(&[("k", text)]), tags(&[("k", text)]), Event::Updated(ended)];
        run(store, id, n as u128, events).await;
    }
    run(store, id, 7, vec![]).await;
    for field in [RunField::Param(key("k")), RunField::Tag(key("k"))] {
        assert_eq!(found(store, id, ordered(vec![ascending(field.clone())])).await, [5, 1, 2, 6, 4, 3, 7], "{field:?}");
        assert_eq!(
            found(store, id, ordered(vec![descending(field.clone())])).await,
            [3, 4, 2, 6, 1, 5, 7],
            "{field:?}"
        );
    }
    assert_eq!(found(store, id, ordered(vec![ascending(RunField::EndedAt)])).await, [5, 2, 6, 1, 4, 3, 7]);
    assert_eq!(found(store, id, ordered(vec![descending(RunField::EndedAt)])).await, [3, 4, 1, 2, 6, 5, 7]);
}

pub async fn runs_can_be_ordered_by_each_of_their_own_fields(store: &dyn Store) {
    let id = experiment(store, "e").await;
    for (n, name, status) in [(1, "b", RunStatus::Killed), (2, "c", RunStatus::Failed), (3, "a", RunStatus::Finished)] {
        let uri = format!("s3://{name}");
        let new = NewRun { name: name.to_owned(), user: name.to_owned(), artifact_uri: uri, ..new_run(id, n) };
        let run = store.create_run(new).await.unwrap().info.id;
        append(store, &run, vec![Event::Updated(RunUpdate { status: Some(status), ..RunUpdate::default() })]).await;
    }
    for (field, expected) in [
        (RunField::Id, [1, 2, 3]),
        (RunField::Name, [3, 1, 2]),
        (RunField::User, [3, 1, 2]),
        (RunField::ArtifactUri, [3, 1, 2]),
        (RunField::Status, [2, 3, 1]),
    ] {
        let mut reversed = expected;
        reversed.reverse();
        assert_eq!(found(store, id, ordered(vec![ascending(field.clone())])).await, expected, "{field:?}");
        assert_eq!(found(store, id, ordered(vec![descending(field.clone())])).await, reversed, "{field:?}");
    }
}

pub async fn later_criteria_break_ties_and_the_run_id_the_rest(store: &dyn Store) {
    let id = experiment(store, "e").await;
    for (n, text, number) in [(4, "a", 1.0), (3, "b", 1.0), (2, "a", 2.0), (1, "a", 1.0), (5, "b", 2.0)] {
        run(store, id, n, vec![params(&[("p", text)]), value("m", number)]).await;
    }
    let (param, metric) = (RunField::Param(key("p")), RunField::Metric(key("m")));
    let by_both = ordered(vec![descending(param.clone()), ascending(metric)]);
    assert_eq!(found(store, id, by_both).await, [3, 5, 1, 4, 2]);
    assert_eq!(found(store, id, ordered(vec![descending(param)])).await, [3, 5, 1, 2, 4]);
}

/// Twelve runs with ties, NaN and missing values in metric `m`.
async fn twelve_runs(store: &dyn Store) -> ExperimentId {
    let id = experiment(store, "pages").await;
    for n in 1..=12 {
        let events = match n % 4 {
            0 => vec![],
            1 => vec![value("m", f64::NAN)],
            2 => vec![value("m", 1.0)],
            _ => vec![value("m", f64::INFINITY), params(&[("p", "x")])],
        };
        run(store, id, n, events).await;
    }
    id
}

pub async fn run_pages_are_disjoint_complete_and_in_order(store: &dyn Store) {
    let id = twelve_runs(store).await;
    for order in [
        vec![],
        vec![ascending(RunField::Metric(key("m")))],
        vec![descending(RunField::Metric(key("m")))],
        vec![descending(RunField::Param(key("p"))), descending(RunField::EndedAt)],
    ] {
        let query = ordered(order);
        let whole = found(store, id, query.clone()).await;
        assert_eq!(whole.len(), 12);
        for limit in [1, 5, 6, 12, 13] {
            let paged = walk(limit, |page| store.search_runs(vec![id], query.clone(), page)).await;
            assert_eq!(numbers(&paged), whole, "pages of {limit} ordered by {:?}", query.order);
        }
    }
}

pub async fn runs_that_come_in_between_neither_repeat_nor_hide_others(store: &dyn Store) {
    let orders = [
        vec![],
        vec![ascending(RunField::StartedAt)],
        vec![ascending(RunField::Metric(key("m")))],
        vec![descending(RunField::Metric(key("m")))],
        vec![descending(RunField::Param(key("p"))), ascending(RunField::Metric(key("m")))],
    ];
    for (round, order) in (1..).zip(orders) {
        let id = experiment(store, &format!("between-{round}")).await;
        // Runs of even numbers are there throughout, those of odd ones come in between.
        let first = round * 1_000;
        let values = [0.0, 1.0, f64::NAN, 1.0];
        let events = |n: u128| match usize::try_from(n % 5).ok().and_then(|at| values.get(at)) {
            Some(number) => vec![value("m", *number), params(&[("p", if n.is_multiple_of(2) { "a" } else { "b" })])],
            None => vec![],
        };
        for n in 1..=12 {
            run(store, id, first + 2 * n, events(n)).await;
        }
        let query = ordered(order);
        let there = found(store, id, query.clone()).await;
        let (mut seen, mut after, mut odd) = (Vec::new(), None, 0);
        loop {
            let page = PageRequest { limit: 2, after };
            let page = store.search_runs(vec![id], query.clone(), page).await.unwrap();
            seen.extend(numbers(&page.items).into_iter().filter(|n| there.contains(n)));
            // One that is seen already is touched, new ones come before and behind.
            let last = page.items.last().map(|run| run.info.id.clone()).expect("no page is empty");
            append(store, &last, vec![tags(&[("seen", "yes")])]).await;
            for n in 0..2 {
                if odd < 20 {
                    run(store, id, first + 2 * odd + 1, events(odd + n)).await;
                    odd += 1;
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, there, "ordered by {:?}", query.order);
    }
}

pub async fn a_run_token_belongs_to_its_order(store: &dyn Store) {
    let id = twelve_runs(store).await;
    let by = |key_of: &str| ordered(vec![ascending(RunField::Metric(key(key_of)))]);
    let token = store.search_runs(vec![id], by("m"), PageRequest::first(3)).await.unwrap().next;
    for other in [by("n"), ordered(vec![descending(RunField::Metric(key("m")))]), Query::default()] {
        let page = PageRequest { limit: 3, after: token.clone() };
        assert_fault(store.search_runs(vec![id], other, page).await, &fault::invalid_page_token());
    }
}

pub async fn forged_run_tokens_are_invalid(store: &dyn Store) {
    let id = twelve_runs(store).await;
    refuses_forged_tokens(|page| store.search_runs(vec![id], Query::default(), page)).await;
}

pub async fn runs_that_match_are_counted(store: &dyn Store) {
    let (one, other) = (experiment(store, "one").await, experiment(store, "other").await);
    join_all((1..=30).map(|n| run(store, one, n, vec![value("m", if n % 3 == 0 { 1.0 } else { 2.0 })]))).await;
    run(store, other, 31, vec![value("m", 1.0)]).await;
    append(store, &RunId::fresh(3), vec![Event::Deleted(at(2_000))]).await;
    let filter = Filter::Field(RunField::Metric(key("m")), Test::Number(Compare::Equal, 1.0));
    let few = Query { filter, order: vec![descending(RunField::Metric(key("m")))], ..Query::default() };
    assert_eq!(store.count_runs(vec![one], few.clone()).await.unwrap(), 9);
    assert_eq!(store.count_runs(vec![one, other], few.clone()).await.unwrap(), 10);
    assert_eq!(store.count_runs(vec![one], Query { view: View::All, ..few }).await.unwrap(), 10);
    assert_eq!(store.count_runs(vec![one], Query::default()).await.unwrap(), 29);
    assert_eq!(store.count_runs(vec![], Query::default()).await.unwrap(), 0);
}

pub async fn a_page_may_hold_a_thousand_runs(store: &dyn Store) {
    let id = experiment(store, "e").await;
    let events = || vec![value("m", 1.0), params(&[("p", "1")]), tags(&[("t", "1")])];
    join_all((1..=1_200).map(|n| run(store, id, n, events()))).await;
    let page = store.search_runs(vec![id], Query::default(), PageRequest::first(1_100)).await.unwrap();
    assert_eq!(numbers(&page.items), (1..=1_100).collect::<Vec<_>>());
    assert!(page.items.iter().all(|run| (run.metrics.len(), run.params.len(), run.tags.len()) == (1, 1, 1)));
}
