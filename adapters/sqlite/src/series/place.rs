//! The order of a history: by time, then step, then value, NaN counting as zero and coming after it.

use std::{cmp::Ordering, fmt};

use rusqlite::{
    ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};
use trackside_core::{PageToken, Point, Timestamp};

use crate::rows::nan_apart;

/// Length of the stored form.
const BYTES: usize = 25;
/// Flips the order of negative numbers below that of positive ones.
const SIGN: u64 = 1 << 63;

/// Where a point stands in the history of its series. Two points at one place are the same point.
///
/// The stored form is a BLOB that SQLite orders as places are ordered: time, step and value as unsigned numbers,
/// big-endian, then a byte that says whether the value is NaN.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place([u8; BYTES]);

impl Place {
    pub(crate) fn of(point: &Point) -> Self {
        let (value, is_nan) = nan_apart(point.value);
        // The two zeros are one point.
        let bits = (value + 0.0).to_bits();
        let value = if bits & SIGN == 0 { bits | SIGN } else { !bits };
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(&ordered(point.time.millis()));
        bytes[8..16].copy_from_slice(&ordered(point.step));
        bytes[16..24].copy_from_slice(&value.to_be_bytes());
        bytes[24] = is_nan.into();
        Self(bytes)
    }

    /// A point there.
    pub(crate) fn point(self) -> Point {
        let word = |at: usize| u64::from_be_bytes(self.0[at..at + 8].try_into().expect("eight bytes"));
        let number = |at: usize| (word(at) ^ SIGN).cast_signed();
        let value = word(16);
        let bits = if value & SIGN == 0 { !value } else { value ^ SIGN };
        let value = if self.0[24] == 0 { f64::from_bits(bits) } else { f64::NAN };
        Point { step: number(8), time: Timestamp::from_millis(number(0)), value }
    }

    /// Time and step in decimal, the bits of the value in hexadecimal, whether it is NaN.
    pub(crate) fn token(self) -> PageToken {
        let Point { step, time, value } = self.point();
        let (value, is_nan) = nan_apart(value);
        PageToken::new(format!("{}_{step}_{:016x}_{}", time.millis(), value.to_bits(), u8::from(is_nan)))
    }

    /// Takes only the one spelling that we write.
    pub(crate) fn parse(token: &PageToken) -> Option<Self> {
        let mut parts = token.as_str().split('_');
        let time = Timestamp::from_millis(parts.next()?.parse().ok()?);
        let step = parts.next()?.parse().ok()?;
        let value = f64::from_bits(u64::from_str_radix(parts.next()?, 16).ok()?);
        let value = if parts.next()? == "1" { f64::NAN } else { value };
        let place = Self::of(&Point { step, time, value });
        (place.token() == *token).then_some(place)
    }
}

fn ordered(number: i64) -> [u8; 8] {
    (number.cast_unsigned() ^ SIGN).to_be_bytes()
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({:?})", self.point())
    }
}

impl ToSql for Place {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0)))
    }
}

impl FromSql for Place {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        let bytes = bytes
            .try_into()
            .map_err(|_| FromSqlError::InvalidBlobSize { expected_size: BYTES, blob_size: bytes.len() })?;
        Ok(Self(bytes))
    }
}

/// Points in the order of their places.
pub(crate) fn by_place(first: &Point, second: &Point) -> Ordering {
    let rank = |point: &Point| {
        let (value, is_nan) = nan_apart(point.value);
        (point.time, point.step, value, is_nan)
    };
    rank(first).partial_cmp(&rank(second)).expect("no value is NaN")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: [i64; 5] = [i64::MIN, -1, 0, 1, i64::MAX];
    const VALUES: [f64; 9] =
        [f64::NEG_INFINITY, -1.0, -f64::MIN_POSITIVE, -0.0, 0.0, f64::NAN, 5e-324, 1.0, f64::INFINITY];

    fn points() -> Vec<Point> {
        let point = |time, step, value| Point { step, time: Timestamp::from_millis(time), value };
        let of_time = |time| NUMBERS.into_iter().flat_map(move |step| VALUES.map(|value| point(time, step, value)));
        NUMBERS.into_iter().flat_map(of_time).collect()
    }

    #[test]
    fn places_are_ordered_as_points_are_and_lead_back_to_them() {
        for first in points() {
            let place = Place::of(&first);
            assert_eq!(place.point(), first);
            assert_eq!(Place::parse(&place.token()), Some(place));
            for second in points() {
                let (a, b) = (place, Place::of(&second));
                assert_eq!(a.cmp(&b), by_place(&first, &second), "{first:?} {second:?}");
                assert_eq!(a == b, first == second, "{first:?} {second:?}");
            }
        }
    }

    #[test]
    fn only_our_own_tokens_are_taken() {
        let nan = format!("1_1_{:016x}_0", f64::NAN.to_bits());
        for bad in
            ["", "10", "1_1_0000000000000000", "1_1_0_0", "+1_1_0000000000000000_0", "1_1_0000000000000000_0_", &nan]
        {
            assert_eq!(Place::parse(&PageToken::new(bad)), None, "{bad:?}");
        }
    }
}
