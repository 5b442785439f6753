//! Points that arrived later than their place.

use rusqlite::{Connection, params};
use trackside_core::Point;

use super::{Place, chunk::Chunk};
use crate::{
    error::Result,
    rows::{Columns, execute, stored},
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
    let (value, is_nan) = stored(point.value);
    // The two zeros are one point, and differ in their flags.
    let sql = "INSERT INTO point (series, time, step, value, is_nan) SELECT ?1, ?2, ?3, ?4, ?5 \
               WHERE ?4 <> 0 OR ?5 = 1 OR NOT EXISTS (SELECT 1 FROM point WHERE series = ?1 AND time = ?2 AND step = ?3 \
               AND value = 0 AND is_nan <= 0) ON CONFLICT DO NOTHING";
    Ok(execute(connection, sql, params![series, point.time.millis(), point.step, value, is_nan])? > 0)
}

/// Whether there are any.
pub(crate) fn has_late(connection: &Connection, series: i64) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM point WHERE series = ?1)";
    Ok(connection.prepare_cached(sql)?.query_one([series], |row| row.get(0))?)
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
    let (value, is_nan) = stored(last.value);
    let sql = "DELETE FROM point WHERE series = ?1 AND (time, step, value, is_nan) <= (?2, ?3, ?4, ?5)";
    execute(connection, sql, params![series, last.time.millis(), last.step, value, is_nan]).map(drop)
}
