//! The table `rank`: runs in the order of the latest value of a metric.
//!
//! A series is in it with the value of its latest point, or has a tail that says that it is not (`tail.unranked`). So
//! a series that is added to again and again costs one removal, and one insertion when it comes to rest.

use rusqlite::{Connection, params};
use trackside_core::{Key, Point};

use crate::{
    error::Result,
    rows::{execute, nan_apart, number},
};

/// The number of a metric in the experiment of a run.
pub(super) fn metric(connection: &Connection, run: i64, key: &Key) -> Result<i64> {
    let sql = "SELECT metric.pk FROM run JOIN metric ON metric.experiment = run.experiment AND metric.key = ?2 \
               WHERE run.pk = ?1";
    if let Some(pk) = number(connection, sql, params![run, key.as_str()])? {
        return Ok(pk);
    }
    let sql = "INSERT INTO metric (experiment, key) SELECT experiment, ?2 FROM run WHERE pk = ?1";
    execute(connection, sql, params![run, key.as_str()])?;
    Ok(connection.last_insert_rowid())
}

/// Whether two points stand at the same place among runs.
pub(super) fn is_same(first: &Point, second: &Point) -> bool {
    // Equal values include the two zeros.
    nan_apart(first.value) == nan_apart(second.value)
}

/// Enters a series.
pub(super) fn enter(connection: &Connection, series: i64, latest: &Point) -> Result<()> {
    let (value, is_nan) = nan_apart(latest.value);
    let sql = "INSERT INTO rank (metric, is_nan, value, run) SELECT metric, ?2, ?3, run FROM series WHERE pk = ?1";
    execute(connection, sql, params![series, is_nan, value]).map(drop)
}

/// Removes a series, whose latest point this was.
pub(super) fn leave(connection: &Connection, series: i64, latest: &Point) -> Result<()> {
    let (value, is_nan) = nan_apart(latest.value);
    let sql = "DELETE FROM rank WHERE is_nan = ?2 AND value = ?3 \
               AND (metric, run) = (SELECT metric, run FROM series WHERE pk = ?1)";
    execute(connection, sql, params![series, is_nan, value]).map(drop)
}

/// Notes that a series with a tail has left.
pub(super) fn note(connection: &Connection, series: i64) -> Result<()> {
    let sql = "UPDATE tail SET unranked = (SELECT metric FROM series WHERE pk = ?1) WHERE series = ?1";
    execute(connection, sql, [series]).map(drop)
}
