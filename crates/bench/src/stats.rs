//! Order statistics and the numbers' way onto paper.

use std::time::Duration;

/// The nearest-rank percentile of values in ascending order: the smallest one that at least `percent` of a hundred
/// are no greater than. `None` without values.
pub(crate) fn percentile(sorted: &[u32], percent: usize) -> Option<u32> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// How long requests took.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<u32>);

impl Latencies {
    pub(crate) fn push(&mut self, latency: Duration) {
        self.0.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    /// See [`percentile`].
    pub(crate) fn percentile_ms(&mut self, percent: usize) -> Option<f64> {
        self.0.sort_unstable();
        percentile(&self.0, percent).map(|us| f64::from(us) / 1e3)
    }
}

/// The middle value, or the mean of the middle two. `None` without values.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len() % 2 == 1 { upper } else { f64::midpoint(values[middle - 1], upper) })
}

/// A count as a float.
#[expect(clippy::cast_precision_loss, reason = "counts and bytes here are far below 2^53")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

/// Three significant digits or more, thousands in groups: `0.123`, `4.56`, `78.9`, `12,345`.
pub(crate) fn number(value: f64) -> String {
    match value {
        _ if value < 1.0 => format!("{value:.3}"),
        _ if value < 10.0 => format!("{value:.2}"),
        _ if value < 100.0 => format!("{value:.1}"),
        _ => in_groups(&format!("{value:.0}")),
    }
}

/// `ours : theirs` with the smaller side as 1, e.g. `87.0 : 1` or `1 : 4.20`.
pub(crate) fn ratio(ours: f64, theirs: f64) -> String {
    if ours <= 0.0 || theirs <= 0.0 {
        return "–".to_owned();
    }
    if ours >= theirs { format!("{} : 1", number(ours / theirs)) } else { format!("1 : {}", number(theirs / ours)) }
}

/// A count with thousands in groups: `12,345`.
pub(crate) fn grouped(count: u64) -> String {
    in_groups(&count.to_string())
}

fn in_groups(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_rank() {
        let hundred: Vec<u32> = (1..=100).collect();
        assert_eq!(percentile(&hundred, 50), Some(50));
        assert_eq!(percentile(&hundred, 99), Some(99));
        assert_eq!(percentile(&hundred, 100), Some(100));
        assert_eq!(percentile(&[7], 1), Some(7));
        assert_eq!(percentile(&[1, 2, 3], 50), Some(2));
        assert_eq!(percentile(&[1, 2, 3], 99), Some(3));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn latencies_need_no_order() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile_ms(50), None);
        for ms in [3, 1, 2] {
            latencies.push(Duration::from_millis(ms));
        }
        assert_eq!((latencies.percentile_ms(50), latencies.percentile_ms(95)), (Some(2.0), Some(3.0)));
    }

    #[test]
    fn median_takes_the_middle_whatever_the_order() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0]), Some(2.5));
        assert_eq!(median([]), None);
    }

    #[test]
    fn numbers_keep_three_digits() {
        let shown = [0.1234, 4.561, 78.94, 123.4, 12_345.0, 1_234_567.0].map(number);
        assert_eq!(shown, ["0.123", "4.56", "78.9", "123", "12,345", "1,234,567"]);
    }

    #[test]
    fn ratios_name_the_smaller_side_one() {
        assert_eq!(ratio(870.0, 10.0), "87.0 : 1");
        assert_eq!(ratio(10.0, 42.0), "1 : 4.20");
        assert_eq!(ratio(5.0, 5.0), "1.00 : 1");
        assert_eq!(ratio(0.0, 5.0), "–");
    }
}
