//! Points of a series as bytes, small.
//!
//! A chunk is the version, the lengths of its first two columns, and three columns: times, steps, values. Each is in
//! the standalone format of pcodec 1 (<https://github.com/pcodec/pcodec>), which finds by itself whether differences,
//! common divisors or truncated floats make a column smaller: a step that rises by one costs nothing, a time some five
//! bits, a loss computed in 32 bits less than three bytes. Every bit pattern of a double comes back, but for NaNs,
//! which are one value.

use pco::{
    ChunkConfig, DeltaSpec,
    data_types::Number,
    standalone::{simple_compress, simple_decompress},
};
use trackside_core::{Point, Timestamp};

use crate::error::{Failure, Result};

/// Of the stored form.
const VERSION: u8 = 1;
/// Version and two lengths.
const HEAD: usize = 9;
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
    let mut bytes = Vec::with_capacity(HEAD + times.len() + steps.len() + values.len());
    bytes.push(VERSION);
    for column in [&times, &steps] {
        let length = u32::try_from(column.len()).map_err(|_| corrupt("is too large"))?;
        bytes.extend(length.to_le_bytes());
    }
    bytes.extend(times);
    bytes.extend(steps);
    bytes.extend(values);
    Ok(bytes)
}

/// The points of a stored form; `Corrupt` when it is none.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Point>> {
    let (head, columns) = bytes.split_at_checked(HEAD).ok_or_else(|| corrupt("is too short"))?;
    if head[0] != VERSION {
        return Err(corrupt("has another version"));
    }
    let length = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
    let (times, columns) = columns.split_at_checked(length(1)).ok_or_else(|| corrupt("is too short"))?;
    let (steps, values) = columns.split_at_checked(length(5)).ok_or_else(|| corrupt("is too short"))?;
    let (times, steps, values) = (numbers::<i64>(times)?, numbers::<i64>(steps)?, numbers::<f64>(values)?);
    if times.len() != steps.len() || times.len() != values.len() {
        return Err(corrupt("has columns of different lengths"));
    }
    let points = times.into_iter().zip(steps).zip(values);
    Ok(points.map(|((time, step), value)| Point { step, time: Timestamp::from_millis(time), value }).collect())
}

fn column<T: Number>(numbers: impl Iterator<Item = T>, delta: DeltaSpec) -> Result<Vec<u8>> {
    let numbers: Vec<T> = numbers.collect();
    simple_compress(&numbers, &ChunkConfig::default().with_compression_level(LEVEL).with_delta_spec(delta))
        .map_err(|error| Failure::from(trackside_core::Error::internal("points cannot be packed").with_source(error)))
}

fn numbers<T: Number>(bytes: &[u8]) -> Result<Vec<T>> {
    simple_decompress(bytes).map_err(|error| {
        let corrupt =
            trackside_core::Error::new(trackside_core::ErrorKind::Corrupt, "a chunk of points cannot be read");
        corrupt.with_source(error).into()
    })
}

fn corrupt(what: &str) -> Failure {
    trackside_core::Error::new(trackside_core::ErrorKind::Corrupt, format!("a chunk of points {what}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All bits, so that the zeros differ; NaN is NaN.
    fn bits(points: &[Point]) -> Vec<(i64, i64, u64)> {
        let bits = |value: f64| if value.is_nan() { u64::MAX } else { value.to_bits() };
        points.iter().map(|point| (point.step, point.time.millis(), bits(point.value))).collect()
    }

    /// Numbers that differ in every bit sooner or later (Knuth's MMIX).
    fn random(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ (state >> 29)
        }
    }

    #[test]
    fn whatever_was_packed_comes_back() {
        let special = [0, u64::MAX, 1, 1 << 63, f64::NAN.to_bits(), f64::INFINITY.to_bits(), 1.0_f64.to_bits()];
        for seed in 0..60_u64 {
            let mut next = random(seed);
            let n = [0, 1, 2, 3, 100, 2_048, 3_000][usize::try_from(seed % 7).unwrap()];
            let points: Vec<Point> = (0..n)
                .map(|i: i64| {
                    let (time, step, value) = match seed % 5 {
                        // Anything, special values, the same again and again, a curve, both ends of the range.
                        0 => (next().cast_signed(), next().cast_signed(), next()),
                        1 => (i, -i, special[usize::try_from(next() % 7).unwrap()]),
                        2 => (7, 7, 7.5_f64.to_bits()),
                        3 => (
                            1_700_000_000_000 + 100 * i,
                            i,
                            (1.0 / (1.0 + f64::from(i32::try_from(i).unwrap()))).to_bits(),
                        ),
                        _ => (if i % 2 == 0 { i64::MIN } else { i64::MAX }, i64::MAX - i, next() % 2),
                    };
                    Point { step, time: Timestamp::from_millis(time), value: f64::from_bits(value) }
                })
                .collect();
            assert_eq!(bits(&decode(&encode(&points).unwrap()).unwrap()), bits(&points), "seed {seed}");
        }
    }

    #[test]
    fn a_curve_takes_less_than_six_bytes_a_point() {
        let mut next = random(1);
        let mut time = 1_700_000_000_000;
        let points: Vec<Point> = (0..2_048)
            .map(|step| {
                time += 100 + i64::try_from(next() % 20).unwrap();
                let noise = f64::from(u32::try_from(next() >> 40).unwrap()) / f64::from(1 << 24);
                let loss = 2.0 * (-f64::from(step) / 500.0).exp() + 0.05 * noise;
                // As frameworks compute it.
                #[expect(clippy::cast_possible_truncation, reason = "that is the point")]
                let value = f64::from(loss as f32);
                Point { step: step.into(), time: Timestamp::from_millis(time), value }
            })
            .collect();
        let bytes = encode(&points).unwrap().len();
        assert!(bytes < 6 * points.len(), "{bytes}");
    }

    #[test]
    fn bytes_of_others_are_corrupt() {
        let point = Point { step: 1, time: Timestamp::from_millis(2), value: 3.0 };
        let bytes = encode(&[point; 300]).unwrap();
        for bad in [&bytes[..0], &bytes[..8], &bytes[..bytes.len() - 20], b"nonsense!", &[&[2], &bytes[1..]].concat()] {
            let error = trackside_core::Error::from(decode(bad).unwrap_err());
            assert_eq!(error.kind(), trackside_core::ErrorKind::Corrupt);
        }
        for at in 0..bytes.len() {
            let mut torn = bytes.clone();
            torn[at] ^= 0x55;
            // Anything but a panic; most changes cannot be told from other points.
            drop(decode(&torn));
        }
    }
}
