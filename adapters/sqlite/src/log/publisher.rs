//! What the writer does for the log around each of its transactions.

use std::{cell::Cell, sync::Arc};

use rusqlite::Connection;
use tokio::sync::watch;
use trackside_core::Seq;

use super::{Recorder, extent};
use crate::error::Result;

/// Belongs to the writer. When it is dropped, those who wait for entries hear that the store is closed.
#[derive(Debug)]
pub(crate) struct Publisher {
    recorder: Arc<Recorder>,
    end: watch::Sender<Seq>,
    /// SQLite's own counter of what others have committed.
    data_version: Cell<i64>,
}

impl Publisher {
    /// Reads how the log stands. The receiver sees its end, as far as it is committed.
    pub(crate) fn open(connection: &Connection, recorder: Arc<Recorder>) -> Result<(Self, watch::Receiver<Seq>)> {
        let (end, seen) = watch::channel(extent::end(connection)?);
        recorder.look(connection)?;
        Ok((Self { recorder, end, data_version: Cell::new(data_version(connection)?) }, seen))
    }

    /// To be called within a transaction, before the first job. Another process may have opened the first cursor:
    /// what is written from then on must be logged.
    pub(crate) fn begin(&self, connection: &Connection) -> Result<()> {
        let now = data_version(connection)?;
        if self.data_version.replace(now) != now {
            self.recorder.touch();
            self.recorder.look(connection)?;
        }
        Ok(())
    }

    /// To be called after a transaction, whether it was committed or not.
    pub(crate) fn end(&self, connection: &Connection) {
        if !self.recorder.take_touched() {
            return;
        }
        match self.recorder.look(connection).and_then(|()| extent::end(connection)) {
            Ok(end) => {
                self.end.send_if_modified(|seen| std::mem::replace(seen, end) != end);
            }
            Err(error) => {
                tracing::warn!(%error, "the end of the log could not be read, the next write tries again");
                self.recorder.touch();
            }
        }
    }
}

fn data_version(connection: &Connection) -> Result<i64> {
    Ok(connection.prepare_cached("PRAGMA data_version")?.query_one([], |row| row.get(0))?)
}
