//! Which files are opened, which are refused, and what is left of them.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Barrier,
    thread,
    time::SystemTime,
};

use rusqlite::Connection;
use tempfile::TempDir;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_core::{Error, ErrorKind, ExperimentId, store::Experiments};

/// What lies in a folder: name, bytes and time of the last change of each file.
fn listing(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.clone(), (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap())))
        .collect()
}

/// The error, once it is certain that nothing was touched.
fn refused_untouched(path: &Path) -> Error {
    let before = listing(path.parent().unwrap());
    let error = SqliteStore::open(path, Config::default()).unwrap_err();
    assert_eq!(listing(path.parent().unwrap()), before);
    error
}

#[test]
fn mlflows_own_database_is_refused_untouched_with_advice() {
    for journal in ["DELETE", "WAL"] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("mlflow #1?.db");
        let mlflow = Connection::open(&path).unwrap();
        mlflow.execute_batch(&format!("PRAGMA journal_mode = {journal}; PRAGMA wal_autocheckpoint = 0;")).unwrap();
        mlflow
            .execute_batch("CREATE TABLE alembic_version (v); CREATE TABLE runs (r); PRAGMA wal_checkpoint(TRUNCATE)")
            .unwrap();
        mlflow.execute_batch("INSERT INTO runs VALUES (1)").unwrap();
        // Once as it is while MLflow runs, and once as it is left.
        let error = refused_untouched(&path);
        drop(mlflow);
        assert_eq!(refused_untouched(&path).message(), error.message());
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        for advice in ["MLflow", "mlflow #1?.db", "--backend-store-uri", "--data-dir", "trackside import mlflow"] {
            assert!(error.message().contains(advice), "{advice}: {error}");
        }
    }
}

#[test]
fn a_database_of_another_application_is_refused_untouched() {
    for sql in ["CREATE TABLE notes (n)", "PRAGMA application_id = 7"] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("notes.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let error = refused_untouched(&path);
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("another application"), "{error}");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_untouched() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "milk, eggs, bread\n".repeat(1000)).unwrap();
    let error = refused_untouched(&path);
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.message().contains("not an SQLite database"), "{error}");
}

#[test]
fn a_newer_database_is_refused_with_both_versions() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("trackside.db");
    drop(SqliteStore::open(&path, Config::default()).unwrap());
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 1000").unwrap();
    let error = SqliteStore::open(&path, Config::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.message().contains("version 1000") && error.message().contains("newer"), "{error}");
    let version = |row: &rusqlite::Row<'_>| row.get::<_, i32>(0);
    assert_eq!(Connection::open(&path).unwrap().pragma_query_value(None, "user_version", version).unwrap(), 1000);
}

#[test]
fn a_missing_directory_is_named_and_not_made() {
    let folder = TempDir::new().unwrap();
    let error = SqliteStore::open(folder.path().join("data/trackside.db"), Config::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().contains("data, does not exist"), "{error}");
    assert_eq!(listing(folder.path()).len(), 0);
}

#[test]
fn an_empty_file_becomes_a_database() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("trackside.db");
    fs::write(&path, "").unwrap();
    SqliteStore::open(&path, Config::default()).unwrap();
}

#[test]
fn threads_may_open_a_new_file_at_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("trackside.db");
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                SqliteStore::open(&path, Config::default()).unwrap();
            });
        }
    });
}

/// Set to a path for the processes that the next test starts from this very binary.
const OPEN: &str = "TRACKSIDE_TEST_OPEN";

#[test]
fn processes_may_open_a_new_file_at_once() {
    if let Some(path) = env::var_os(OPEN) {
        SqliteStore::open(path, Config::default()).unwrap();
        return;
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("trackside.db");
    let child = || {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--quiet", "--exact", "processes_may_open_a_new_file_at_once"]).env(OPEN, &path);
        command.spawn().unwrap()
    };
    let children: Vec<_> = (0..6).map(|_| child()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
}

#[tokio::test]
async fn odd_names_are_names_of_files() {
    let folder = TempDir::new().unwrap();
    for name in [":memory:", "file:x?mode=memory", "a b#%?.db"] {
        let path = folder.path().join(name);
        let store = SqliteStore::open(&path, Config::default()).unwrap();
        assert_eq!(store.experiment(ExperimentId::DEFAULT).await.unwrap(), None);
        assert!(path.is_file(), "{name}");
        store.close().await;
        SqliteStore::open(&path, Config::default()).unwrap();
    }
}

#[test]
fn settings_out_of_range_are_invalid() {
    let folder = TempDir::new().unwrap();
    let config = Config { readers: 0, ..Config::default() };
    let error = SqliteStore::open(folder.path().join("trackside.db"), config).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(listing(folder.path()).len(), 0);
}
