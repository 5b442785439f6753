//! Instants and durations as protobuf writes them in JSON: `2025-01-02T03:04:05.678Z` and `1.500s`.
//!
//! Both have milliseconds here; finer ones are cut, towards the past. Source: `google/protobuf/timestamp.proto` and
//! `duration.proto`, and MLflow 3.17.2 on a wire.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;
/// The instants that have a four-digit year.
const FIRST: i64 = -62_135_596_800_000;
const LAST: i64 = 253_402_300_799_999;

/// Milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Instant(pub i64);

/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Elapsed(pub i64);

impl Instant {
    /// Reads RFC 3339.
    fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_at_checked(10)?;
        let date: Vec<i64> = date.split('-').map(digits).collect::<Option<_>>()?;
        let [year, month, day] = date[..] else { return None };
        let time = time.strip_prefix(['T', 't'])?;
        let zone = time.find(['Z', 'z', '+', '-'])?;
        let (time, zone) = time.split_at(zone);
        let (clock, fraction) = time.split_once('.').map_or((time, ""), |(clock, fraction)| (clock, fraction));
        let clock: Vec<i64> = clock.split(':').map(digits).collect::<Option<_>>()?;
        let [hour, minute, second] = clock[..] else { return None };
        let in_range = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
        if !in_range || year < 1 || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let millis =
            days_before(year, month, day) * DAY + ((hour * 60 + minute) * 60 + second) * 1000 + thousandths(fraction)?
                - offset(zone)?;
        (FIRST..=LAST).contains(&millis).then_some(Self(millis))
    }

    fn written(self) -> String {
        let millis = self.0.clamp(FIRST, LAST);
        let (days, of_day) = (millis.div_euclid(DAY), millis.rem_euclid(DAY));
        let (year, month, day) = date(days);
        let (seconds, fraction) = (of_day / 1000, of_day % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:03}") };
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
    }
}

/// As Python's `isoformat` writes it, in whole milliseconds.
pub(super) fn iso(millis: i64) -> String {
    let written = Instant(millis).written();
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

/// Of a time zone, in ms.
fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next()? {
        'Z' | 'z' => return (zone.len() == 1).then_some(0),
        '-' => -1,
        _ => 1,
    };
    let (hours, minutes) = zone[1..].split_once(':')?;
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60_000)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from the epoch to a date of the Gregorian calendar.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let past = year - 1;
    let years = past * 365 + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400);
    let months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    // The first day of year 1 is 719 162 days before the epoch.
    years + months + day - 1 - 719_162
}

/// The date so many days after the epoch.
fn date(days: i64) -> (i64, i64, i64) {
    // A guess that is never too late.
    let mut year = 1970 + days.div_euclid(if days < 0 { 365 } else { 366 });
    while days_before(year + 1, 1, 1) <= days {
        year += 1;
    }
    let mut rest = days - days_before(year, 1, 1);
    let mut month = 1;
    while rest >= days_in(year, month) {
        rest -= days_in(year, month);
        month += 1;
    }
    (year, month, rest + 1)
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written())
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not an instant in RFC 3339"))
    }
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
            assert_eq!(Instant::parse(text), Some(Instant(millis)), "{text}");
            assert_eq!(Instant(millis).written(), written);
        }
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
            "2025-01-02T03:04:05.1234567890Z",
            "2025-01-02T03:04:05Zx",
            "2025-01-02T03:04:05+2",
            "ääää-ää",
        ] {
            assert_eq!(Instant::parse(bad), None, "{bad}");
        }
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
