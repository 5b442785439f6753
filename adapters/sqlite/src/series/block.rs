//! Blocks: points that are not sealed, in rows that are written once.
//!
//! A block is the version, then for each point the differences of time and step to those of the point before as
//! varints, and the bits of the value: some eleven bytes. Less of them goes through the WAL, and less room is left
//! behind when they are sealed.

use integer_encoding::VarInt;
use rusqlite::{Connection, params};
use trackside_core::{Error, ErrorKind, Point, Timestamp};

use crate::{
    error::{Failure, Result},
    rows::{execute, unreadable},
};

/// Of the stored form.
const VERSION: u8 = 1;
/// Bytes of most points: two varints and a value.
const USUAL: usize = 12;
/// The key of a block is this many times its series, plus its number.
const BLOCKS: i64 = 1 << 16;

/// Writes the block of a series that has this number.
pub(super) fn insert(connection: &Connection, series: i64, number: i64, points: &[Point]) -> Result<()> {
    let sql = "INSERT INTO block (pk, points) VALUES (?1, ?2)";
    execute(connection, sql, params![series * BLOCKS + number, encoded(points)]).map(drop)
}

/// Reads the points of all blocks of a series, in the order of arrival.
pub(super) fn read(connection: &Connection, series: i64, points: &mut Vec<Point>) -> Result<()> {
    let sql = "SELECT points FROM block WHERE pk >= ?1 AND pk < ?2 ORDER BY pk";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([series * BLOCKS, (series + 1) * BLOCKS])?;
    while let Some(row) = rows.next()? {
        decode(row.get_ref(0)?.as_blob().map_err(unreadable)?, points).ok_or_else(corrupt)?;
    }
    Ok(())
}

/// Removes all blocks of a series.
pub(super) fn remove(connection: &Connection, series: i64) -> Result<()> {
    let sql = "DELETE FROM block WHERE pk >= ?1 AND pk < ?2";
    execute(connection, sql, [series * BLOCKS, (series + 1) * BLOCKS]).map(drop)
}

/// For points that are not sealed and cannot be read.
pub(super) fn corrupt() -> Failure {
    Error::new(ErrorKind::Corrupt, "points that are not sealed cannot be read").into()
}

fn encoded(points: &[Point]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + points.len() * USUAL);
    bytes.push(VERSION);
    let mut varint = [0; 10];
    let (mut time, mut step) = (0_i64, 0_i64);
    for point in points {
        let millis = point.time.millis();
        // A difference that is too large wraps, and so does the sum that undoes it.
        for difference in [millis.wrapping_sub(time), point.step.wrapping_sub(step)] {
            let length = difference.encode_var(&mut varint);
            bytes.extend(&varint[..length]);
        }
        let value = if point.value.is_nan() { f64::NAN } else { point.value };
        bytes.extend(value.to_bits().to_le_bytes());
        (time, step) = (millis, point.step);
    }
    bytes
}

/// `None` when this is no block.
fn decode(bytes: &[u8], points: &mut Vec<Point>) -> Option<()> {
    let (&VERSION, mut rest) = bytes.split_first()? else { return None };
    let (mut time, mut step) = (0_i64, 0_i64);
    while !rest.is_empty() {
        for sum in [&mut time, &mut step] {
            let (difference, length) = i64::decode_var(rest)?;
            *sum = sum.wrapping_add(difference);
            rest = rest.get(length..)?;
        }
        let (value, others) = rest.split_first_chunk()?;
        points.push(Point {
            step,
            time: Timestamp::from_millis(time),
            value: f64::from_bits(u64::from_le_bytes(*value)),
        });
        rest = others;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::any, prop_assert_eq, proptest};

    use super::*;

    fn bits(points: &[Point]) -> Vec<(i64, i64, u64)> {
        let bits = |value: f64| if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
        points.iter().map(|point| (point.time.millis(), point.step, bits(point.value))).collect()
    }

    proptest! {
        #[test]
        fn whatever_was_written_is_read(points in vec(any::<(i64, i64, u64)>(), 0..40)) {
            let point = |(time, step, value)| Point { step, time: Timestamp::from_millis(time), value: f64::from_bits(value) };
            let points: Vec<Point> = points.into_iter().map(point).collect();
            let mut read = Vec::new();
            decode(&encoded(&points), &mut read).unwrap();
            prop_assert_eq!(bits(&read), bits(&points));
        }

        #[test]
        fn nonsense_is_refused_or_read_but_never_more_than_there_is(bytes in vec(any::<u8>(), 0..200)) {
            let mut read = Vec::new();
            decode(&bytes, &mut read);
            assert!(read.len() * 10 <= bytes.len());
        }
    }

    #[test]
    fn a_curve_takes_eleven_bytes_a_point() {
        let point = |n: i64| Point { step: n, time: Timestamp::from_millis(1_700_000_000_000 + 100 * n), value: 0.1 };
        let points: Vec<Point> = (0..1_000).map(point).collect();
        assert!(encoded(&points).len() < 11_100);
        assert!(decode(&encoded(&points)[..490], &mut Vec::new()).is_none(), "cut short");
    }
}
