//! Metric history: the trait and pages. Elsewhere: samples (`sample.rs`), writing (`points.rs`).

use async_trait::async_trait;
use rusqlite::{Connection, params};
use trackside_core::{
    Key, Page, Point, Result, RunId,
    store::{HistoryQuery, Metrics, SampleQuery},
};

use crate::{
    SqliteStore, error,
    rows::{Columns, number},
    sample::sample,
    search::Window,
};

#[async_trait]
impl Metrics for SqliteStore {
    async fn history(&self, query: HistoryQuery) -> Result<Page<Point>> {
        self.read(move |connection| history(connection, &query)).await
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

fn history(connection: &Connection, query: &HistoryQuery) -> error::Result<Page<Point>> {
    let window = Window::new(query.limit, query.after.as_ref())?;
    let Some(series) = series(connection, &query.run, &query.key)? else {
        return Ok(Page { items: Vec::new(), next: None });
    };
    // This is the order of the table itself.
    let mut statement = connection.prepare_cached(
        "SELECT step, time, value, is_nan FROM point WHERE series = ?1 \
         ORDER BY time, step, value, is_nan LIMIT ?2 OFFSET ?3",
    )?;
    let rows = statement.query_map([series, window.rows(), window.offset()], |row| row.point(0))?;
    Ok(window.page(rows.collect::<rusqlite::Result<_>>()?))
}
