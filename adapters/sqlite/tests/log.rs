//! The log over the life of a file: what it costs, what it keeps, who hears of it.

use std::{path::Path, sync::Arc};

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinSet;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_core::{
    ArtifactEntry, ArtifactPath, Batch, Document, ErrorKind, Event, ExperimentChange, Line, Lines, RunId, Seq, Subject,
    store::{
        CursorChange, Cursors, DeadLetters, Entry, Experiments, LogRange, Mark, NewDeadLetter, Outbox, Progress,
        RunRecords, Runs,
    },
};
use trackside_testkit::{
    ManualClock,
    fixture::{at, key, new_experiment, new_run, value},
};

const EVERYTHING: LogRange = LogRange { after: Seq(0), until: None, subject: None, max_bytes: u64::MAX };

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder.join("trackside.db"), Config::default()).unwrap()
}

async fn lone_run(store: &SqliteStore) -> RunId {
    let experiment = store.create_experiment(new_experiment("e")).await.unwrap().id;
    store.create_run(new_run(experiment, 1)).await.unwrap().info.id
}

async fn entries(store: &SqliteStore) -> Vec<Entry> {
    store.read_log(EVERYTHING).await.unwrap()
}

fn step(position: Seq) -> Progress {
    Progress { position, ..Progress::default() }
}

/// A number that a query finds in the file.
fn number(folder: &Path, sql: &str) -> i64 {
    let connection = Connection::open(folder.join("trackside.db")).unwrap();
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn without_a_cursor_nothing_is_written_but_the_change() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let run = lone_run(&store).await;
    let file = Event::ArtifactStored(ArtifactEntry { path: ArtifactPath::parse("a").unwrap(), size: Some(1) });
    let before = store.stats();
    for n in 0..20 {
        store.append(&run, vec![value(&format!("m{n}"), 1.0), file.clone()]).await.unwrap();
        store.append(&run, vec![file.clone(), Event::ArtifactDeleted(ArtifactPath::root())]).await.unwrap();
    }
    let after = store.stats();
    assert_eq!((after.jobs - before.jobs, after.commits - before.commits), (20, 20));
    assert_eq!(number(folder.path(), "SELECT count(*) FROM outbox"), 0);
    assert_eq!(number(folder.path(), "SELECT count(*) FROM sqlite_sequence WHERE name = 'outbox'"), 0);

    store.open_cursor("sink").await.unwrap();
    store.append(&run, vec![file]).await.unwrap();
    assert_eq!(number(folder.path(), "SELECT count(*) FROM outbox"), 1);
}

#[tokio::test]
async fn a_log_outlives_its_store() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    store.open_cursor("sink").await.unwrap();
    store.open_cursor("behind").await.unwrap();
    let run = lone_run(&store).await;
    for n in 0..5 {
        store.append(&run, vec![value(&n.to_string(), f64::NAN)]).await.unwrap();
    }
    let all = entries(&store).await;
    let mark = Mark { upto: Seq(2), memory: Some("m".to_owned()), ..Mark::default() };
    let progress = Progress {
        window_end: Some(all[4].batch.last()),
        delivered: 3,
        marks: vec![(Subject::Run(run.clone()), Some(mark))],
        dead: vec![NewDeadLetter { at: at(1), reason: "r".to_owned(), batch: all[0].batch.clone() }],
        ..step(all[2].batch.last())
    };
    store.advance("sink", progress).await.unwrap();
    store.change_cursor("behind", CursorChange::Paused(true)).await.unwrap();
    let standing = async |store: &SqliteStore| {
        let marks = store.marks("sink", vec![Subject::Run(run.clone())]).await.unwrap();
        let letters = store.dead_letters(None, 0, 9).await.unwrap();
        (entries(store).await, store.cursors().await.unwrap(), marks, letters, store.log_size().await.unwrap())
    };
    let before = standing(&store).await;
    store.close().await;

    let store = open(folder.path());
    assert_eq!(standing(&store).await, before);
    store.wait_log(all[4].batch.last()).await.unwrap();
    assert!(store.is_logging());
    store.append(&run, vec![value("m", 1.0)]).await.unwrap();
    assert_eq!(entries(&store).await.len(), all.len() + 1);
}

