//! How long to wait before another try.

use std::time::Duration;

use trackside_core::Retry;

/// Before the second try.
const FIRST: Duration = Duration::from_secs(1);
/// Between any two tries, whatever a receiver asks for.
const LONGEST: Duration = Duration::from_mins(10);

/// The pause after so many tries have failed: twice the last one, or what the receiver asked for. `dice` are random bits:
/// up to a quarter is added, so that webhooks of one receiver do not come back together.
pub(crate) fn pause(tries: u32, asked: Retry, dice: u128) -> Duration {
    let doubled = FIRST.saturating_mul(1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX));
    let pause = match asked {
        Retry::After(asked) => asked.max(FIRST),
        Retry::Never | Retry::Later => doubled,
    };
    let pause = pause.min(LONGEST);
    let share = u32::try_from(dice % 250).expect("it is less than 250");
    pause + pause * share / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound() {
        let secs = |tries| pause(tries, Retry::Later, 0).as_secs();
        assert_eq!([1, 2, 3, 9, 10, 11, 33, u32::MAX].map(secs), [1, 2, 4, 256, 512, 600, 600, 600]);
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_but_not_for_ever() {
        let asked = |secs| pause(1, Retry::After(Duration::from_secs(secs)), 0).as_secs();
        assert_eq!([0, 7, 1_000_000].map(asked), [1, 7, 600]);
    }

    #[test]
    fn at_most_a_quarter_is_added() {
        assert_eq!(pause(3, Retry::Later, 249), Duration::from_millis(4_996));
    }
}
