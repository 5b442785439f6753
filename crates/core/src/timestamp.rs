//! Instants, and how RFC 3339 writes them.

use chrono::{DateTime, SecondsFormat};

/// The instants that have a year of four digits, as RFC 3339 demands.
const FIRST: i64 = -62_135_596_800_000;
const LAST: i64 = 253_402_300_799_999;

/// An instant: milliseconds since the Unix epoch, UTC. Negative before 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339, e.g. `2025-01-02T03:04:05.678+02:00`. What is finer than a millisecond is cut, towards the past.
    pub fn parse(text: &str) -> Option<Self> {
        let millis = DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
        (FIRST..=LAST).contains(&millis).then_some(Self(millis))
    }

    /// As RFC 3339 writes it, in UTC, with milliseconds unless they are zero: `2025-01-02T03:04:05.678Z`. An instant
    /// that has no such form is written as the nearest that has.
    #[expect(clippy::missing_panics_doc, reason = "it does not panic, as the message says")]
    pub fn rfc3339(self) -> String {
        let millis = self.0.clamp(FIRST, LAST);
        let precision = if millis % 1000 == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
        let instant = DateTime::from_timestamp_millis(millis);
        instant.expect("years of four digits are within reach").to_rfc3339_opts(precision, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_and_written() {
        for (text, millis, written) in [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
            ("2025-01-02T03:04:05.678Z", 1_735_787_045_678, "2025-01-02T03:04:05.678Z"),
            ("2025-01-02T03:04:05.678999999Z", 1_735_787_045_678, "2025-01-02T03:04:05.678Z"),
            ("2025-01-02T05:04:05.5+02:00", 1_735_787_045_500, "2025-01-02T03:04:05.500Z"),
            ("2024-02-29T23:59:59-00:30", 1_709_252_999_000, "2024-03-01T00:29:59Z"),
            ("1969-12-31T23:59:59.999Z", -1, "1969-12-31T23:59:59.999Z"),
            ("0001-01-01T00:00:00Z", FIRST, "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999Z", LAST, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::parse(text), Some(Timestamp(millis)), "{text}");
            assert_eq!(Timestamp(millis).rfc3339(), written);
        }
        assert_eq!(Timestamp(i64::MAX).rfc3339(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp(i64::MIN).rfc3339(), "0001-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for bad in [
            "",
            "x",
            "2025-01-02",
            "2025-01-02T03:04:05",
            "2025-13-02T03:04:05Z",
            "2025-02-29T03:04:05Z",
            "2025-01-02T24:00:00Z",
            "2025-01-02T03:04Z",
            "0000-01-02T03:04:05Z",
            "2025-01-02T03:04:05Zx",
            "2025-01-02T03:04:05+2",
            "ääää-ää",
        ] {
            assert_eq!(Timestamp::parse(bad), None, "{bad}");
        }
    }
}
