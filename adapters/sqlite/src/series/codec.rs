//! Points of a series as bytes, small.
//!
//! A chunk is the version, the lengths of its first two columns, three columns (times, steps, values), and the CRC-32C
//! of all that, little-endian: damaged bytes are an error and never other points. Each column is in the standalone format of pcodec 1 (<https://github.com/pcodec/pcodec>), which finds by itself whether differences,
//! common divisors or truncated floats make a column smaller: a step that rises by one costs nothing, a time some five
//! bits, a loss computed in 32 bits less than three bytes. Every bit pattern of a double comes back, but for NaNs,
//! which are one value.

use pco::{
    ChunkConfig, DeltaSpec, FULL_BATCH_N,
    data_types::Number,
    standalone::{DecompressorItem, FileDecompressor, simple_compress, simple_decompress_into},
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
    Stored::of(bytes, n)?.points()
}

/// A stored form that is what was written, columns apart.
pub(crate) struct Stored<'a> {
    n: usize,
    times: &'a [u8],
    steps: &'a [u8],
    values: &'a [u8],
}

impl<'a> Stored<'a> {
    /// `Corrupt` when the bytes are no stored form.
    pub(crate) fn of(bytes: &'a [u8], n: usize) -> Result<Self> {
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
        Ok(Self { n, times, steps, values })
    }

    /// The points at these positions of a sample's order, which are ascending: by step, and within one in their own
    /// order. Of times and values no more is unpacked than what comes before the last of them.
    pub(crate) fn by_step(&self, positions: &[usize]) -> Result<Vec<Point>> {
        let steps = numbers::<i64>(self.steps, self.n, self.n)?;
        let places = if steps.is_sorted() {
            positions.to_vec()
        } else {
            let mut order: Vec<_> = (0..self.n).collect();
            order.sort_by_key(|place| steps[*place]);
            positions.iter().filter_map(|position| order.get(*position).copied()).collect()
        };
        let n_read = places.iter().max().map_or(0, |last| last + 1);
        if n_read > self.n {
            return Err(another_number());
        }
        let times = numbers::<i64>(self.times, self.n, n_read)?;
        let values = numbers::<f64>(self.values, self.n, n_read)?;
        let point = |at: usize| Point { step: steps[at], time: Timestamp::from_millis(times[at]), value: values[at] };
        Ok(places.into_iter().map(point).collect())
    }

    /// All of them.
    fn points(&self) -> Result<Vec<Point>> {
        let n = self.n;
        let (times, steps) = (numbers::<i64>(self.times, n, n)?, numbers::<i64>(self.steps, n, n)?);
        let points = times.into_iter().zip(steps).zip(numbers::<f64>(self.values, n, n)?);
        Ok(points.map(|((time, step), value)| Point { step, time: Timestamp::from_millis(time), value }).collect())
    }
}

fn column<T: Number>(numbers: impl Iterator<Item = T>, delta: DeltaSpec) -> Result<Vec<u8>> {
    let numbers: Vec<T> = numbers.collect();
    simple_compress(&numbers, &ChunkConfig::default().with_compression_level(LEVEL).with_delta_spec(delta))
        .map_err(|error| Failure::from(trackside_core::Error::internal("points cannot be packed").with_source(error)))
}

/// The first numbers of a column, at least `wanted` of `n`. What the bytes themselves say of their number is not
/// believed, so that they cannot make it take more memory.
fn numbers<T: Number + Default>(bytes: &[u8], n: usize, wanted: usize) -> Result<Vec<T>> {
    let unreadable = |error| {
        let corrupt =
            trackside_core::Error::new(trackside_core::ErrorKind::Corrupt, "a chunk of points cannot be read");
        Failure::from(corrupt.with_source(error))
    };
    let mut numbers = vec![T::default(); wanted.next_multiple_of(FULL_BATCH_N).min(n)];
    if numbers.len() == n {
        let read = simple_decompress_into(bytes, &mut numbers).map_err(unreadable)?;
        return if read.n_processed == n && read.finished { Ok(numbers) } else { Err(another_number()) };
    }
    let (file, columns) = FileDecompressor::new(bytes).map_err(unreadable)?;
    match file.chunk_decompressor(columns).map_err(unreadable)? {
        DecompressorItem::Chunk(mut column) if column.n() == n => {
            column.read(&mut numbers).map_err(unreadable)?;
            Ok(numbers)
        }
        _ => Err(another_number()),
    }
}

fn another_number() -> Failure {
    corrupt("has another number of points")
}

fn corrupt(what: &str) -> Failure {
    trackside_core::Error::new(trackside_core::ErrorKind::Corrupt, format!("a chunk of points {what}")).into()
}

#[cfg(test)]
mod tests;
