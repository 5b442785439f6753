//! Groups of requests, made deterministic by a request that holds the group open.

use std::{
    sync::mpsc::{SyncSender, sync_channel},
    time::Duration,
};

use tempfile::TempDir;
use tokio::sync::watch;
use trackside_core::{Error, ErrorKind, Key, NewRegisteredModel, RegistryEvent, Seq, Timestamp, fault};

use super::*;
use crate::log::{Recorder, change};

/// A writer on a table of numbers, whose groups end when nobody waits or at `group_max_jobs`.
struct Bench {
    writer: Writer,
    folder: TempDir,
    recorder: Arc<Recorder>,
    end: watch::Receiver<Seq>,
}

impl Bench {
    fn new(group_max_jobs: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let connection = Connection::open(folder.path().join("db")).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL;").unwrap();
        connection.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY, parent REFERENCES t, text TEXT)").unwrap();
        connection.execute_batch(include_str!("../migrations/0002_log.sql")).unwrap();
        connection.execute_batch("INSERT INTO sink (name, position) VALUES ('sink', 0)").unwrap();
        let recorder = Arc::new(Recorder::new(Config::default().clock));
        let (publisher, end) = Publisher::open(&connection, Arc::clone(&recorder)).unwrap();
        let group_max_time = Duration::from_hours(1);
        let config = Config { group_max_jobs, group_max_time, ..Config::default() };
        Self { writer: Writer::start(connection, publisher, &config).unwrap(), folder, recorder, end }
    }

    fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> oneshot::Receiver<Result<T>> {
        self.submit_with(Undo::Alone, work)
    }

    fn submit_with<T: Send + 'static>(
        &self,
        undo: Undo,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> oneshot::Receiver<Result<T>> {
        let (reply, answer) = oneshot::channel();
        let request = Request { work: Some(work), result: None, undo, reply };
        assert!(self.writer.queue.try_send(Message::Job(Box::new(request))).is_ok());
        answer
    }

    fn insert(&self, n: i64) -> oneshot::Receiver<Result<()>> {
        self.submit(move |connection| insert(connection, n))
    }

    /// Logs the beginning of a registered model.
    fn log(&self) -> oneshot::Receiver<Result<()>> {
        let recorder = Arc::clone(&self.recorder);
        let new = NewRegisteredModel {
            name: Key::new("m").unwrap(),
            created_at: Timestamp::default(),
            description: None,
            tags: vec![],
        };
        self.submit(move |connection| {
            recorder.record(connection, || Ok(change::registry(new.name.clone(), RegistryEvent::Created(new))))
        })
    }

    /// Holds a group open, so that what is submitted next joins it, until something is sent.
    fn gate(&self) -> SyncSender<()> {
        let (open, wait) = sync_channel(1);
        drop(self.submit(move |_| wait.recv().map_err(|_| Failure::Closed)));
        open
    }

    fn numbers(&self) -> Vec<i64> {
        let reader = Connection::open(self.folder.path().join("db")).unwrap();
        let mut statement = reader.prepare("SELECT n FROM t ORDER BY n").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }
}

fn insert(connection: &Connection, n: i64) -> Result<()> {
    execute(connection, "INSERT INTO t (n) VALUES (?1)", [n]).map(drop)
}

fn kind<T>(answer: oneshot::Receiver<Result<T>>) -> Option<ErrorKind> {
    answer.blocking_recv().unwrap().err().map(|failure| Error::from(failure).kind())
}

#[test]
fn requests_that_wait_share_one_commit() {
    let bench = Bench::new(512);
    let gate = bench.gate();
    let answers: Vec<_> = (0..9).map(|n| bench.insert(n)).collect();
    gate.send(()).unwrap();
    assert!(answers.into_iter().all(|answer| kind(answer).is_none()));
    assert_eq!(bench.numbers(), (0..9).collect::<Vec<_>>());
    assert_eq!(bench.writer.stats(), Stats { commits: 1, jobs: 10 });
}

