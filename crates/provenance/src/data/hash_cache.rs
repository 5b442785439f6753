//! Hashes of files as they were, so that what has not changed is not read again.
//!
//! One SQLite database, `hashes.db`, that several processes may use at once. It holds nothing that cannot be computed
//! again: a damaged one is made anew, and without one everything is hashed. It does not use WAL, because home
//! directories are often on network file systems, where WAL does not work.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use trackside_core::Timestamp;

use super::file_hash::{FileHash, FileKey};

/// Version of the layout. A database of a newer one is left alone, and not used.
const VERSION: i64 = 1;
/// Files that are remembered; those stored longest ago go first. Some 250 MB.
const MAX_FILES: i64 = 2_000_000;
/// How long another process may hold it.
const PATIENCE: Duration = Duration::from_secs(5);
/// A file that was changed so shortly before it was hashed may have changed again with the same times: a file system
/// may keep seconds, or even, as FAT does, pairs of them.
const RACY_NS: i64 = 2_000_000_000;

const SCHEMA: &str = "
CREATE TABLE hash (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    md5 BLOB NOT NULL,
    sha256 BLOB NOT NULL,
    legacy BLOB,
    UNIQUE (device, inode)
) STRICT;";

/// The database, where there is one.
#[derive(Debug, Default)]
pub(crate) struct HashCache {
    path: PathBuf,
    connection: Option<Connection>,
}

impl HashCache {
    /// Opens or creates it in a directory, which is created too. What goes wrong means only that nothing is remembered.
    pub(crate) fn open(directory: &Path) -> Self {
        let mut cache = Self { path: directory.join("hashes.db"), connection: None };
        if fs::create_dir_all(directory).is_ok() {
            cache.connect(true);
        }
        cache
    }

    fn connect(&mut self, again: bool) {
        let connected =
            Connection::open(&self.path).and_then(|connection| prepare(&connection).map(|fits| (connection, fits)));
        match connected {
            Ok((connection, fits)) => self.connection = fits.then_some(connection),
            Err(error) if again => self.failed(&error),
            Err(_) => self.connection = None,
        }
    }

    /// After an error there is no cache, unless it was damaged and could be made anew.
    fn failed(&mut self, error: &rusqlite::Error) {
        self.connection = None;
        let damaged = match error {
            rusqlite::Error::SqliteFailure(failure, _) => {
                matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown)
            }
            // A value that we did not write.
            rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => true,
            _ => false,
        };
        if damaged && fs::remove_file(&self.path).is_ok() {
            // What is left of an unfinished transaction belongs to the file that is gone.
            fs::remove_file(self.path.with_extension("db-journal")).ok();
            self.connect(false);
        }
    }

    /// Hashes of these files, where they are known; with the legacy one where it is wanted.
    pub(crate) fn lookup(&mut self, wanted: &[(FileKey, bool)]) -> Vec<Option<FileHash>> {
        let found = self.connection.as_ref().map(|connection| lookup(connection, wanted));
        match found {
            Some(Ok(found)) => found,
            Some(Err(error)) => {
                self.failed(&error);
                vec![None; wanted.len()]
            }
            None => vec![None; wanted.len()],
        }
    }

    /// Remembers these, but for what was changed just before `hashed_at`.
    pub(crate) fn store(&mut self, hashed: &[(FileKey, FileHash)], hashed_at: Timestamp) {
        let limit = hashed_at.millis().saturating_mul(1_000_000).saturating_sub(RACY_NS);
        let settled = hashed.iter().filter(|(key, _)| key.mtime_ns < limit && key.ctime_ns < limit);
        let settled: Vec<_> = settled.collect();
        let Some(connection) = &mut self.connection else { return };
        if settled.is_empty() {
            return;
        }
        if let Err(error) = store(connection, &settled) {
            self.failed(&error);
        }
    }
}

/// False when the layout is of a newer release.
fn prepare(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let version = |connection: &Connection| connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    if version(connection)? == 0 {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        // Another process may have been first.
        if version(connection)? == 0 {
            connection.execute_batch(SCHEMA)?;
            connection.pragma_update(None, "user_version", VERSION)?;
        }
        connection.execute_batch("COMMIT")?;
    }
    Ok(version(connection)? == VERSION)
}

fn lookup(connection: &Connection, wanted: &[(FileKey, bool)]) -> rusqlite::Result<Vec<Option<FileHash>>> {
    let transaction = connection.unchecked_transaction()?;
    let found = {
        let mut statement = transaction.prepare(
            "SELECT md5, sha256, legacy FROM hash
             WHERE device = ?1 AND inode = ?2 AND size = ?3 AND mtime_ns = ?4 AND ctime_ns = ?5",
        )?;
        let one = |(key, legacy): &(FileKey, bool)| {
            let row = statement.query_row(
                params![signed(key.device), signed(key.inode), signed(key.size), key.mtime_ns, key.ctime_ns],
                |row| Ok(FileHash { md5: row.get(0)?, sha256: row.get(1)?, legacy: row.get(2)? }),
            );
            Ok(row.optional()?.filter(|hash| hash.legacy.is_some() || !legacy))
        };
        wanted.iter().map(one).collect::<rusqlite::Result<_>>()?
    };
    transaction.commit()?;
    Ok(found)
}

