//! Metric history.

use async_trait::async_trait;
use rusqlite::{Connection, params};
use trackside_core::{
    Page, Point, Result,
    store::{HistoryQuery, Metrics},
};

use crate::{
    SqliteStore, error,
    rows::{Columns, number},
    search::Window,
};

#[async_trait]
impl Metrics for SqliteStore {
    async fn history(&self, query: HistoryQuery) -> Result<Page<Point>> {
        self.read(move |connection| history(connection, &query)).await
    }
}

fn history(connection: &Connection, query: &HistoryQuery) -> error::Result<Page<Point>> {
    let window = Window::new(query.limit, query.after.as_ref())?;
    let sql = "SELECT series.pk FROM series JOIN run ON run.pk = series.run WHERE run.id = ?1 AND series.key = ?2";
    let Some(series) = number(connection, sql, params![query.run.as_str(), query.key.as_str()])? else {
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
