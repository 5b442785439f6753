//! Metric history: the trait. Elsewhere: pages (`history.rs`), samples (`sample.rs`), writing (`points.rs`).

use async_trait::async_trait;
use rusqlite::{Connection, params};
use trackside_core::{
    Key, Page, Point, Result, RunId,
    store::{HistoryQuery, Metrics, SampleQuery},
};

use crate::{SqliteStore, error, history, rows::number, sample::sample};

#[async_trait]
impl Metrics for SqliteStore {
    async fn history(&self, query: HistoryQuery) -> Result<Page<Point>> {
        self.read(move |connection| history::page(connection, series(connection, &query.run, &query.key)?, &query))
            .await
    }

    async fn sample(&self, query: SampleQuery) -> Result<Vec<Point>> {
        self.read(move |connection| match series(connection, &query.run, &query.key)? {
            Some(series) => sample(connection, series, query.steps, query.limit),
            None => Ok(Vec::new()),
        })
        .await
    }
}

/// The primary key of a series.
fn series(connection: &Connection, run: &RunId, key: &Key) -> error::Result<Option<i64>> {
    let sql = "SELECT series.pk FROM series JOIN run ON run.pk = series.run WHERE run.id = ?1 AND series.key = ?2";
    number(connection, sql, params![run.as_str(), key.as_str()])
}