#[test]
fn a_request_without_savepoint_may_refuse_until_it_writes() {
    let bench = Bench::new(512);
    let gate = bench.gate();
    let neighbour = bench.insert(1);
    let refused: oneshot::Receiver<Result<()>> =
        bench.submit_with(Undo::Nothing, |_| Err(Error::invalid("not so").into()));
    let written = bench.submit_with(Undo::Nothing, |connection| insert(connection, 2));
    gate.send(()).unwrap();
    assert_eq!((kind(neighbour), kind(refused), kind(written)), (None, Some(ErrorKind::Invalid), None));
    assert_eq!(bench.numbers(), [1, 2]);

    // Nothing of it may stay, so nothing of its group does.
    let gate = bench.gate();
    let neighbour = bench.insert(3);
    let broken: oneshot::Receiver<Result<()>> = bench.submit_with(Undo::Nothing, |connection| {
        insert(connection, 4)?;
        Err(Error::invalid("too late").into())
    });
    gate.send(()).unwrap();
    assert!(kind(neighbour).is_some() && kind(broken).is_some());
    assert_eq!(bench.numbers(), [1, 2]);
}

#[test]
fn a_group_has_a_largest_size() {
    let bench = Bench::new(2);
    let gate = bench.gate();
    let answers: Vec<_> = (0..4).map(|n| bench.insert(n)).collect();
    gate.send(()).unwrap();
    assert!(answers.into_iter().all(|answer| kind(answer).is_none()));
    assert_eq!(bench.writer.stats(), Stats { commits: 3, jobs: 5 });
}

#[test]
fn a_request_that_fails_or_panics_is_undone_alone() {
    let bench = Bench::new(512);
    let gate = bench.gate();
    let first = bench.insert(1);
    let refused = bench.submit(|connection| {
        insert(connection, 2)?;
        Err::<(), _>(fault::alias_not_found("a").into())
    });
    let panicking = bench.submit(|connection| -> Result<()> {
        insert(connection, 3)?;
        panic!("on purpose");
    });
    let taken = bench.insert(1);
    let last = bench.insert(4);
    gate.send(()).unwrap();
    assert_eq!((kind(first), kind(last)), (None, None));
    assert_eq!(kind(refused), Some(ErrorKind::Invalid));
    assert_eq!((kind(panicking), kind(taken)), (Some(ErrorKind::Internal), Some(ErrorKind::Internal)));
    assert_eq!(bench.numbers(), [1, 4]);
    assert_eq!(bench.writer.stats().commits, 1);
    assert_eq!(kind(bench.insert(5)), None, "the thread lives on");
}

#[test]
fn a_commit_that_fails_fails_every_request_of_its_group() {
    let bench = Bench::new(512);
    let gate = bench.gate();
    let neighbour = bench.insert(1);
    let refused = bench.submit(|_| Err::<(), _>(fault::alias_not_found("a").into()));
    let orphan = bench.submit(|connection| {
        execute(connection, "PRAGMA defer_foreign_keys = ON", [])?;
        execute(connection, "INSERT INTO t (n, parent) VALUES (2, 99)", [])
    });
    gate.send(()).unwrap();
    for answer in [kind(neighbour), kind(refused), kind(orphan)] {
        assert_eq!(answer, Some(ErrorKind::Internal));
    }
    assert_eq!(bench.numbers(), [0; 0]);
    assert_eq!(bench.writer.stats(), Stats { commits: 0, jobs: 4 });
    assert_eq!(kind(bench.insert(3)), None, "the next group is not affected");
}

#[test]
fn entries_are_announced_once_they_are_committed_and_not_before() {
    let bench = Bench::new(512);
    let gate = bench.gate();
    let logged = bench.log();
    let end = bench.end.clone();
    let seen = bench.submit(move |_| Ok(*end.borrow()));
    gate.send(()).unwrap();
    assert_eq!((kind(logged), seen.blocking_recv().unwrap().unwrap()), (None, Seq(0)));
    assert_eq!(*bench.end.borrow(), Seq(1));

    let gate = bench.gate();
    let lost = bench.log();
    let orphan = bench.submit(|connection| {
        execute(connection, "PRAGMA defer_foreign_keys = ON", [])?;
        execute(connection, "INSERT INTO t (n, parent) VALUES (2, 99)", [])
    });
    gate.send(()).unwrap();
    assert!(kind(lost).is_some() && kind(orphan).is_some());
    assert_eq!(*bench.end.borrow(), Seq(1));
    assert_eq!(kind(bench.log()), None);
    assert_eq!(*bench.end.borrow(), Seq(2), "its position is given to the next");
}

