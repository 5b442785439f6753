//! The positions of sinks: the trait. Elsewhere: their rows (`sink.rs`), steps (`progress.rs`), what is known of
//! subjects (`marks.rs`).

use async_trait::async_trait;
use rusqlite::{Connection, params};
use trackside_core::{
    Result, Sending, Seq, Subject,
    store::{Cursor, CursorChange, Cursors, Mark, MarkFilter, Progress},
};

use super::{
    extent, marks,
    progress::{Step, advance},
    sendings, sink,
};
use crate::{
    SqliteStore, error,
    rows::{execute, integer},
};

#[async_trait]
impl Cursors for SqliteStore {
    async fn cursors(&self) -> Result<Vec<Cursor>> {
        self.read(sink::cursors).await
    }

    async fn open_cursor(&self, sink: &str) -> Result<Cursor> {
        let (sink, recorder) = (sink.to_owned(), self.recorder());
        self.write(move |connection| {
            let sql = "INSERT INTO sink (name, position) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
            execute(connection, sql, params![sink, integer(extent::end(connection)?.0)])?;
            recorder.touch();
            recorder.look(connection)?;
            sink::cursor(connection, &sink)
        })
        .await
    }

    async fn close_cursor(&self, sink: &str) -> Result<()> {
        let (sink, recorder) = (sink.to_owned(), self.recorder());
        self.write(move |connection| {
            // Marks, dead letters and what was sent follow by their foreign keys.
            execute(connection, "DELETE FROM sink WHERE name = ?1", [sink])?;
            recorder.touch();
            recorder.look(connection)
        })
        .await?;
        self.trim().await
    }

    async fn change_cursor(&self, sink: &str, change: CursorChange) -> Result<()> {
        let sink = sink.to_owned();
        self.write(move |connection| apply(connection, sink::require(connection, &sink)?, &change)).await
    }

    async fn advance(&self, sink: &str, progress: Progress) -> Result<()> {
        let (sink, step) = (sink.to_owned(), Step::from(progress));
        self.write(move |connection| advance(connection, &sink, &step)).await
    }

    async fn marks(&self, sink: &str, subjects: Vec<Subject>) -> Result<Vec<Option<Mark>>> {
        let sink = sink.to_owned();
        self.read(move |connection| {
            let sink = sink::require(connection, &sink)?;
            subjects.iter().map(|subject| marks::mark(connection, sink, subject)).collect()
        })
        .await
    }

    async fn marks_where(
        &self,
        sink: &str,
        filter: MarkFilter,
        after: Option<Subject>,
        limit: usize,
    ) -> Result<Vec<(Subject, Mark)>> {
        let sink = sink.to_owned();
        self.read(move |connection| {
            let sink = sink::require(connection, &sink)?;
            marks::search(connection, sink, filter, after.as_ref(), limit)
        })
        .await
    }

    async fn sendings(&self, sink: &str, limit: usize) -> Result<Vec<Sending>> {
        let sink = sink.to_owned();
        self.read(move |connection| sendings::last(connection, sink::require(connection, &sink)?, limit)).await
    }

    async fn detach(&self, sink: &str) -> Result<u64> {
        let sink = sink.to_owned();
        let lost = self.write(move |connection| detach(connection, sink::require(connection, &sink)?)).await?;
        self.trim().await?;
        Ok(lost)
    }
}

fn apply(connection: &Connection, sink: i64, change: &CursorChange) -> error::Result<()> {
    match change {
        CursorChange::Paused(paused) => {
            execute(connection, "UPDATE sink SET paused = ?2 WHERE pk = ?1", params![sink, paused]).map(drop)
        }
        CursorChange::Backfill(backfill) => {
            execute(connection, "UPDATE sink SET backfill = ?2 WHERE pk = ?1", params![sink, backfill]).map(drop)
        }
    }
}

fn detach(connection: &Connection, sink: i64) -> error::Result<u64> {
    let lost = marks::lose(connection, sink)?;
    let Seq(end) = extent::end(connection)?;
    let sql = "UPDATE sink SET position = ?2, window_end = NULL WHERE pk = ?1";
    execute(connection, sql, [sink, integer(end)])?;
    Ok(lost)
}
