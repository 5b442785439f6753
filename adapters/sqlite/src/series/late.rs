//! Points that arrived later than their place.

use rusqlite::{Connection, params};
use trackside_core::Point;

use super::{Place, chunk::Chunk};
use crate::{
    error::Result,
    rows::{Columns, execute, nan_apart},
};

/// Adds points, which are best in order; for each whether it was there already, sealed or late.
pub(super) fn add(connection: &Connection, series: i64, points: &[Point]) -> Result<Vec<bool>> {
    let mut around: Option<(Chunk, Vec<Place>)> = None;
    let mut known = Vec::with_capacity(points.len());
    for point in points {
        let place = Place::of(point);
        let chunk = Chunk::around(connection, series, place)?;
        if around.as_ref().map(|(chunk, _)| *chunk) != chunk {
            around = match chunk {
                Some(chunk) => Some((chunk, chunk.points(connection)?.iter().map(Place::of).collect())),
                None => None,
            };
        }
        let is_sealed = around.as_ref().is_some_and(|(_, places)| places.binary_search(&place).is_ok());
        known.push(is_sealed || !insert(connection, series, point)?);
    }
    Ok(known)
}

/// Whether it is new.
fn insert(connection: &Connection, series: i64, point: &Point) -> Result<bool> {
    let (value, is_nan) = nan_apart(point.value);
    let sql = "INSERT INTO point (series, time, step, value, is_nan) VALUES (?1, ?2, ?3, ?4, ?5) \
               ON CONFLICT DO NOTHING";
    Ok(execute(connection, sql, params![series, point.time.millis(), point.step, value, is_nan])? > 0)
}

/// The first points of a series, at most so many.
pub(super) fn first(connection: &Connection, series: i64, limit: usize) -> Result<Vec<Point>> {
    let sql = "SELECT step, time, value, is_nan FROM point WHERE series = ?1 \
               ORDER BY time, step, value, is_nan LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(statement.query_map([series, limit], |row| row.point(0))?.collect::<rusqlite::Result<_>>()?)
}

/// Removes all up to this one.
pub(super) fn remove_until(connection: &Connection, series: i64, last: &Point) -> Result<()> {
    let (value, is_nan) = nan_apart(last.value);
    let sql = "DELETE FROM point WHERE series = ?1 AND (time, step, value, is_nan) <= (?2, ?3, ?4, ?5)";
    execute(connection, sql, params![series, last.time.millis(), last.step, value, is_nan]).map(drop)
}
