//! Many callers at once: nothing is lost, nothing is half done, and of two rivals one wins.

use futures_util::{
    FutureExt,
    future::{join, join_all},
};
use trackside_core::{ErrorKind, Event, Store, ledger::Origin};

use super::{
    registered_models::{model, read_model},
    scene::{append, experiment, history, lone_run, read_run, run},
};
use crate::fixture::{key, new_experiment, new_model_version, new_run, params, point, points, tag_list, tags, value};

const CALLERS: i64 = 64;

/// Events that tell who wrote them.
fn mark(n: i64) -> Vec<Event> {
    let name = format!("k{n:02}");
    let pair = [(name.as_str(), "v")];
    vec![points("m", &[point(n, n, 0.5), point(-1, -1, 0.5)]), params(&pair), tags(&pair)]
}

pub async fn nothing_is_lost_when_many_append_to_one_run(store: &dyn Store) {
    let id = lone_run(store, vec![]).await;
    join_all((0..CALLERS).map(|n| append(store, &id, mark(n)))).await;
    let expected: Vec<_> = (-1..CALLERS).map(|n| point(n, n, 0.5)).collect();
    assert_eq!(history(store, &id, "m").await, expected);
    let read = read_run(store, &id).await;
    let names: Vec<_> = (0..CALLERS).map(|n| format!("k{n:02}")).collect();
    let pairs = tag_list(&names.iter().map(|name| (name.as_str(), "v")).collect::<Vec<_>>());
    assert_eq!((read.metrics[0].point, &read.params, &read.tags), (expected[expected.len() - 1], &pairs, &pairs));
}

pub async fn nothing_is_lost_when_many_append_to_many_runs(store: &dyn Store) {
    let experiment = experiment(store, "e").await;
    let runs = join_all((0..16).map(|n| run(store, experiment, n, vec![]))).await;
    join_all((0..CALLERS).flat_map(|n| runs.iter().map(move |id| append(store, id, mark(n))))).await;
    for id in &runs {
        assert_eq!(history(store, id, "m").await.len(), usize::try_from(CALLERS).unwrap() + 1);
        assert_eq!(read_run(store, id).await.params.len(), usize::try_from(CALLERS).unwrap());
    }
}

pub async fn of_rival_values_of_a_param_exactly_one_wins(store: &dyn Store) {
    let id = lone_run(store, vec![]).await;
    let rivals = (0..CALLERS).map(|n| {
        let id = &id;
        async move {
            let mine = n.to_string();
            let events = vec![points("m", &[point(n, n, 1.0)]), params(&[("p", &mine)])];
            store.append(id, events).await.map(|()| n)
        }
    });
    let (won, lost): (Vec<_>, Vec<_>) = join_all(rivals).await.into_iter().partition(Result::is_ok);
    assert!(lost.iter().all(|result| result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Conflict)));
    let winner = won.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(winner.len(), 1);
    assert_eq!(read_run(store, &id).await.params, tag_list(&[("p", &winner[0].to_string())]));
    assert_eq!(history(store, &id, "m").await, [point(winner[0], winner[0], 1.0)]);
}

pub async fn a_refused_batch_does_not_take_its_neighbours_along(store: &dyn Store) {
    let id = lone_run(store, vec![params(&[("p", "1")])]).await;
    let results = join_all((0..CALLERS).map(|n| {
        let bad = n % 3 == 0;
        let events = vec![points("m", &[point(n, n, 1.0)]), params(&[("p", if bad { "2" } else { "1" })])];
        store.append(&id, events).map(move |result| (bad, result))
    }))
    .await;
    assert!(results.iter().all(|(bad, result)| *bad == result.is_err()));
    let expected: Vec<_> = (0..CALLERS).filter(|n| n % 3 != 0).map(|n| point(n, n, 1.0)).collect();
    assert_eq!(history(store, &id, "m").await, expected);
}

pub async fn of_rivals_for_a_name_or_id_exactly_one_wins(store: &dyn Store) {
    let experiments = join_all((0..16).map(|_| store.create_experiment(new_experiment("e")))).await;
    let id = experiments.iter().find_map(|result| result.as_ref().ok()).expect("one wins").id;
    let runs = join_all((0..16).map(|_| store.create_run(new_run(id, 1)))).await;
    let winners = |oks: Vec<Result<(), ErrorKind>>| {
        assert!(oks.iter().all(|ok| matches!(ok, Ok(()) | Err(ErrorKind::AlreadyExists))));
        oks.iter().filter(|ok| ok.is_ok()).count()
    };
    let outcome = |result: Result<(), trackside_core::Error>| result.map_err(|error| error.kind());
    assert_eq!(winners(experiments.into_iter().map(|result| outcome(result.map(drop))).collect()), 1);
    assert_eq!(winners(runs.into_iter().map(|result| outcome(result.map(drop))).collect()), 1);
}

pub async fn versions_made_at_once_are_numbered_without_gap_or_repetition(store: &dyn Store) {
    model(store, "M").await;
    let made = join_all((0..32).map(|_| store.create_model_version(new_model_version("M"), &Origin::NOBODY))).await;
    let mut numbers: Vec<_> = made.into_iter().map(|version| version.unwrap().number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=32).collect::<Vec<_>>());
    assert_eq!(read_model(store, "M").await.latest_versions[0].number, 32);
}

pub async fn a_reader_never_sees_half_a_batch(store: &dyn Store) {
    let both = |n: i64| {
        let n = n.to_string();
        vec![tags(&[("first", &n)]), value("m", 1.0), tags(&[("second", &n)])]
    };
    let id = lone_run(store, both(-1)).await;
    join_all((0..CALLERS).map(|n| {
        let (id, events) = (&id, both(n));
        async move {
            let (written, read) = join(store.append(id, events), read_run(store, id)).await;
            written.unwrap();
            assert_eq!(read.tags[0].value, read.tags[1].value);
        }
    }))
    .await;
}

pub async fn a_dropped_append_is_whole_or_absent(store: &dyn Store) {
    let id = lone_run(store, vec![]).await;
    for n in 0..CALLERS {
        let name = n.to_string();
        let events = vec![params(&[(&name, "1")]), tags(&[(&name, "1")])];
        drop(store.append(&id, events).now_or_never());
    }
    append(store, &id, vec![tags(&[("last", "1")])]).await;
    let read = read_run(store, &id).await;
    let kept: Vec<_> = read.tags.into_iter().filter(|tag| tag.key != key("last")).collect();
    assert_eq!(read.params, kept);
}
