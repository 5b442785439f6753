use proptest::{
    collection::vec,
    prelude::{Just, ProptestConfig, Strategy, any},
    prop_assert, prop_assert_eq, prop_oneof, proptest,
    sample::Index,
};
use trackside_core::{Error, ErrorKind};

use super::*;

/// Most points of a chunk that is made up here: more than two batches of pcodec, which are of 256.
const MOST: usize = 600;
const SIGN: u64 = 1 << 63;

/// All bits; NaN is one value.
fn bits(points: &[Point]) -> Vec<(i64, i64, u64)> {
    let bits = |value: f64| if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
    points.iter().map(|point| (point.step, point.time.millis(), bits(point.value))).collect()
}

/// The bits as they are, so that a NaN of another payload shows.
fn raw(points: &[Point]) -> Vec<(i64, i64, u64)> {
    points.iter().map(|point| (point.step, point.time.millis(), point.value.to_bits())).collect()
}

/// Every class of doubles, of either sign: zeros, subnormals, normals, infinities, and NaNs of any payload.
fn value() -> impl Strategy<Value = f64> {
    const INFINITY: u64 = 0x7FF0_0000_0000_0000;
    const FIRST_NORMAL: u64 = 1 << 52;
    let magnitude = prop_oneof![
        Just(0),
        1..FIRST_NORMAL,
        FIRST_NORMAL..INFINITY,
        Just(INFINITY),
        INFINITY + 1..SIGN,
        // As frameworks compute in 32 bits.
        any::<f32>().prop_map(|value| f64::from(value).to_bits() & !SIGN),
        (0..1_000_u32).prop_map(|value| f64::from(value).to_bits()),
    ];
    (magnitude, any::<bool>()).prop_map(|(bits, negative)| f64::from_bits(if negative { bits | SIGN } else { bits }))
}

fn whole_number() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), Just(-1), 0..10_i64]
}

/// A column of a chunk: anything, one number for all, or an even climb or fall that may wrap around.
fn whole_numbers() -> impl Strategy<Value = Vec<i64>> {
    let even = (whole_number(), prop_oneof![-3..4_i64, whole_number()]).prop_map(|(first, by)| {
        std::iter::successors(Some(first), |last| Some(last.wrapping_add(by))).take(MOST).collect::<Vec<_>>()
    });
    prop_oneof![vec(whole_number(), MOST), whole_number().prop_map(|number| vec![number; MOST]), even]
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![vec(value(), MOST), value().prop_map(|value| vec![value; MOST])]
}

fn points() -> impl Strategy<Value = Vec<Point>> {
    let length = prop_oneof![0..4_usize, 0..=MOST];
    (length, whole_numbers(), whole_numbers(), values()).prop_map(|(length, times, steps, values)| {
        let points = times.into_iter().zip(steps).zip(values).take(length);
        points.map(|((time, step), value)| Point { step, time: Timestamp::from_millis(time), value }).collect()
    })
}

fn kind(decoded: Result<Vec<Point>>) -> Option<ErrorKind> {
    decoded.err().map(|failure| Error::from(failure).kind())
}

fn by_step(bytes: &[u8], n: usize, positions: &[usize]) -> Result<Vec<Point>> {
    Stored::of(bytes, n)?.by_step(positions)
}

/// The same bytes with a checksum that is right.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len().saturating_sub(FOOT);
    let checksum = crc32c::crc32c(&bytes[..end]);
    bytes[end..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_packed_comes_back(points in points()) {
        let bytes = encode(&points).unwrap();
        prop_assert_eq!(raw(&decode(&bytes, points.len()).unwrap()), bits(&points));
    }

    #[test]
    fn points_by_step_are_those_of_a_plain_list(points in points(), at in vec(any::<Index>(), 0..9)) {
        let bytes = encode(&points).unwrap();
        let mut ordered = points.clone();
        ordered.sort_by_key(|point| point.step);
        let mut positions: Vec<_> = at.iter().filter(|_| !points.is_empty()).map(|at| at.index(points.len())).collect();
        positions.sort_unstable();
        let expected: Vec<_> = positions.iter().map(|at| ordered[*at]).collect();
        let found = by_step(&bytes, points.len(), &positions).unwrap();
        prop_assert_eq!(raw(&found), bits(&expected));
    }

    #[test]
    fn damaged_bytes_are_corrupt(points in points(), at in any::<Index>(), by in 1..=u8::MAX, rest in vec(any::<u8>(), 1..9)) {
        let bytes = encode(&points).unwrap();
        let mut changed = bytes.clone();
        changed[at.index(bytes.len())] ^= by;
        let cut = bytes[..at.index(bytes.len())].to_vec();
        let grown = [&bytes[..], &rest].concat();
        for damaged in [changed, cut, grown] {
            prop_assert_eq!(kind(decode(&damaged, points.len())), Some(ErrorKind::Corrupt));
        }
        for n in [points.len() + 1, points.len().wrapping_sub(1), MOST_POINTS, usize::MAX] {
            prop_assert_eq!(kind(decode(&bytes, n)), Some(ErrorKind::Corrupt));
            prop_assert_eq!(kind(by_step(&bytes, n, &[0])), Some(ErrorKind::Corrupt));
        }
    }

    /// Whoever can write a checksum can also make points up, but neither a panic nor more points than there should be.
    #[test]
    fn forged_bytes_are_harmless(points in points(), changes in vec((any::<Index>(), any::<u8>()), 1..4)) {
        let mut bytes = encode(&points).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let bytes = sealed(bytes);
        let last = points.len().saturating_sub(1);
        for positions in [&[0][..], &[last / 2, last], &[points.len()]] {
            match by_step(&bytes, points.len(), positions) {
                Ok(found) => prop_assert!(found.len() <= positions.len()),
                Err(failure) => prop_assert_eq!(Error::from(failure).kind(), ErrorKind::Corrupt),
            }
        }
        match decode(&bytes, points.len()) {
            Ok(decoded) => prop_assert_eq!(decoded.len(), points.len()),
            Err(failure) => prop_assert_eq!(Error::from(failure).kind(), ErrorKind::Corrupt),
        }
    }

    #[test]
    fn nonsense_is_corrupt(bytes in vec(any::<u8>(), 0..99), n in 0..MOST) {
        prop_assert_eq!(kind(decode(&bytes, n)), Some(ErrorKind::Corrupt));
    }
}

#[test]
fn chunks_of_every_size_come_back() {
    for n in [255, 256, 257, 2_048, MOST_POINTS] {
        let point = |n| Point { step: n, time: Timestamp::from_millis(n * n), value: 0.1 };
        let points: Vec<Point> = (0..i64::try_from(n).unwrap()).map(point).collect();
        assert_eq!(raw(&decode(&encode(&points).unwrap(), n).unwrap()), raw(&points));
    }
}

#[test]
fn a_curve_takes_less_than_six_bytes_a_point() {
    // Knuth's MMIX.
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state ^ (state >> 29)
    };
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
fn another_version_is_told_from_damage() {
    let mut bytes = encode(&[]).unwrap();
    bytes[0] += 1;
    let error = Error::from(decode(&sealed(bytes), 0).unwrap_err());
    assert_eq!(error.message(), "a chunk of points has another version");
}