#[tokio::test]
async fn who_waits_hears_that_the_store_is_closed() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    store.open_cursor("sink").await.unwrap();
    lone_run(&store).await;
    let end = store.log_size().await.unwrap().end;
    let (waited, ()) = tokio::join!(store.wait_log(end), store.close());
    assert_eq!(waited.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(store.wait_log(Seq(0)).await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn an_entry_has_the_time_at_which_it_was_written() {
    let folder = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::at(5));
    let config = Config { clock: clock.clone(), ..Config::default() };
    let store = SqliteStore::open(folder.path().join("trackside.db"), config).unwrap();
    store.open_cursor("sink").await.unwrap();
    let run = lone_run(&store).await;
    clock.advance(2);
    store.append(&run, vec![value("m", 1.0)]).await.unwrap();
    let times: Vec<_> = entries(&store).await.iter().map(|entry| entry.at).collect();
    assert_eq!(times, [at(5), at(7)]);
    assert_eq!(store.cursors().await.unwrap()[0].lag.since, Some(at(5)));
}

#[tokio::test]
async fn a_cursor_that_another_process_opens_or_closes_counts_here() {
    let folder = TempDir::new().unwrap();
    let (here, there) = (open(folder.path()), open(folder.path()));
    let run = lone_run(&here).await;
    there.open_cursor("sink").await.unwrap();
    here.append(&run, vec![value("m", 1.0)]).await.unwrap();
    assert_eq!(entries(&there).await.len(), 1);
    here.wait_log(Seq(0)).await.unwrap();
    there.close_cursor("sink").await.unwrap();
    here.append(&run, vec![value("n", 1.0)]).await.unwrap();
    assert!(!here.is_logging());
    assert_eq!(number(folder.path(), "SELECT count(*) FROM outbox"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passed_entries_leave_the_file_a_chunk_at_a_time() {
    const RUNS: u128 = 500;
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let experiment = store.create_experiment(new_experiment("e")).await.unwrap().id;
    let mut writers = JoinSet::new();
    for n in 0..RUNS {
        let store = store.clone();
        writers.spawn(async move { store.create_run(new_run(experiment, n)).await.map(drop) });
    }
    writers.join_all().await.into_iter().collect::<Result<(), _>>().unwrap();
    for sink in ["sink", "behind"] {
        store.open_cursor(sink).await.unwrap();
    }
    let fill = async || {
        for change in [ExperimentChange::Delete, ExperimentChange::Restore].into_iter().cycle().take(42) {
            store.change_experiment(experiment, change, at(1)).await.unwrap();
        }
    };
    let held = || number(folder.path(), "SELECT count(*) FROM outbox");
    fill().await;
    assert_eq!(held(), 21_000);
    let end = store.log_size().await.unwrap().end;
    store.advance("sink", step(end)).await.unwrap();
    assert_eq!(held(), 21_000);
    for left in [11_000, 1_000, 0, 0] {
        store.advance("behind", step(end)).await.unwrap();
        assert_eq!(held(), left);
        // What waits to be removed is not there any more.
        assert_eq!((entries(&store).await, store.log_size().await.unwrap().bytes), (vec![], 0));
        assert!(store.cursors().await.unwrap().iter().all(|cursor| cursor.lag.bytes == 0));
    }

    fill().await;
    assert_eq!(store.cursors().await.unwrap()[0].lag.items, 21_000);
    assert_eq!(store.detach("behind").await.unwrap(), 500);
    assert_eq!(held(), 21_000);
    store.close_cursor("sink").await.unwrap();
    assert_eq!(held(), 0, "nobody moves a cursor soon, so all of it goes at once");
}

#[tokio::test]
async fn what_is_not_mirrored_is_not_logged() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let run = lone_run(&store).await;
    store.open_cursor("sink").await.unwrap();
    let document = Event::Document(Document { name: key("d"), text: "text".to_owned() });
    let lines = vec![Line { step: None, text: "line".to_owned() }];
    let lines = Event::Lines(Lines { stream: key("s"), writer: key(""), first: 0, lines });
    store.append(&run, vec![document.clone(), lines.clone()]).await.unwrap();
    assert_eq!(entries(&store).await.len(), 0);
    // A point that is there already is left out of the second entry as well.
    let seen = [value("a", 1.0), value("b", 1.0)];
    for n in 0..2 {
        let events = vec![document.clone(), value("a", 1.0), lines.clone(), value("b", f64::from(n) + 1.0)];
        store.append(&run, events).await.unwrap();
    }
    let logged: Vec<Event> = entries(&store)
        .await
        .into_iter()
        .flat_map(|entry| match entry.batch {
            Batch::Run(batch) => batch.events,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(logged, [seen[0].clone(), seen[1].clone(), value("b", 2.0)]);
    assert_eq!(store.documents(vec![run], &key("d")).await.unwrap(), [Some("text".to_owned())]);
}
