//! A look at a file before anything is done to it, so that somebody else's database stays as it is.
//!
//! The file is opened as `immutable`: SQLite then takes no lock, replays no journal and makes no `-wal` or
//! `-shm` file. It is opened through SQLite nevertheless, since closing a file handle of our own would drop the
//! locks of other connections of this process (<https://www.sqlite.org/howtocorrupt.html>, 2.2).

use std::{fmt::Write, path::Path};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use trackside_core::{Error, ErrorKind};

use crate::error::Result;

/// Marks a file as ours: `TRKS` in ASCII, in the header of the file.
pub(crate) const APPLICATION_ID: i32 = 0x5452_4b53;

/// Refuses a file that is somebody else's (`Unsupported`) or lies in no directory (`NotFound`). Touches nothing.
pub(crate) fn inspect(path: &Path) -> Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.is_dir()) {
        let message = format!("the directory of the database, {}, does not exist", parent.display());
        return Err(Error::not_found(message).into());
    }
    if !path.exists() {
        return Ok(());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let looked =
        Connection::open_with_flags(immutable_uri(path), flags).map(|connection| refuse_foreign(&connection, path));
    match looked {
        Ok(Err(crate::error::Failure::Sqlite(error))) | Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Err(unsupported(path, "is not an SQLite database, it was left as it is")),
            // A file that is being created or checkpointed at this instant may look torn without locks. If it
            // is damaged in earnest, opening it says so.
            _ => Ok(()),
        },
        Ok(other) => other,
    }
}

/// Refuses a database that is neither ours nor empty; also used under the lock of a migration.
pub(crate) fn refuse_foreign(connection: &Connection, path: &Path) -> Result<()> {
    // In this order: without locks the file may become ours in between, tables and mark at once.
    let count = "SELECT count(*), count(*) FILTER (WHERE name = 'alembic_version') FROM sqlite_schema";
    let (tables, mlflow): (i64, i64) = connection.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id == APPLICATION_ID {
        return Ok(());
    }
    if mlflow > 0 {
        return Err(unsupported(
            path,
            "is a database of MLflow itself, it was left as it is: start Trackside with another \
             `--backend-store-uri` or `--data-dir`; an importer (`trackside import mlflow`) is planned",
        ));
    }
    if tables > 0 || id != 0 {
        return Err(unsupported(path, "is a database of another application, it was left as it is"));
    }
    Ok(())
}

fn unsupported(path: &Path, what: &str) -> crate::error::Failure {
    Error::new(ErrorKind::Unsupported, format!("{} {what}", path.display())).into()
}

/// `file:<path>?immutable=1` with everything escaped that could end the path.
fn immutable_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            write!(uri, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    uri.push_str("?immutable=1");
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_end_its_uri_early() {
        assert_eq!(immutable_uri(Path::new("/a b/x?#%.db")), "file:/a%20b/x%3F%23%25.db?immutable=1");
    }
}