fn store(connection: &mut Connection, hashed: &[&(FileKey, FileHash)]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    {
        let mut statement = transaction.prepare(
            "INSERT OR REPLACE INTO hash (device, inode, size, mtime_ns, ctime_ns, md5, sha256, legacy)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        for (key, hash) in hashed {
            statement.execute(params![
                signed(key.device),
                signed(key.inode),
                signed(key.size),
                key.mtime_ns,
                key.ctime_ns,
                hash.md5,
                hash.sha256,
                hash.legacy,
            ])?;
        }
        transaction.execute("DELETE FROM hash WHERE id <= (SELECT max(id) FROM hash) - ?1", [MAX_FILES])?;
    }
    transaction.commit()
}

/// SQLite has no unsigned numbers; equal ones stay equal.
const fn signed(number: u64) -> i64 {
    number.cast_signed()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
    const HASH: FileHash = FileHash { md5: [1; 16], sha256: [2; 32], legacy: None };

    fn key(inode: u64) -> FileKey {
        FileKey { device: u64::MAX, inode, size: 3, mtime_ns: 4, ctime_ns: 5 }
    }

    fn one(cache: &mut HashCache, key: FileKey) -> Option<FileHash> {
        cache.lookup(&[(key, false)])[0]
    }

    #[test]
    fn a_file_is_known_while_nothing_of_it_changes() {
        let directory = tempfile::tempdir().unwrap();
        HashCache::open(directory.path()).store(&[(key(1), HASH)], NOW);
        let mut cache = HashCache::open(directory.path());
        assert_eq!(one(&mut cache, key(1)), Some(HASH));
        for other in [
            FileKey { device: 1, ..key(1) },
            key(2),
            FileKey { size: 4, ..key(1) },
            FileKey { mtime_ns: 5, ..key(1) },
            FileKey { ctime_ns: 6, ..key(1) },
        ] {
            assert_eq!(one(&mut cache, other), None, "{other:?}");
        }
        assert_eq!(cache.lookup(&[(key(1), true)]), [None], "the legacy hash is not known");
        let whole = FileHash { legacy: Some([3; 16]), ..HASH };
        cache.store(&[(key(1), whole)], NOW);
        assert_eq!(cache.lookup(&[(key(1), true), (key(1), false)]), [Some(whole), Some(whole)]);
    }

    #[test]
    fn what_was_just_changed_is_not_trusted() {
        let directory = tempfile::tempdir().unwrap();
        let mut cache = HashCache::open(directory.path());
        let now_ns = NOW.millis() * 1_000_000;
        for (back, known) in [(0, false), (1_999_999_999, false), (2_000_000_001, true), (-5_000_000_000, false)] {
            let times = [FileKey { mtime_ns: now_ns - back, ..key(1) }, FileKey { ctime_ns: now_ns - back, ..key(2) }];
            for key in times {
                cache.store(&[(key, HASH)], NOW);
                assert_eq!(one(&mut cache, key).is_some(), known, "{back}");
            }
        }
    }

    fn damage(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(path).unwrap();
        change(&mut bytes);
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn a_damaged_one_is_made_anew() {
        type Change = fn(&mut Vec<u8>);
        let changes: [Change; 3] = [
            |bytes| *bytes = b"no database at all, but long enough to be looked at as if it were one".repeat(20),
            |bytes| bytes[100..].fill(0xff),
            |bytes| bytes.truncate(4096),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let directory = tempfile::tempdir().unwrap();
            let all: Vec<_> = (0..500).map(|inode| (key(inode), HASH)).collect();
            HashCache::open(directory.path()).store(&all, NOW);
            damage(&directory.path().join("hashes.db"), change);
            let mut cache = HashCache::open(directory.path());
            let wanted: Vec<_> = (0..500).map(|inode| (key(inode), false)).collect();
            assert!(cache.lookup(&wanted).iter().all(|found| found.is_none_or(|hash| hash == HASH)));
            cache.store(&[(key(7), HASH)], NOW);
            assert_eq!(one(&mut HashCache::open(directory.path()), key(7)), Some(HASH), "damage {number}");
        }
    }

    #[test]
    fn a_newer_one_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        drop(HashCache::open(directory.path()));
        let path = directory.path().join("hashes.db");
        Connection::open(&path).unwrap().pragma_update(None, "user_version", VERSION + 1).unwrap();
        let before = fs::read(&path).unwrap();
        let mut cache = HashCache::open(directory.path());
        cache.store(&[(key(1), HASH)], NOW);
        assert_eq!(one(&mut cache, key(1)), None);
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_directory_that_cannot_be_written_means_no_cache() {
        let mut cache = HashCache::open(Path::new("/dev/null/cache"));
        cache.store(&[(key(1), HASH)], NOW);
        assert_eq!(one(&mut cache, key(1)), None);
    }

    #[test]
    fn several_may_use_it_at_once() {
        let directory = tempfile::tempdir().unwrap();
        thread::scope(|scope| {
            for part in 0..4 {
                let path = directory.path();
                scope.spawn(move || {
                    let mut cache = HashCache::open(path);
                    for inode in (0..100).map(|n| n * 4 + part) {
                        cache.store(&[(key(inode), HASH)], NOW);
                        assert_eq!(one(&mut cache, key(inode)), Some(HASH));
                    }
                });
            }
        });
        let wanted: Vec<_> = (0..400).map(|inode| (key(inode), false)).collect();
        assert_eq!(HashCache::open(directory.path()).lookup(&wanted), vec![Some(HASH); 400]);
    }
}
