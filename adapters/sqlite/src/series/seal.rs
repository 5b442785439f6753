//! Making chunks: of tails that are long or have come to rest, and of late points.

use rusqlite::{Connection, OptionalExtension, params};
use trackside_core::{Point, Timestamp};

use super::{Place, chunk::Chunk, late, place::by_place, rank, tail, tail::Tail};
use crate::{
    error::Result,
    rows::{Columns, execute, stored},
};

/// Bounds the memory that a series takes when its points are packed or read.
pub(crate) const MOST_POINTS: usize = 1 << 16;

/// When points are sealed, and how many together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealing {
    /// A tail of so many points becomes a block. Each request to a series writes its tail anew, 24 bytes per point, so a
    /// long one costs pages of the WAL, a short one rows. Best one of 1, 4, 16, 64, …: rows have room for so many.
    pub tail_points: usize,
    /// So many points in tail and blocks are sealed with the request that makes it so many; at most 65,536, as there
    /// are numbers for blocks.
    pub unsealed_points: usize,
    /// Most points of a chunk: the least that is read to show one of them; at most 65,536.
    pub chunk_points: usize,
    /// A series that nothing was added to for so long is sealed.
    pub idle_millis: u32,
}

impl Default for Sealing {
    fn default() -> Self {
        Self { tail_points: 16, unsealed_points: 2_048, chunk_points: 2_048, idle_millis: 30_000 }
    }
}

/// Seals what is not sealed; what it holds before the end of the chunks becomes late. At rest all that is not a full
/// chunk is put together, otherwise only what is not larger.
pub(super) fn seal(connection: &Connection, series: i64, tail: &Tail, sealing: &Sealing, at_rest: bool) -> Result<()> {
    let sql = "SELECT sealed_end FROM series WHERE pk = ?1";
    let sealed_end: Option<Place> = connection.prepare_cached(sql)?.query_row([series], |row| row.get(0))?;
    let mut points = tail.points(connection, series)?;
    points.sort_by(by_place);
    let n_late = sealed_end.map_or(0, |end| points.partition_point(|point| Place::of(point) <= end));
    late::add(connection, series, &points[..n_late])?;
    points.drain(..n_late);
    let end = points.last().map(Place::of).max(sealed_end);

    while let Some(before) = Chunk::last(connection, series)?
        && !points.is_empty()
        && before.packed.n < sealing.chunk_points
        && (at_rest || before.packed.n <= points.len())
    {
        points.splice(..0, before.points(connection)?);
        before.delete(connection, series)?;
    }
    for part in points.chunks(sealing.chunk_points) {
        Chunk::insert(connection, series, part)?;
    }
    set_latest(connection, series, &tail.latest)?;
    execute(connection, "UPDATE series SET sealed_end = ?2 WHERE pk = ?1", params![series, end])?;
    if !tail.is_ranked {
        rank::enter(connection, series, &tail.latest)?;
    }
    tail.remove(connection, series)
}

/// Moves the latest point of a series without tail.
pub(super) fn set_latest(connection: &Connection, series: i64, latest: &Point) -> Result<()> {
    let (value, is_nan) = stored(latest.value);
    let sql = "UPDATE series SET last_step = ?2, last_time = ?3, last_value = ?4, last_is_nan = ?5 WHERE pk = ?1";
    execute(connection, sql, params![series, latest.step, latest.time.millis(), value, is_nan]).map(drop)
}

/// Series after this one whose tail has come to rest, of the next so many tails; and the last one looked at, if there
/// may be more.
pub(crate) fn at_rest(
    connection: &Connection,
    after: i64,
    untouched_since: Timestamp,
    limit: usize,
) -> Result<(Vec<i64>, Option<i64>)> {
    let mut statement =
        connection.prepare_cached("SELECT series, touched_at FROM tail WHERE series > ?1 ORDER BY series LIMIT ?2")?;
    let rows = statement.query_map([after, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
        Ok((row.get::<_, i64>(0)?, row.instant(1)?))
    })?;
    let found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let last = found.last().filter(|_| found.len() == limit).map(|(series, _)| *series);
    Ok((found.into_iter().filter(|(_, at)| *at < untouched_since).map(|(series, _)| series).collect(), last))
}

/// Seals the tails of these series, but for those that were added to since.
pub(crate) fn seal_at_rest(
    connection: &Connection,
    series: &[i64],
    untouched_since: Timestamp,
    sealing: &Sealing,
) -> Result<()> {
    let sql = format!("SELECT {} FROM tail WHERE series = ?1 AND touched_at < ?2", tail::COLUMNS);
    let mut statement = connection.prepare_cached(&sql)?;
    for series in series {
        let found = statement.query_row([*series, untouched_since.millis()], |row| Tail::read(row, 0));
        if let Some(tail) = found.optional()? {
            seal(connection, *series, &tail, sealing, true)?;
        }
    }
    Ok(())
}

/// The first series after this one that has late points.
pub(crate) fn late_after(connection: &Connection, after: i64) -> Result<Option<i64>> {
    let sql = "SELECT min(series) FROM point WHERE series > ?1";
    Ok(connection.prepare_cached(sql)?.query_row([after], |row| row.get(0))?)
}

/// Folds the first late points of a series into its chunks.
pub(crate) fn fold(connection: &Connection, series: i64, sealing: &Sealing) -> Result<()> {
    let mut points = late::first(connection, series, sealing.chunk_points)?;
    let Some(first) = points.first().map(Place::of) else { return Ok(()) };
    let around = Chunk::around(connection, series, first)?;
    let next = match &around {
        Some(chunk) => Chunk::after(connection, series, chunk.first)?,
        None => None,
    };
    if let Some(next) = &next {
        points.truncate(points.partition_point(|point| Place::of(point) < next.first));
    }
    if let Some(last) = points.last() {
        late::remove_until(connection, series, last)?;
    }
    if let Some(chunk) = around {
        points.extend(chunk.points(connection)?);
        // Stable: nothing is in both, but if it were, one would go.
        points.sort_by(by_place);
        points.dedup_by(|a, b| by_place(a, b).is_eq());
        chunk.delete(connection, series)?;
    }
    Chunk::insert_all(connection, series, &points, sealing.chunk_points)?;
    if next.is_none() {
        let end = points.last().map(Place::of);
        execute(connection, "UPDATE series SET sealed_end = ?2 WHERE pk = ?1", params![series, end])?;
    }
    Ok(())
}
