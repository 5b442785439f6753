//! Ages as `mlflow gc --older-than` has them: `30d`, `8h`, `2d8h5m20s`.

use std::time::Duration;

/// Units in the order in which they may come, in seconds.
const UNITS: [(char, f64); 4] = [('d', 86_400.0), ('h', 3_600.0), ('m', 60.0), ('s', 1.0)];

/// Numbers with units, each unit at most once and the largest first; a number may have a fraction.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    read(text).ok_or_else(|| {
        format!(
            "Could not parse any time information from '{text}'. Examples of valid strings: '8h', '2d8h5m20s', '2m4s'"
        )
    })
}

fn read(text: &str) -> Option<Duration> {
    let (mut rest, mut secs) = (text, 0.0);
    for (unit, worth) in UNITS {
        let Some((number, behind)) = rest.split_once(unit) else { continue };
        let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        secs += worth * number.parse::<f64>().ok().filter(|_| plain)?;
        rest = behind;
    }
    let all_read = rest.is_empty() && !text.is_empty();
    Duration::try_from_secs_f64(secs).ok().filter(|_| all_read)
}

/// The same age in the same spelling, to a second.
pub(crate) fn shown(age: Duration) -> String {
    let mut left = age.as_secs();
    let parts = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)].into_iter().filter_map(|(unit, worth)| {
        let n = left / worth;
        left %= worth;
        (n > 0).then(|| format!("{n}{unit}"))
    });
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { "0s".to_owned() } else { parts.concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read_as_mlflow_reads_them() {
        for (text, secs) in [
            ("30d", 2_592_000),
            ("10d3h", 874_800),
            ("2d8h5m20s", 201_920),
            ("2m4s", 124),
            ("1.5h", 5_400),
            ("0s", 0),
            ("90m", 5_400),
        ] {
            assert_eq!(parse(text).unwrap().as_secs(), secs, "{text}");
        }
        for bad in ["", "30", "d", "3h10d", "1d1d", "-1d", "1 d", "1w", "1e3s", "..s", "1D"] {
            let message = parse(bad).unwrap_err();
            assert!(message.starts_with(&format!("Could not parse any time information from '{bad}'.")), "{bad}");
        }
    }

    #[test]
    fn an_age_is_shown_as_it_is_written() {
        for text in ["30d", "2d8h5m20s", "2m4s", "0s"] {
            assert_eq!(shown(parse(text).unwrap()), text);
        }
        assert_eq!(shown(Duration::from_hours(36)), "1d12h");
    }
}
