//! Points of a series as bytes, small.
//!
//! A chunk is the version, the lengths of its first two columns, three columns (times, steps, values), and the CRC-32C
//! of all that, little-endian: damaged bytes are an error and never other points. Each column is in the standalone format of pcodec 1 (<https://github.com/pcodec/pcodec>), which finds by itself whether differences,
//! common divisors or truncated floats make a column smaller: a step that rises by one costs nothing, a time some five
//! bits, a loss computed in 32 bits less than three bytes. Every bit pattern of a double comes back, but for NaNs,
//! which are one value.

use pco::{
    ChunkConfig, DeltaSpec,
    data_types::Number,
    standalone::{simple_compress, simple_decompress_into},
};
use trackside_core::{Point, Timestamp};

use super::MOST_POINTS;
use crate::error::{Failure, Result};

/// Of the stored form.
const VERSION: u8 = 1;
/// Version and two lengths.
const HEAD: usize = 9;
/// The checksum.
const FOOT: usize = 4;
/// A third of the time of the default level, and at most 2 % more bytes on curves of trainings.
const LEVEL: usize = 4;

/// The stored form of points in order.
pub(crate) fn encode(points: &[Point]) -> Result<Vec<u8>> {
    // Points are in order, so times rise, and so do most steps: nothing need be tried out.
    let rising = || DeltaSpec::TryConsecutive(1);
    let times = column(points.iter().map(|point| point.time.millis()), rising())?;
    let steps = column(points.iter().map(|point| point.step), rising())?;
    let value = |point: &Point| if point.value.is_nan() { f64::NAN } else { point.value };
    let values = column(points.iter().map(value), DeltaSpec::Auto)?;
    let mut bytes = Vec::with_capacity(HEAD + times.len() + steps.len() + values.len() + FOOT);
    bytes.push(VERSION);
    for column in [&times, &steps] {
        let length = u32::try_from(column.len()).map_err(|_| corrupt("is too large"))?;
        bytes.extend(length.to_le_bytes());
    }
    bytes.extend(times);
    bytes.extend(steps);
    bytes.extend(values);
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    Ok(bytes)
}

/// The points of a stored form; `Corrupt` when it is none of so many points.
pub(crate) fn decode(bytes: &[u8], n: usize) -> Result<Vec<Point>> {
    if bytes.first().is_some_and(|version| *version != VERSION) {
        return Err(corrupt("has another version"));
    }
    let (body, checksum) = bytes.split_last_chunk::<FOOT>().ok_or_else(|| corrupt("is too short"))?;
    let (head, columns) = body.split_at_checked(HEAD).ok_or_else(|| corrupt("is too short"))?;
    if crc32c::crc32c(body) != u32::from_le_bytes(*checksum) {
        return Err(corrupt("is damaged"));
    }
    if n > MOST_POINTS {
        return Err(corrupt("is too large"));
    }
    let length = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
    let (times, columns) = columns.split_at_checked(length(1)).ok_or_else(|| corrupt("is too short"))?;
    let (steps, values) = columns.split_at_checked(length(5)).ok_or_else(|| corrupt("is too short"))?;
    let (times, steps, values) = (numbers::<i64>(times, n)?, numbers::<i64>(steps, n)?, numbers::<f64>(values, n)?);
    let points = times.into_iter().zip(steps).zip(values);
    Ok(points.map(|((time, step), value)| Point { step, time: Timestamp::from_millis(time), value }).collect())
}

fn column<T: Number>(numbers: impl Iterator<Item = T>, delta: DeltaSpec) -> Result<Vec<u8>> {
    let numbers: Vec<T> = numbers.collect();
    simple_compress(&numbers, &ChunkConfig::default().with_compression_level(LEVEL).with_delta_spec(delta))
        .map_err(|error| Failure::from(trackside_core::Error::internal("points cannot be packed").with_source(error)))
}

/// A column of so many numbers. What the bytes themselves say of their number is not believed, so that they cannot make
/// it take more memory.
fn numbers<T: Number + Default>(bytes: &[u8], n: usize) -> Result<Vec<T>> {
    let mut numbers = vec![T::default(); n];
    let read = simple_decompress_into(bytes, &mut numbers).map_err(|error| {
        let corrupt =
            trackside_core::Error::new(trackside_core::ErrorKind::Corrupt, "a chunk of points cannot be read");
        Failure::from(corrupt.with_source(error))
    })?;
    if read.n_processed == n && read.finished { Ok(numbers) } else { Err(corrupt("has another number of points")) }
}

fn corrupt(what: &str) -> Failure {
    trackside_core::Error::new(trackside_core::ErrorKind::Corrupt, format!("a chunk of points {what}")).into()
}

#[cfg(test)]
mod tests;