#[test]
fn a_cursor_whose_transaction_is_lost_leaves_the_log_as_it_was() {
    let bench = Bench::new(512);
    let gate = bench.gate();
    let recorder = Arc::clone(&bench.recorder);
    let closing = bench.submit(move |connection| {
        execute(connection, "DELETE FROM sink", [])?;
        recorder.touch();
        recorder.look(connection)
    });
    let ungiven = bench.log();
    let lost = bench.submit(|connection| {
        execute(connection, "ROLLBACK", [])?;
        execute(connection, "SELECT 1 FROM nowhere", [])
    });
    gate.send(()).unwrap();
    assert!(kind(closing).is_some() && kind(ungiven).is_some() && kind(lost).is_some());
    assert!(bench.recorder.is_on());
    assert_eq!((kind(bench.log()), *bench.end.borrow()), (None, Seq(1)));
}

#[test]
fn a_full_disk_is_told_and_got_over() {
    let bench = Bench::new(512);
    let limit = |pages: &str| {
        let sql = format!("PRAGMA max_page_count = {pages}");
        bench.submit(move |connection| Ok(connection.query_row(&sql, [], |_| Ok(()))?))
    };
    let large =
        || bench.submit(|connection| execute(connection, "INSERT INTO t (text) VALUES (hex(zeroblob(99999)))", []));
    assert_eq!(kind(limit("3")), None);
    let failure = large().blocking_recv().unwrap().unwrap_err();
    let error = Error::from(failure);
    assert_eq!((error.kind(), error.message()), (ErrorKind::Unavailable, "the disk of the database is full"));
    assert_eq!(kind(bench.insert(1)), None);
    assert_eq!(kind(limit("1000000")), None);
    assert_eq!(kind(large()), None);
    assert_eq!(bench.numbers(), [1, 2]);
}

#[test]
fn a_transaction_that_sqlite_gives_up_fails_every_request_of_its_group() {
    let bench = Bench::new(512);
    let gate = bench.gate();
    let (neighbour, refused) = (bench.insert(1), bench.submit(|_| Err::<(), _>(fault::alias_not_found("a").into())));
    // What a full disk or a failing one may do, depending on where it strikes.
    let culprit = bench.submit(|connection| {
        execute(connection, "ROLLBACK", [])?;
        execute(connection, "SELECT 1 FROM nowhere", [])
    });
    gate.send(()).unwrap();
    assert_eq!((kind(neighbour), kind(refused)), (Some(ErrorKind::Unavailable), Some(ErrorKind::Unavailable)));
    assert_eq!(kind(culprit), Some(ErrorKind::Internal));
    assert_eq!(kind(bench.insert(2)), None);
    assert_eq!(bench.numbers(), [2]);
}

#[test]
fn what_is_queued_before_the_end_is_written() {
    let bench = Bench::new(2);
    let gate = bench.gate();
    let answers: Vec<_> = (0..5).map(|n| bench.insert(n)).collect();
    let Bench { writer, folder, .. } = bench;
    drop(writer);
    gate.send(()).unwrap();
    assert!(answers.into_iter().all(|answer| kind(answer).is_none()));
    drop(folder);
}

#[tokio::test]
async fn a_closed_writer_refuses_and_may_be_closed_again() {
    let bench = Bench::new(2);
    let before = bench.insert(1);
    bench.writer.close().await;
    assert!(before.await.unwrap().is_ok());
    let late = bench.writer.write(Undo::Alone, |connection| insert(connection, 2)).await.unwrap_err();
    assert!(matches!(late, Failure::Closed));
    bench.writer.close().await;
    assert_eq!(bench.numbers(), [1]);
}
