//! What lies on the disk.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};

/// Bytes of all files below a directory. What vanishes meanwhile counts nothing.
pub(crate) fn bytes_below(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_below(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    bytes.sum()
}

/// Has SQLite fold the write-ahead logs that an ended server left in a directory into their databases, as the next
/// start would.
pub(crate) fn fold_logs(directory: &Path) -> anyhow::Result<()> {
    for path in files(directory)? {
        let Some(database) = path.to_str().and_then(|path| path.strip_suffix("-wal")) else { continue };
        let connection = Connection::open(database)?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        connection.close().map_err(|(_, error)| error)?;
    }
    Ok(())
}

/// Bytes of pages that hold nothing any more, in the databases of a directory: SQLite uses them again.
pub(crate) fn free_bytes(directory: &Path) -> anyhow::Result<u64> {
    let mut n_bytes = 0;
    for path in files(directory)?.into_iter().filter(|path| path.extension().is_some_and(|it| it == "db")) {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let pragma = |name| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        n_bytes += (pragma("freelist_count")? * pragma("page_size")?).cast_unsigned();
    }
    Ok(n_bytes)
}

fn files(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    Ok(fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?)
}

/// Copies all files below a directory into another one, which exists, and onto the disk: what is measured next must not
/// wait for it.
pub(crate) fn copy_below(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy_below(&entry.path(), &target)?;
        } else if entry.file_type()?.is_file() {
            fs::copy(entry.path(), &target)?;
            fs::File::open(&target)?.sync_all()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_every_file_and_folder() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(from.path().join("a")).unwrap();
        fs::write(from.path().join("a/b"), "12345").unwrap();
        fs::write(from.path().join("c"), "6").unwrap();
        copy_below(from.path(), to.path()).unwrap();
        assert_eq!(bytes_below(to.path()), 6);
        assert_eq!(fs::read(to.path().join("a/b")).unwrap(), b"12345");
    }

    #[test]
    fn a_log_that_was_left_is_folded() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1);").unwrap();
        // Its files while it is open are what a killed process leaves.
        let left = tempfile::tempdir().unwrap();
        for name in ["a.db", "a.db-wal"] {
            fs::copy(directory.path().join(name), left.path().join(name)).unwrap();
        }
        assert!(left.path().join("a.db-wal").metadata().unwrap().len() > 0);
        fold_logs(left.path()).unwrap();
        assert!(!left.path().join("a.db-wal").exists());
        assert_eq!(bytes_below(left.path()), left.path().join("a.db").metadata().unwrap().len());
        assert_eq!(free_bytes(left.path()).unwrap(), 0);
        Connection::open(left.path().join("a.db")).unwrap().execute_batch("DROP TABLE t").unwrap();
        assert_eq!(free_bytes(left.path()).unwrap(), 4096);
    }
}
