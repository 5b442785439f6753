//! Sealed points.

use std::ops::{ControlFlow, RangeInclusive};

use rusqlite::{Connection, OptionalExtension, Row, params};
use trackside_core::Point;

use super::{Extremes, Place, codec, place::by_place};
use crate::error::Result;

/// What is known of a chunk without reading its points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Chunk {
    pub(super) first: Place,
    pub(super) packed: Packed,
}

/// How many points a chunk has, and where they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Packed {
    pub(crate) n: usize,
    bytes: i64,
}

/// What is known of a chunk's points without reading them.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) packed: Packed,
    pub(crate) last: Place,
    pub(crate) steps: RangeInclusive<i64>,
    pub(crate) extremes: Extremes,
}

/// Hands over the summaries of chunks around some steps in order, until `take` has enough.
pub(crate) fn summaries(
    connection: &Connection,
    series: i64,
    steps: &RangeInclusive<i64>,
    mut take: impl FnMut(Summary) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let sql = "SELECT n, bytes, last, min_step, max_step, lowest, highest FROM chunk \
               WHERE series = ?1 AND min_step <= ?3 AND max_step >= ?2 ORDER BY first";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([series, *steps.start(), *steps.end()])?;
    while let Some(row) = rows.next()? {
        let extreme = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<Place>>(column)?.map(Place::point));
        let extremes = Extremes { lowest: extreme(5)?, highest: extreme(6)? };
        let packed = Packed::read(row, 0)?;
        let summary = Summary { packed, last: row.get(2)?, steps: row.get(3)?..=row.get(4)?, extremes };
        if take(summary)?.is_break() {
            break;
        }
    }
    Ok(())
}

impl Packed {
    /// Two columns from this one on: how many points, and where.
    fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        let n: i64 = row.get(first)?;
        Ok(Self { n: usize::try_from(n).unwrap_or(0), bytes: row.get(first + 1)? })
    }

    /// All of them, in order.
    pub(crate) fn points(&self, connection: &Connection) -> Result<Vec<Point>> {
        self.unpack(connection, |bytes| codec::decode(bytes, self.n))
    }

    /// Those at these positions in the order of their steps, see [`codec::Stored::by_step`].
    pub(crate) fn by_step(&self, connection: &Connection, positions: &[usize]) -> Result<Vec<Point>> {
        self.unpack(connection, |bytes| codec::Stored::of(bytes, self.n)?.by_step(positions))
    }

    fn unpack<T>(&self, connection: &Connection, how: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        let mut statement = connection.prepare_cached("SELECT bytes FROM chunk_bytes WHERE pk = ?1")?;
        let mut rows = statement.query([self.bytes])?;
        let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        how(row.get_ref(0)?.as_blob().map_err(crate::rows::unreadable)?)
    }
}

const COLUMNS: &str = "SELECT first, n, bytes FROM chunk WHERE series = ?1";

impl Chunk {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { first: row.get(0)?, packed: Packed::read(row, 1)? })
    }

    /// Its points, in order.
    pub(super) fn points(&self, connection: &Connection) -> Result<Vec<Point>> {
        self.packed.points(connection)
    }

    /// The first chunk of a series.
    pub(super) fn first(connection: &Connection, series: i64) -> Result<Option<Self>> {
        find(connection, "ORDER BY first LIMIT 1", series, None)
    }

    /// The last chunk of a series.
    pub(super) fn last(connection: &Connection, series: i64) -> Result<Option<Self>> {
        find(connection, "ORDER BY first DESC LIMIT 1", series, None)
    }

    /// The chunk in whose stretch a place is: the last one that begins there or before, or else the first of all.
    pub(super) fn around(connection: &Connection, series: i64, place: Place) -> Result<Option<Self>> {
        match find(connection, "AND first <= ?2 ORDER BY first DESC LIMIT 1", series, Some(place))? {
            Some(found) => Ok(Some(found)),
            None => Self::after(connection, series, place),
        }
    }

    /// The next chunk that begins after a place.
    pub(super) fn after(connection: &Connection, series: i64, place: Place) -> Result<Option<Self>> {
        find(connection, "AND first > ?2 ORDER BY first LIMIT 1", series, Some(place))
    }

    pub(super) fn delete(&self, connection: &Connection, series: i64) -> Result<()> {
        let sql = "DELETE FROM chunk WHERE series = ?1 AND first = ?2";
        crate::rows::execute(connection, sql, params![series, self.first]).map(drop)
    }

    /// Writes points, which are in order, as a chunk. None is no chunk.
    pub(super) fn insert(connection: &Connection, series: i64, points: &[Point]) -> Result<()> {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(()) };
        let bytes = codec::encode(points)?;
        connection.prepare_cached("INSERT INTO chunk_bytes (bytes) VALUES (?1)")?.execute([bytes])?;
        let steps = || points.iter().map(|point| point.step);
        let extremes = Extremes::of(points);
        crate::rows::execute(
            connection,
            "INSERT INTO chunk (series, first, last, n, min_step, max_step, lowest, highest, bytes) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, last_insert_rowid())",
            params![
                series,
                Place::of(first),
                Place::of(last),
                crate::rows::integer(points.len() as u64),
                steps().min(),
                steps().max(),
                extremes.lowest.as_ref().map(Place::of),
                extremes.highest.as_ref().map(Place::of),
            ],
        )?;
        debug_assert!(points.is_sorted_by(|a, b| by_place(a, b).is_lt()), "a chunk is in order and has no point twice");
        Ok(())
    }

    /// Writes points, which are in order, as chunks of about equal size, none too large.
    pub(super) fn insert_all(connection: &Connection, series: i64, points: &[Point], size: usize) -> Result<()> {
        let n_chunks = points.len().div_ceil(size).max(1);
        points
            .chunks(points.len().div_ceil(n_chunks).max(1))
            .try_for_each(|part| Self::insert(connection, series, part))
    }
}

fn find(connection: &Connection, which: &str, series: i64, place: Option<Place>) -> Result<Option<Chunk>> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} {which}"))?;
    let found = match place {
        Some(place) => statement.query_row(params![series, place], Chunk::read),
        None => statement.query_row([series], Chunk::read),
    };
    Ok(found.optional()?)
}
