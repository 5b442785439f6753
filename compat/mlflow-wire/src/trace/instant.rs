//! Instants and durations as protobuf writes them in JSON: `2025-01-02T03:04:05.678Z` and `1.500s`.
//!
//! Both have milliseconds here; finer ones are cut, towards the past. Source: `google/protobuf/timestamp.proto` and
//! `duration.proto`, and MLflow 3.17.2 on a wire.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
pub use trackside_core::Instant;
use trackside_core::Timestamp;

/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Elapsed(pub i64);

/// As Python's `isoformat` writes it, in whole milliseconds.
pub(super) fn iso(instant: Timestamp) -> String {
    let written = instant.rfc3339();
    let plain = written.trim_end_matches('Z');
    // Python writes microseconds or nothing.
    let fraction = if plain.contains('.') { "000" } else { "" };
    format!("{plain}{fraction}+00:00")
}

impl Elapsed {
    fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix('s')?;
        let (sign, number) = number.strip_prefix('-').map_or((1, number), |rest| (-1, rest));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let millis = digits(whole)?.checked_mul(1000)?.checked_add(thousandths(fraction)?)?;
        Some(Self(sign * millis))
    }

    fn written(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let millis = self.0.unsigned_abs();
        let fraction = if millis.is_multiple_of(1000) { String::new() } else { format!(".{:03}", millis % 1000) };
        format!("{sign}{}{fraction}s", millis / 1000)
    }
}

/// A number without a sign.
fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// The first three digits behind the point; at most nine are allowed.
fn thousandths(fraction: &str) -> Option<i64> {
    if fraction.is_empty() {
        return Some(0);
    }
    let known = fraction.len() <= 9 && digits(fraction).is_some();
    let first: String = fraction.chars().chain("00".chars()).take(3).collect();
    known.then(|| digits(&first)).flatten()
}

impl Serialize for Elapsed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written())
    }
}

impl<'de> Deserialize<'de> for Elapsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not a duration in seconds"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_writes_microseconds_or_nothing() {
        assert_eq!(iso(Timestamp::from_millis(1_735_787_045_678)), "2025-01-02T03:04:05.678000+00:00");
        assert_eq!(iso(Timestamp::from_millis(0)), "1970-01-01T00:00:00+00:00");
    }

    #[test]
    fn durations_are_read_and_written() {
        for (text, millis, written) in
            [("1.5s", 1500, "1.500s"), ("2s", 2000, "2s"), ("-0.001s", -1, "-0.001s"), ("0.0009s", 0, "0s")]
        {
            assert_eq!(Elapsed::parse(text), Some(Elapsed(millis)), "{text}");
            assert_eq!(Elapsed(millis).written(), written);
        }
        for bad in ["", "s", "1", "1.5", ".5s", "1e3s", "99999999999999999999s"] {
            assert_eq!(Elapsed::parse(bad), None, "{bad}");
        }
    }
}
