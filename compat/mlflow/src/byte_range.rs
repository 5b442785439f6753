//! The `Range` header (RFC 9110, section 14), for single ranges of bytes.

use std::ops::Range;

/// What of a file to send.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// All of it: no range was asked for, or several, or one that cannot be read.
    Whole,
    /// These bytes, of which there is at least one.
    Part(Range<u64>),
    /// There is nothing at that place.
    Nothing,
}

/// What a `Range` header selects of a file of `size` bytes.
pub(crate) fn select(header: &str, size: u64) -> Selection {
    let Some((first, last)) = bounds(header) else { return Selection::Whole };
    let part = match (number(first), number(last)) {
        (None, None) => return Selection::Whole,
        (None, Some(length)) => size.saturating_sub(length)..size,
        (Some(first), None) => first..size,
        (Some(first), Some(last)) if last < first => return Selection::Whole,
        (Some(first), Some(last)) => first..last.saturating_add(1).min(size),
    };
    if part.is_empty() { Selection::Nothing } else { Selection::Part(part) }
}

/// The digits before and after the dash of `bytes=a-b`.
fn bounds(header: &str) -> Option<(&str, &str)> {
    let (unit, range) = header.split_once('=')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    let are_digits = first.bytes().chain(last.bytes()).all(|byte| byte.is_ascii_digit());
    (unit.trim().eq_ignore_ascii_case("bytes") && are_digits).then_some((first, last))
}

/// None where there are no digits. More digits than fit are a place beyond any file.
fn number(digits: &str) -> Option<u64> {
    (!digits.is_empty()).then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_ranges_are_cut_to_the_file() {
        for (header, part) in [
            ("bytes=0-4", 0..5),
            ("bytes=6-", 6..11),
            ("bytes=-5", 6..11),
            ("bytes=0-0", 0..1),
            ("bytes=0-999", 0..11),
            ("bytes=-999", 0..11),
            ("Bytes = 1 - 2 ", 1..3),
            ("bytes=3-99999999999999999999999", 3..11),
        ] {
            assert_eq!(select(header, 11), Selection::Part(part), "{header}");
        }
    }

    #[test]
    fn what_is_no_single_range_selects_everything() {
        for header in
            ["", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=4-2", "bytes=0-1,4-5", "lines=0-1", "bytes=+1-2"]
        {
            assert_eq!(select(header, 11), Selection::Whole, "{header}");
        }
    }

    #[test]
    fn places_beyond_the_end_hold_nothing() {
        for header in ["bytes=11-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(select(header, 11), Selection::Nothing, "{header}");
        }
        assert_eq!(select("bytes=0-", 0), Selection::Nothing);
    }
}
