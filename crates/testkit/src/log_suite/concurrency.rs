//! Many who write while others read.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use trackside_core::{
    Batch, ErrorKind, Event, RunId, Seq, Store,
    store::{Log, LogRange},
};

use super::scene::{EVERYTHING, SINK, end, entries, experiment, logged, move_to, positions};
use crate::fixture::{new_run, params, point, points};

const RUNS: u128 = 8;
const APPENDS: i64 = 25;

/// The steps that an entry holds.
fn steps(batch: &Batch) -> Vec<i64> {
    let Batch::Run(batch) = batch else { panic!("only runs were written") };
    let points =
        batch.events.iter().filter_map(|event| if let Event::Points(points) = event { Some(points) } else { None });
    points.flatten().map(|point| point.point.step).collect()
}

async fn write(store: &dyn Store, run: &RunId) {
    for step in 0..APPENDS {
        store.append(run, vec![points("m", &[point(step, step, 0.5)])]).await.unwrap();
    }
}

async fn runs(store: &dyn Store) -> Vec<RunId> {
    let experiment = experiment(store, "e").await;
    let mut runs = Vec::new();
    for n in 1..=RUNS {
        runs.push(store.create_run(new_run(experiment, n)).await.unwrap().info.id);
    }
    runs
}

pub async fn readers_see_a_prefix_without_gaps(store: &dyn Store, log: &dyn Log) {
    let runs = runs(store).await;
    log.open_cursor(SINK).await.unwrap();
    let total = usize::try_from(RUNS).unwrap() * usize::try_from(APPENDS).unwrap();
    let follow = async || {
        let mut seen: BTreeMap<RunId, Vec<i64>> = BTreeMap::new();
        let (mut after, mut n_entries) = (Seq(0), 0);
        while n_entries < total {
            log.wait_log(after).await.unwrap();
            let range = LogRange { after, max_bytes: 1_000, ..EVERYTHING };
            for entry in log.read_log(range).await.unwrap() {
                assert!(entry.batch.last() > after);
                after = entry.batch.last();
                n_entries += 1;
                let Batch::Run(batch) = &entry.batch else { panic!("only runs were written") };
                seen.entry(batch.run.clone()).or_default().extend(steps(&entry.batch));
            }
        }
        assert!(seen.values().all(|steps| *steps == (0..APPENDS).collect::<Vec<_>>()), "{seen:?}");
    };
    let writers = join_all(runs.iter().map(|run| write(store, run)));
    join(writers, join_all((0..3).map(|_| follow()))).await;
}

pub async fn the_log_has_what_was_acknowledged_and_nothing_else(store: &dyn Store, log: &dyn Log) {
    let runs = runs(store).await;
    log.open_cursor(SINK).await.unwrap();
    let attempts = runs.iter().flat_map(|run| (0..APPENDS).map(move |step| (run, step)));
    let results = join_all(attempts.map(|(run, step)| async move {
        // Of rival values of the param one wins.
        let rival = params(&[("p", &(step % 3).to_string())]);
        let result = store.append(run, vec![points("m", &[point(step, step, 0.5)]), rival]).await;
        assert!(result.as_ref().err().is_none_or(|error| error.kind() == ErrorKind::Conflict));
        result.is_ok().then_some((run.clone(), step))
    }))
    .await;
    let mut acknowledged: Vec<_> = results.into_iter().flatten().collect();
    let mut in_log: Vec<_> = Vec::new();
    for batch in logged(log).await {
        let Batch::Run(run) = &batch else { panic!("only runs were written") };
        in_log.extend(steps(&batch).into_iter().map(|step| (run.run.clone(), step)));
    }
    acknowledged.sort();
    in_log.sort();
    assert_eq!(in_log, acknowledged);
    assert_eq!(log.log_size().await.unwrap().entries, acknowledged.len() as u64);
}

pub async fn a_cursor_opened_under_load_misses_nothing_that_comes_after_it(store: &dyn Store, log: &dyn Log) {
    let runs = runs(store).await;
    for round in 0..4 {
        let sink = format!("sink-{round}");
        let marker = async {
            log.open_cursor(&sink).await.unwrap();
            // Answered after the cursor was, so it must be in the log.
            let step = 1_000 + round;
            store.append(&runs[0], vec![points("late", &[point(step, step, 0.5)])]).await.unwrap();
            step
        };
        let (_, step) = join(join_all(runs.iter().map(|run| write(store, run))), marker).await;
        let logged = entries(log).await;
        assert!(logged.iter().any(|entry| steps(&entry.batch) == [step]), "round {round}");
        let newest = log.open_cursor(&sink).await.unwrap();
        assert!(newest.lag.entries <= logged.len() as u64);
        move_to(log, &sink, end(log).await).await;
        log.close_cursor(&sink).await.unwrap();
        assert_eq!(positions(log).await, []);
    }
}
