//! Times: TensorBoard has seconds since the epoch as a double.

use trackside_core::Timestamp;

/// Always finite: a file in which a time is not a number is dead from there on for TensorBoard's data server.
pub fn wall_time(time: Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact for any time within 285,000 years of 1970")]
    let millis = time.millis() as f64;
    millis / 1_000.0
}

/// The nearest millisecond; what is not a number is the epoch.
pub fn from_wall_time(seconds: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and NaN is zero")]
    let millis = (seconds * 1_000.0).round() as i64;
    Timestamp::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_survive_and_nothing_overflows() {
        for millis in [0, 1, -1, 1_700_000_000_123, -1_700_000_000_123, 253_402_300_799_999] {
            let time = Timestamp::from_millis(millis);
            assert_eq!(from_wall_time(wall_time(time)), time);
        }
        for extreme in [i64::MIN, i64::MAX] {
            assert!(wall_time(Timestamp::from_millis(extreme)).is_finite());
        }
        assert_eq!(from_wall_time(f64::NAN).millis(), 0);
        assert_eq!(from_wall_time(f64::INFINITY).millis(), i64::MAX);
    }
}
