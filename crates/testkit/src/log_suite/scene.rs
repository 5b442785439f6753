//! What cases share: a store that is logged, and reading the log.

use trackside_core::{
    Batch, Event, ExperimentId, RunBatch, RunId, Seq, Store, Subject,
    store::{Entry, Log, LogRange, Mark, Progress},
};

use crate::fixture::{new_experiment, new_run, point, points};

/// The sink of cases that need only one.
pub(super) const SINK: &str = "sink";

/// All that can be read.
pub(super) const EVERYTHING: LogRange = LogRange { after: Seq(0), until: None, subject: None, max_bytes: u64::MAX };

/// Creates an experiment.
pub(super) async fn experiment(store: &dyn Store, name: &str) -> ExperimentId {
    store.create_experiment(new_experiment(name)).await.unwrap().id
}

/// Opens the one sink, then creates an experiment with run number 1: the first entry.
pub(super) async fn logged_run(store: &dyn Store, log: &dyn Log) -> RunId {
    log.open_cursor(SINK).await.unwrap();
    let experiment = experiment(store, "e").await;
    store.create_run(new_run(experiment, 1)).await.unwrap().info.id
}

/// Appends one point at each of these steps, an entry each.
pub(super) async fn append_points(store: &dyn Store, run: &RunId, steps: std::ops::Range<i64>) {
    for step in steps {
        store.append(run, vec![points("m", &[point(step, step, 0.5)])]).await.unwrap();
    }
}

/// The batch that those steps make, one entry's worth.
pub(super) fn batch(run: &RunId, events: Vec<Event>) -> Batch {
    Batch::Run(RunBatch { run: run.clone(), started: None, events, last: Seq(0) })
}

/// All entries; positions rise.
pub(super) async fn entries(log: &dyn Log) -> Vec<Entry> {
    let entries = log.read_log(EVERYTHING).await.unwrap();
    assert!(entries.is_sorted_by(|a, b| a.batch.last() < b.batch.last()), "positions rise");
    entries
}

/// What was logged, positions put aside.
pub(super) async fn logged(log: &dyn Log) -> Vec<Batch> {
    let mut batches: Vec<_> = entries(log).await.into_iter().map(|entry| entry.batch).collect();
    for batch in &mut batches {
        batch.set_last(Seq(0));
    }
    batches
}

/// What was logged since the log had so many entries.
pub(super) async fn logged_since(log: &dyn Log, n_entries: usize) -> Vec<Batch> {
    logged(log).await.split_off(n_entries)
}

/// Positions of all entries.
pub(super) async fn positions(log: &dyn Log) -> Vec<Seq> {
    entries(log).await.iter().map(|entry| entry.batch.last()).collect()
}

/// Position of the last entry ever written.
pub(super) async fn end(log: &dyn Log) -> Seq {
    log.log_size().await.unwrap().end
}

/// A step to a position with nothing to tell.
pub(super) fn to(position: Seq) -> Progress {
    Progress { position, ..Progress::default() }
}

/// Moves a cursor to a position.
pub(super) async fn move_to(log: &dyn Log, sink: &str, position: Seq) {
    log.advance(sink, to(position)).await.unwrap();
}

/// Sets marks without moving.
pub(super) async fn set_marks(log: &dyn Log, sink: &str, marks: Vec<(Subject, Option<Mark>)>) {
    let cursor = log.open_cursor(sink).await.unwrap();
    log.advance(sink, Progress { position: cursor.position, marks, ..Progress::default() }).await.unwrap();
}

/// A run as a subject.
pub(super) fn run_subject(n: u128) -> Subject {
    Subject::Run(RunId::fresh(n))
}
