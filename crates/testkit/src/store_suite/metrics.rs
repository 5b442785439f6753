//! Points of metrics: their identity, their history and which of them is the latest.

use trackside_core::{ErrorKind, Event, LatestMetric, PageRequest, Point, RunId, Store, store::HistoryQuery};

use super::scene::{append, assert_kind, history, lone_run, read_run, refuses_forged_tokens, walk};
use crate::fixture::{key, metric, point, points, value};

fn page_of(run: &RunId, page: PageRequest) -> HistoryQuery {
    HistoryQuery { run: run.clone(), key: key("m"), limit: Some(page.limit), after: page.after, since: None }
}

async fn latest(store: &dyn Store, run: &RunId) -> Vec<LatestMetric> {
    read_run(store, run).await.metrics
}

pub async fn every_double_reads_back(store: &dyn Store) {
    let id = lone_run(store, vec![]).await;
    let values = [
        ("nan", f64::NAN),
        ("inf", f64::INFINITY),
        ("-inf", f64::NEG_INFINITY),
        ("-0", -0.0),
        ("max", f64::MAX),
        ("min", f64::MIN),
        ("tiny", f64::from_bits(1)),
        ("third", 1.0 / 3.0),
        ("integer", 9_007_199_254_740_993.0),
    ];
    append(store, &id, values.iter().map(|(name, number)| value(name, *number)).collect()).await;
    for (name, number) in values {
        let expected = point(0, 0, number);
        assert_eq!(history(store, &id, name).await, [expected], "{name}");
        let latest = latest(store, &id).await.into_iter().find(|metric| metric.key == key(name));
        assert_eq!(latest.map(|metric| metric.point), Some(expected), "{name}");
    }
}

pub async fn extreme_steps_and_times_read_back(store: &dyn Store) {
    let extremes = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
    let all: Vec<Point> = extremes.iter().flat_map(|time| extremes.map(|step| point(step, *time, 0.5))).collect();
    let id = lone_run(store, vec![points("m", &all)]).await;
    assert_eq!(history(store, &id, "m").await, all);
    assert_eq!(latest(store, &id).await[0].point, point(i64::MAX, i64::MAX, 0.5));
}

pub async fn a_point_written_twice_is_there_once(store: &dyn Store) {
    let twice = [point(1, 2, 3.5), point(1, 2, 3.5)];
    let id = lone_run(store, vec![points("m", &twice), points("m", &twice)]).await;
    append(store, &id, vec![points("m", &twice)]).await;
    assert_eq!(history(store, &id, "m").await, [point(1, 2, 3.5)]);
}

pub async fn nan_is_one_value_and_so_is_zero(store: &dyn Store) {
    let other_nan = f64::from_bits(f64::NAN.to_bits() | 1 << 63 | 5);
    let id = lone_run(store, vec![value("nan", f64::NAN), value("nan", other_nan), value("zero", 0.0)]).await;
    append(store, &id, vec![value("nan", -f64::NAN), value("zero", -0.0)]).await;
    assert_eq!(history(store, &id, "nan").await, [point(0, 0, f64::NAN)]);
    assert_eq!(history(store, &id, "zero").await, [point(0, 0, 0.0)]);
}

pub async fn points_that_differ_in_one_field_are_all_kept(store: &dyn Store) {
    let all = [point(0, 0, -1.0), point(0, 0, 1.0), point(1, 0, -1.0), point(0, 1, -1.0)];
    let id = lone_run(store, vec![points("m", &all), points("other", &all[..1])]).await;
    append(store, &id, vec![value("m", f64::NAN)]).await;
    let expected = [point(0, 0, -1.0), point(0, 0, f64::NAN), point(0, 0, 1.0), point(1, 0, -1.0), point(0, 1, -1.0)];
    assert_eq!(history(store, &id, "m").await, expected);
    assert_eq!(history(store, &id, "other").await, all[..1]);
}

pub async fn the_latest_point_does_not_depend_on_the_order_of_arrival(store: &dyn Store) {
    let by_recency = [
        point(-1, 99, 99.0),
        point(1, 1, f64::NEG_INFINITY),
        point(1, 1, -1.0),
        point(1, 1, f64::NAN),
        point(1, 1, 1.0),
        point(1, 2, -9.0),
        point(2, 0, -9.0),
    ];
    let id = lone_run(store, vec![]).await;
    for (n, latest_index) in (1..by_recency.len()).enumerate() {
        let (upwards, downwards, batch) = (format!("up-{n}"), format!("down-{n}"), format!("batch-{n}"));
        let part = &by_recency[..=latest_index];
        for point in part {
            append(store, &id, vec![points(&upwards, &[*point])]).await;
        }
        for point in part.iter().rev() {
            append(store, &id, vec![points(&downwards, &[*point])]).await;
        }
        append(store, &id, vec![points(&batch, part), points(&batch, &part[..1])]).await;
        let read = latest(store, &id).await;
        for name in [upwards, downwards, batch] {
            let found = read.iter().find(|metric| metric.key.as_str() == name).unwrap();
            assert_eq!(found.point, by_recency[latest_index], "{name}");
        }
    }
}

