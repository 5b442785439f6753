//! Many callers, one file: group commit, snapshots, and what is left after closing.

use std::{fs, path::Path};

use tempfile::TempDir;
use tokio::task::JoinSet;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_core::{
    ErrorKind, RunId,
    store::{Experiments, Runs},
};
use trackside_testkit::fixture::{new_experiment, new_run, params, point, points, value};

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder.join("trackside.db"), Config::default()).unwrap()
}

async fn lone_run(store: &SqliteStore) -> RunId {
    let experiment = store.create_experiment(new_experiment("e")).await.unwrap().id;
    store.create_run(new_run(experiment, 1)).await.unwrap().info.id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_writers_share_commits() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let run = lone_run(&store).await;
    let before = store.stats();
    let mut writers = JoinSet::new();
    for writer in 0..64 {
        let (store, run) = (store.clone(), run.clone());
        writers.spawn(async move {
            for step in 0..10 {
                store.append(&run, vec![points(&format!("m{writer}"), &[point(step, step, 1.0)])]).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    let after = store.stats();
    assert_eq!(after.jobs - before.jobs, 640);
    // How many depends on the disk: the slower its flush, the larger the groups.
    assert!(after.commits - before.commits < 640, "{after:?}");
    assert_eq!(store.run(&run).await.unwrap().unwrap().metrics.len(), 64);
}

#[tokio::test]
async fn a_lone_writer_is_committed_at_once() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let run = lone_run(&store).await;
    let before = store.stats();
    for step in 0..20 {
        store.append(&run, vec![points("m", &[point(step, step, 1.0)])]).await.unwrap();
    }
    assert_eq!(store.stats().commits - before.commits, 20);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_closing_and_after_dropping() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let run = lone_run(&store).await;
    store.append(&run, vec![value("m", 1.0)]).await.unwrap();
    store.close().await;

    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["trackside.db"], "the WAL is part of the file");
    let write = store.append(&run, vec![value("m", 2.0)]).await.unwrap_err();
    let read = store.run(&run).await.unwrap_err();
    assert_eq!((write.kind(), read.kind()), (ErrorKind::Unavailable, ErrorKind::Unavailable));
    store.close().await;

    let store = open(folder.path());
    store.append(&run, vec![value("n", 2.0)]).await.unwrap();
    drop(store);
    let metrics = open(folder.path()).run(&run).await.unwrap().unwrap().metrics;
    assert_eq!(metrics.len(), 2);
}

#[tokio::test]
async fn two_stores_on_one_file_see_what_was_acknowledged() {
    let folder = TempDir::new().unwrap();
    let (one, other) = (open(folder.path()), open(folder.path()));
    let run = lone_run(&one).await;
    other.append(&run, vec![params(&[("p", "1")])]).await.unwrap();
    let refused = one.append(&run, vec![params(&[("p", "2")])]).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_do_not_wait_for_a_writer_and_see_whole_requests() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let run = lone_run(&store).await;
    let mut writers = JoinSet::new();
    let (writer, target) = (store.clone(), run.clone());
    writers.spawn(async move {
        for step in 0..100 {
            let both = vec![points("a", &[point(step, step, 1.0)]), points("b", &[point(step, step, 1.0)])];
            writer.append(&target, both).await.unwrap();
        }
    });
    let mut n_reads = 0;
    while writers.try_join_next().is_none() || n_reads < 10 {
        let metrics = store.run(&run).await.unwrap().unwrap().metrics;
        if let [a, b] = &metrics[..] {
            assert_eq!(a.point, b.point);
        }
        n_reads += 1;
    }
}
