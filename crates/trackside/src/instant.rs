//! Times as people write them: RFC 3339 and what ISO 8601 lets one leave out of it.

use trackside_core::Timestamp;

const EXPECTED: &str = "expected a time like 2026-01-31, 2026-01-31T10:00 or 2026-01-31T10:00:00+02:00";

/// A date, with or without a time of day, with or without an offset; UTC when there is none.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(&completed(text)).ok_or_else(|| EXPECTED.to_owned())
}

/// What was left out, added.
fn completed(text: &str) -> String {
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let (clock, offset) = time.find(['Z', 'z', '+', '-']).map_or((time, "Z"), |at| time.split_at(at));
    let seconds = if clock.matches(':').count() == 1 { ":00" } else { "" };
    format!("{date}T{clock}{seconds}{offset}")
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
