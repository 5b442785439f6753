//! The points of a series that are not sealed: its tail, one row that is written anew with each point, and blocks, rows
//! that are written once.

use rusqlite::{Connection, OptionalExtension, Row, params};
use trackside_core::{Error, Point, Timestamp};

use super::{Place, Sealing, block, block::corrupt, place::by_place};
use crate::{
    error::Result,
    rows::{Columns, execute, integer, stored, unreadable},
};

/// Time, step and the bits of the value, each eight bytes, little-endian. NaN is one value.
const RECORD: usize = 24;
/// So many points that arrive together are a block of their own.
const LARGE: usize = 16;
/// The row of a tail has room for 1, 4, 16, … records. So most updates leave its size as it is, and SQLite overwrites
/// it in place; a row that grows moves its neighbours to other pages.
const GROWTH: usize = 4;

/// What is not sealed of a series.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) latest: Point,
    n_blocks: i64,
    n_in_blocks: usize,
    /// Last place of all of them.
    pub(super) end: Place,
    /// Whether its latest value is in `rank`.
    pub(super) is_ranked: bool,
    /// Those that are in no block, in the order of arrival.
    records: Vec<u8>,
}

impl Tail {
    /// Of a series that has none, whose latest value is in `rank`.
    pub(super) fn begin(latest: Point, first: &Point) -> Self {
        Self { latest, n_blocks: 0, n_in_blocks: 0, end: Place::of(first), is_ranked: true, records: Vec::new() }
    }

    /// Columns from this one on: those of a point, then the others in the order of the table.
    pub(super) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        let n_in_blocks: i64 = row.get(first + 5)?;
        Ok(Self {
            latest: row.point(first)?,
            n_blocks: row.get(first + 4)?,
            n_in_blocks: usize::try_from(n_in_blocks).unwrap_or(0),
            end: row.get(first + 6)?,
            is_ranked: row.get(first + 7)?,
            records: used(row.get_ref(first + 9)?.as_blob().map_err(unreadable)?, row.get(first + 8)?)
                .ok_or_else(cut)?
                .to_vec(),
        })
    }

    /// How many points there are.
    pub(super) fn len(&self) -> usize {
        self.n_in_blocks + self.records.len() / RECORD
    }

    /// All of them, in the order of arrival.
    pub(super) fn points(&self, connection: &Connection, series: i64) -> Result<Vec<Point>> {
        let mut points = Vec::with_capacity(self.records.len() / RECORD);
        if self.n_blocks > 0 {
            block::read(connection, series, &mut points)?;
        }
        points.extend(unpacked(&self.records)?);
        if points.len() == self.len() { Ok(points) } else { Err(corrupt()) }
    }

    /// Adds points, which are none of those that are there, and writes all down.
    pub(super) fn extend(
        &mut self,
        connection: &Connection,
        series: i64,
        points: &[Point],
        is_new: bool,
        sealing: &Sealing,
        now: Timestamp,
    ) -> Result<()> {
        self.end = points.iter().map(Place::of).fold(self.end, Place::max);
        if points.len() >= LARGE.min(sealing.tail_points) {
            self.add_block(connection, series, points)?;
        } else {
            for point in points {
                pack(point, &mut self.records);
            }
            if self.records.len() >= sealing.tail_points * RECORD {
                let points: Vec<Point> = unpacked(&std::mem::take(&mut self.records))?.collect();
                self.add_block(connection, series, &points)?;
            }
        }
        self.save(connection, series, is_new, now)
    }

    fn add_block(&mut self, connection: &Connection, series: i64, points: &[Point]) -> Result<()> {
        block::insert(connection, series, self.n_blocks, points)?;
        self.n_blocks += 1;
        self.n_in_blocks += points.len();
        Ok(())
    }

    /// Writes all but the blocks.
    pub(super) fn save(&self, connection: &Connection, series: i64, is_new: bool, now: Timestamp) -> Result<()> {
        let sql = if is_new {
            "INSERT INTO tail (series, touched_at, last_step, last_time, last_value, last_is_nan, n_blocks, \
             n_in_blocks, end, n_points, points) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
        } else {
            "UPDATE tail SET touched_at = ?2, last_step = ?3, last_time = ?4, last_value = ?5, last_is_nan = ?6, \
             n_blocks = ?7, n_in_blocks = ?8, end = ?9, n_points = ?10, points = ?11 WHERE series = ?1"
        };
        let (value, is_nan) = stored(self.latest.value);
        let Point { step, time, .. } = self.latest;
        let n_in_blocks = integer(self.n_in_blocks as u64);
        let n_points = self.records.len() / RECORD;
        let mut room = self.records.clone();
        room.resize(room_for(n_points) * RECORD, 0);
        execute(
            connection,
            sql,
            params![
                series,
                now.millis(),
                step,
                time.millis(),
                value,
                is_nan,
                self.n_blocks,
                n_in_blocks,
                self.end,
                integer(n_points as u64),
                room
            ],
        )?;
        Ok(())
    }

    /// Forgets it.
    pub(super) fn remove(&self, connection: &Connection, series: i64) -> Result<()> {
        if self.n_blocks > 0 {
            block::remove(connection, series)?;
        }
        execute(connection, "DELETE FROM tail WHERE series = ?1", [series]).map(drop)
    }
}

/// The columns that [`Tail::read`] reads.
pub(super) const COLUMNS: &str = "tail.last_step, tail.last_time, tail.last_value, tail.last_is_nan, n_blocks, \
                                  n_in_blocks, end, unranked IS NULL, n_points, points";

/// What is not sealed of a series, where there is such.
pub(super) fn find(connection: &Connection, series: i64) -> Result<Option<Tail>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM tail WHERE series = ?1"))?;
    Ok(statement.query_row([series], |row| Tail::read(row, 0)).optional()?)
}

/// The points of a series that are not sealed, in order.
pub(crate) fn sorted(connection: &Connection, series: i64) -> Result<Vec<Point>> {
    let Some(tail) = find(connection, series)? else { return Ok(Vec::new()) };
    let mut points = tail.points(connection, series)?;
    points.sort_by(by_place);
    Ok(points)
}

/// The records in a row of so many points.
fn used(room: &[u8], n_points: i64) -> Option<&[u8]> {
    room.get(..usize::try_from(n_points).ok()?.checked_mul(RECORD)?)
}

fn cut() -> rusqlite::Error {
    unreadable(Error::internal("a tail holds fewer points than it says"))
}

/// How many records a row that holds so many has room for.
fn room_for(n_points: usize) -> usize {
    let mut room = n_points.min(1);
    while room < n_points {
        room *= GROWTH;
    }
    room
}

fn pack(point: &Point, records: &mut Vec<u8>) {
    let value = if point.value.is_nan() { f64::NAN } else { point.value };
    records.extend(point.time.millis().to_le_bytes());
    records.extend(point.step.to_le_bytes());
    records.extend(value.to_bits().to_le_bytes());
}

fn unpacked(records: &[u8]) -> Result<impl Iterator<Item = Point>> {
    let (records, rest) = records.as_chunks::<RECORD>();
    if !rest.is_empty() {
        return Err(corrupt());
    }
    Ok(records.iter().map(|record| {
        let word = |at: usize| u64::from_le_bytes(record[at..at + 8].try_into().expect("eight bytes"));
        Point {
            time: Timestamp::from_millis(word(0).cast_signed()),
            step: word(8).cast_signed(),
            value: f64::from_bits(word(16)),
        }
    }))
}
