//! The points of a series that are not sealed.

use rusqlite::{Connection, params};
use trackside_core::{Point, Timestamp};

use crate::{
    error::Result,
    rows::{execute, nan_apart},
};

/// Time, step and the bits of the value, each eight bytes, little-endian. NaN is one value.
const RECORD: usize = 24;

/// In the order of arrival.
#[derive(Debug, Default)]
pub(super) struct Tail(Vec<u8>);

impl Tail {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len() / RECORD
    }

    pub(super) fn push(&mut self, point: &Point) {
        let value = if point.value.is_nan() { f64::NAN } else { point.value };
        self.0.extend(point.time.millis().to_le_bytes());
        self.0.extend(point.step.to_le_bytes());
        self.0.extend(value.to_bits().to_le_bytes());
    }

    pub(super) fn points(&self) -> impl Iterator<Item = Point> {
        let (records, _) = self.0.as_chunks::<RECORD>();
        records.iter().map(|record| {
            let word = |at: usize| u64::from_le_bytes(record[at..at + 8].try_into().expect("eight bytes"));
            Point {
                time: Timestamp::from_millis(word(0).cast_signed()),
                step: word(8).cast_signed(),
                value: f64::from_bits(word(16)),
            }
        })
    }

    /// Writes it, with the latest point of the series.
    pub(super) fn save(
        &self,
        connection: &Connection,
        series: i64,
        is_new: bool,
        latest: &Point,
        now: Timestamp,
    ) -> Result<()> {
        let sql = if is_new {
            "INSERT INTO tail (series, touched_at, last_step, last_time, last_value, last_is_nan, points) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
        } else {
            "UPDATE tail SET touched_at = ?2, last_step = ?3, last_time = ?4, last_value = ?5, last_is_nan = ?6, \
             points = ?7 WHERE series = ?1"
        };
        let (value, is_nan) = nan_apart(latest.value);
        let time = latest.time.millis();
        execute(connection, sql, params![series, now.millis(), latest.step, time, value, is_nan, self.0])?;
        Ok(())
    }
}

/// The tail of a series, empty where there is none.
pub(super) fn find(connection: &Connection, series: i64) -> Result<Tail> {
    let mut statement = connection.prepare_cached("SELECT points FROM tail WHERE series = ?1")?;
    let mut rows = statement.query([series])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?.map(Tail::new).unwrap_or_default())
}

/// Forgets it.
pub(super) fn remove(connection: &Connection, series: i64) -> Result<()> {
    execute(connection, "DELETE FROM tail WHERE series = ?1", [series]).map(drop)
}
