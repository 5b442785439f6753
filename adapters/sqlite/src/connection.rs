//! Opening connections: flags and pragmas, one place for writer and readers.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, config::DbConfig};
use trackside_core::{Error, ErrorKind};

use crate::{config::Config, error::Result, number_in_text, percentile, regular_expression};

/// Prepared statements kept per connection: all fixed ones (about 70) and the latest searches.
const STATEMENTS: usize = 256;

/// A connection that may write; the file is created when it is missing. The journal mode is left alone.
/// `Unavailable` when the file may only be read.
pub(crate) fn open_writer(path: &Path, config: &Config) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags, config, config.writer_cache_kib)?;
    if connection.is_readonly("main")? {
        // SQLite opens such a file all the same, and would refuse the first write.
        let message = format!("{} may not be written", path.display());
        return Err(Error::new(ErrorKind::Unavailable, message).into());
    }
    connection.execute_batch(
        // An acknowledged write survives loss of power. A plain fsync on macOS does not reach the disk.
        "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON; PRAGMA foreign_keys = ON;
         -- In pages, 32 MiB: a page that many commits change is moved into the file once. The default of 4 MiB is
         -- less than one batch of 1000 points of 1000 metrics writes.
         PRAGMA wal_autocheckpoint = 8192;
         -- After a burst of writes the WAL shrinks to this at the next checkpoint.
         PRAGMA journal_size_limit = 67108864;",
    )?;
    Ok(connection)
}

/// A connection that cannot write.
pub(crate) fn open_reader(path: &Path, config: &Config) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    open(path, flags, config, config.reader_cache_kib)
}

fn open(path: &Path, flags: OpenFlags, config: &Config, cache_kib: u32) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(config.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans do not depend on bound values. Otherwise SQLite prepares some statements anew whenever a value changes,
    // which for those of a write takes longer than running them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // A negative size is in KiB. Sorting and savepoints spill to memory instead of files in /tmp.
    connection.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    number_in_text::register(&connection)?;
    regular_expression::register(&connection)?;
    percentile::register(&connection)?;
    Ok(connection)
}