pub async fn history_goes_by_time_then_step_then_value(store: &dyn Store) {
    let ordered = [
        point(9, -1, 0.0),
        point(-1, 1, 5.0),
        point(1, 1, f64::NEG_INFINITY),
        point(1, 1, -0.5),
        point(1, 1, f64::NAN),
        point(1, 1, 0.5),
        point(1, 1, f64::INFINITY),
        point(0, 2, 0.0),
    ];
    let shuffled: Vec<Point> = [3, 0, 7, 5, 1, 6, 4, 2].map(|n| ordered[n]).into();
    let id = lone_run(store, vec![points("m", &shuffled)]).await;
    assert_eq!(history(store, &id, "m").await, ordered);
}

pub async fn history_pages_are_disjoint_complete_and_in_order(store: &dyn Store) {
    let ordered: Vec<Point> = (0..10).map(|n| point(n / 2, n / 4, if n % 2 == 0 { f64::NAN } else { -1.0 })).collect();
    let id = lone_run(store, vec![points("m", &ordered), points("other", &ordered)]).await;
    let whole = history(store, &id, "m").await;
    assert_eq!(whole.len(), 10);
    for limit in [1, 3, 5, 10, 11] {
        assert_eq!(walk(limit, |page| store.history(page_of(&id, page))).await, whole, "pages of {limit}");
    }
    let first = store.history(page_of(&id, PageRequest::first(3))).await.unwrap();
    let rest = store
        .history(HistoryQuery { run: id, key: key("m"), limit: None, after: first.next, since: None })
        .await
        .unwrap();
    assert_eq!((rest.items.as_slice(), rest.next), (&whole[3..], None));
}

pub async fn points_that_come_in_between_neither_repeat_nor_hide_others(store: &dyn Store) {
    let id = lone_run(store, vec![points("m", &[1, 3, 5, 7].map(|step| point(step, step, 0.5)))]).await;
    let first = store.history(page_of(&id, PageRequest::first(2))).await.unwrap();
    assert_eq!(first.items, [1, 3].map(|step| point(step, step, 0.5)));
    append(store, &id, vec![points("m", &[0, 2, 4, 8].map(|step| point(step, step, 0.5)))]).await;
    let second = store.history(page_of(&id, PageRequest { limit: 2, after: first.next })).await.unwrap();
    assert_eq!(second.items, [4, 5].map(|step| point(step, step, 0.5)));
    let third = store.history(page_of(&id, PageRequest { limit: 2, after: second.next })).await.unwrap();
    assert_eq!((third.items.as_slice(), third.next), (&[7, 8].map(|step| point(step, step, 0.5))[..], None));
}

pub async fn a_history_may_begin_after_any_point(store: &dyn Store) {
    let ordered = [
        point(i64::MAX, -1, f64::INFINITY),
        point(1, 1, f64::NEG_INFINITY),
        point(1, 1, 0.0),
        point(1, 1, f64::NAN),
        point(1, 1, 0.5),
        point(i64::MIN, 2, f64::NAN),
    ];
    let id = lone_run(store, vec![points("m", &ordered), points("other", &ordered)]).await;
    let since = async |since: Point, limit| {
        let query = HistoryQuery { run: id.clone(), key: key("m"), limit, after: None, since: Some(since) };
        store.history(query).await.unwrap()
    };
    for (n, known) in ordered.iter().enumerate() {
        let rest = since(*known, None).await;
        assert_eq!((rest.items.as_slice(), rest.next), (&ordered[n + 1..], None), "after {known:?}");
    }
    assert_eq!(since(point(0, 1, 9.0), None).await.items, ordered[1..]);
    assert_eq!(since(point(1, 1, 0.25), None).await.items, ordered[4..]);
    let page = since(ordered[0], Some(2)).await;
    assert_eq!(page.items, ordered[1..3]);
    let rest = store.history(page_of(&id, PageRequest { limit: 9, after: page.next.clone() })).await.unwrap();
    assert_eq!(rest.items, ordered[3..]);
    let both = HistoryQuery { since: Some(ordered[0]), ..page_of(&id, PageRequest { limit: 9, after: page.next }) };
    assert_kind(store.history(both).await, ErrorKind::Invalid, "not both");
}

pub async fn forged_history_tokens_are_invalid(store: &dyn Store) {
    let id = lone_run(store, vec![value("m", 1.0)]).await;
    refuses_forged_tokens(|page| store.history(page_of(&id, page))).await;
}

pub async fn unknown_runs_and_metrics_have_no_history(store: &dyn Store) {
    let id = lone_run(store, vec![value("m", 1.0)]).await;
    assert_eq!(history(store, &id, "M").await, []);
    assert_eq!(history(store, &RunId::fresh(2), "m").await, []);
}

pub async fn latest_metrics_are_sorted_by_key(store: &dyn Store) {
    let names = ["b", "ä", "B", "", "a/b c"];
    let points = names.map(|name| metric(name, point(1, 1, 1.0)));
    let id = lone_run(store, vec![Event::Points(points.into())]).await;
    let keys: Vec<_> = latest(store, &id).await.into_iter().map(|metric| metric.key).collect();
    assert_eq!(keys, ["", "B", "a/b c", "b", "ä"].map(key));
}

pub async fn a_batch_may_hold_thousands_of_points(store: &dyn Store) {
    let all: Vec<_> =
        (0..5_000).map(|step| metric(if step % 2 == 0 { "even" } else { "odd" }, point(step, 0, 0.1))).collect();
    let id = lone_run(store, vec![Event::Points(all)]).await;
    let even: Vec<_> = (0..2_500).map(|half| point(2 * half, 0, 0.1)).collect();
    assert_eq!(history(store, &id, "even").await, even);
    assert_eq!(latest(store, &id).await[1].point, point(4_999, 0, 0.1));
}
