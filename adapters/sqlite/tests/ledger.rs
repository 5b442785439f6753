//! What only a database can do to a ledger.

use rusqlite::Connection;
use tempfile::TempDir;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_core::{
    ErrorKind, Key, NewRegisteredModel, Timestamp,
    ledger::{LedgerDigest, Origin, RegistryState},
    store::{Ledger, LedgerQuery, RegisteredModels},
};

async fn register(store: &SqliteStore, name: &str) {
    let new = NewRegisteredModel {
        name: Key::new(name).unwrap(),
        created_at: Timestamp::from_millis(1),
        description: None,
        tags: Vec::new(),
    };
    store.create_registered_model(new, &Origin::NOBODY).await.unwrap();
}

/// The kind of what is wrong with the ledger, if anything is.
async fn verdict(store: &SqliteStore) -> Option<ErrorKind> {
    let (mut seq, mut digest, mut state) = (0, LedgerDigest::NONE, RegistryState::default());
    for entry in store.ledger(LedgerQuery { model: None, after: 0, limit: 100 }).await.unwrap() {
        match entry.follows(seq, digest).and_then(|told| state.apply(&told)) {
            Ok(()) => (seq, digest) = (entry.seq, entry.digest),
            Err(error) => return Some(error.kind()),
        }
    }
    None
}

#[tokio::test]
async fn entries_are_neither_changed_nor_removed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("db");
    let store = SqliteStore::open(&path, Config::default()).unwrap();
    register(&store, "a").await;
    let raw = Connection::open(&path).unwrap();
    for sql in ["UPDATE ledger SET model = 'b'", "DELETE FROM ledger"] {
        let refused = raw.execute_batch(sql).unwrap_err();
        assert!(refused.to_string().contains("only added to"), "{sql}: {refused}");
    }
    assert_eq!(verdict(&store).await, None);
}

#[tokio::test]
async fn any_changed_byte_is_found() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("db");
    let store = SqliteStore::open(&path, Config::default()).unwrap();
    for name in ["a", "b", "c"] {
        register(&store, name).await;
    }
    assert_eq!(verdict(&store).await, None);
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("DROP TRIGGER ledger_is_never_changed; DROP TRIGGER ledger_is_never_cut").unwrap();
    let lines: Vec<(i64, String, Vec<u8>)> = {
        let mut statement = raw.prepare("SELECT seq, line, digest FROM ledger").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    for (seq, line, digest) in lines {
        for at in 0..line.len() {
            let mut bytes = line.clone().into_bytes();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(bytes).unwrap();
            raw.execute("UPDATE ledger SET line = ?2 WHERE seq = ?1", (seq, &changed)).unwrap();
            assert_eq!(verdict(&store).await, Some(ErrorKind::Corrupt), "{changed}");
            // Who changes the digest as well is found out by the entry behind it.
            let forged = LedgerDigest::of(&changed);
            raw.execute("UPDATE ledger SET digest = ?2 WHERE seq = ?1", (seq, forged.as_bytes())).unwrap();
            if seq < 3 {
                assert_eq!(verdict(&store).await, Some(ErrorKind::Corrupt), "{changed}");
            }
            raw.execute("UPDATE ledger SET line = ?2, digest = ?3 WHERE seq = ?1", (seq, &line, &digest)).unwrap();
        }
    }
    assert_eq!(verdict(&store).await, None);
    raw.execute("DELETE FROM ledger WHERE seq = 2", []).unwrap();
    assert_eq!(verdict(&store).await, Some(ErrorKind::Corrupt));
}
