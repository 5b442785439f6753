//! Times as people write them: the common part of RFC 3339 and ISO 8601.

use trackside_core::Timestamp;

const EXPECTED: &str = "expected a time like 2026-01-31, 2026-01-31T10:00 or 2026-01-31T10:00:00+02:00";

/// A date, with or without a time of day, with or without an offset; UTC when there is none.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    read(text).map(Timestamp::from_millis).ok_or_else(|| EXPECTED.to_owned())
}

fn read(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.splitn(3, '-');
    let (year, month, day) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let (seconds, offset) = time.map_or(Some((0, 0)), time_of_day)?;
    Some((days_since_epoch(year, month, day) * 86_400 + seconds - offset) * 1000)
}

/// Seconds since midnight, and how far the clock is ahead of UTC.
fn time_of_day(text: &str) -> Option<(i64, i64)> {
    let (clock, offset) = match text.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => match text.find(['+', '-']) {
            Some(at) => {
                let sign = if text[at..].starts_with('-') { -1 } else { 1 };
                (&text[..at], sign * clock_seconds(&text[at + 1..])?)
            }
            None => (text, 0),
        },
    };
    Some((clock_seconds(clock)?, offset))
}

/// `10:00` or `10:00:30`, in seconds.
fn clock_seconds(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let (hours, minutes) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let seconds = parts.next().map_or(Some(0), |part| number(part, 2))?;
    let valid = hours < 24 && minutes < 60 && seconds < 60 && parts.next().is_none();
    valid.then_some(hours * 3600 + minutes * 60 + seconds)
}

fn number(text: &str, digits: usize) -> Option<i64> {
    (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
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

/// Days of the Gregorian calendar since 1970-01-01.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let before = |year: i64| 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let in_year: i64 = (1..month).map(|month| days_in(year, month)).sum();
    before(year - 1) - before(1969) + in_year + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, millis) in [
            ("1970-01-01", 0),
            ("1969-12-31", -86_400_000),
            ("2000-03-01", 951_868_800_000),
            ("2024-02-29T12:00", 1_709_208_000_000),
            ("2026-01-31T10:00:30Z", 1_769_853_630_000),
            ("2026-01-31T10:00:30+02:00", 1_769_846_430_000),
            ("2026-01-31 10:00:30-00:30", 1_769_855_430_000),
        ] {
            assert_eq!(parse(text).unwrap().millis(), millis, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "yesterday",
            "2026",
            "2026-1-31",
            "2026-02-29",
            "2026-13-01",
            "2026-01-00",
            "2026-01-31T",
            "2026-01-31T24:00",
            "2026-01-31T10",
            "2026-01-31T10:00:00:00",
            "2026-01-31T10:00+2",
            "-026-01-31",
            "+026-01-31",
            "2026-01-31é",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
