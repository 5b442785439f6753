//! Documents of runs, secrets of the server, and the trait. Elsewhere: lines (`lines.rs`).

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use trackside_core::{
    Document, Key, LineExtent, LineQuery, NumberedLine, Page, PageRequest, Result, RunId, store::RunRecords,
};

use crate::{SqliteStore, error, lines, rows::execute, runs::pk};

#[async_trait]
impl RunRecords for SqliteStore {
    async fn documents(&self, runs: Vec<RunId>, name: &Key) -> Result<Vec<Option<String>>> {
        let name = name.clone();
        self.read(move |connection| {
            let sql =
                "SELECT d.text FROM run JOIN run_document AS d ON d.owner = run.pk AND d.name = ?2 WHERE run.id = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let mut text =
                |run: &RunId| statement.query_row([run.as_str(), name.as_str()], |row| row.get(0)).optional();
            Ok(runs.iter().map(&mut text).collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn lines(&self, query: LineQuery, page: PageRequest) -> Result<Page<NumberedLine>> {
        self.read(move |connection| match pk(connection, &query.run)? {
            Some(run) => lines::read(connection, run, &query, &page),
            None => lines::nothing(&page),
        })
        .await
    }

    async fn line_extents(&self, run: &RunId) -> Result<Vec<LineExtent>> {
        let run = run.clone();
        self.read(move |connection| match pk(connection, &run)? {
            Some(run) => lines::extents(connection, run),
            None => Ok(Vec::new()),
        })
        .await
    }

    async fn secret(&self, name: &Key, offered: [u8; 32]) -> Result<[u8; 32]> {
        let name = name.clone();
        self.write(move |connection| {
            let sql = "INSERT INTO secret (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            execute(connection, sql, params![name.as_str(), offered])?;
            let mut statement = connection.prepare_cached("SELECT value FROM secret WHERE name = ?1")?;
            Ok(statement.query_row([name.as_str()], |row| row.get(0))?)
        })
        .await
    }
}

/// Keeps a document in place of the one of its name.
pub(crate) fn keep(connection: &Connection, run: i64, document: &Document) -> error::Result<()> {
    let sql = "INSERT INTO run_document (owner, name, text) VALUES (?1, ?2, ?3) \
               ON CONFLICT (owner, name) DO UPDATE SET text = excluded.text WHERE text <> excluded.text";
    execute(connection, sql, params![run, document.name.as_str(), document.text]).map(drop)
}
