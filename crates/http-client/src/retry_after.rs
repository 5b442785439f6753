//! The header `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).

use std::time::{Duration, UNIX_EPOCH};

use trackside_core::{Clock, Retry};

/// A peer that asks for more is asked again after this long.
const LONGEST: Duration = Duration::from_hours(1);

/// When the peer wants to be asked again. What cannot be read, and a date in the past, leave it to us.
pub(crate) fn retry_after(header: Option<&str>, clock: &dyn Clock) -> Retry {
    let Some(text) = header.map(str::trim) else { return Retry::Later };
    let wait = text.parse().map(Duration::from_secs).ok().or_else(|| {
        let at = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        let now = Duration::from_millis(u64::try_from(clock.now().millis()).ok()?);
        at.checked_sub(now)
    });
    wait.filter(|wait| !wait.is_zero()).map_or(Retry::Later, |wait| Retry::After(wait.min(LONGEST)))
}

#[cfg(test)]
mod tests {
    use trackside_core::Timestamp;

    use super::*;

    #[derive(Debug)]
    struct Fixed;

    impl Clock for Fixed {
        /// Sun, 06 Nov 1994 08:49:37 GMT, the date of the RFC.
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(784_111_777_000)
        }
    }

    fn read(header: &str) -> Retry {
        retry_after(Some(header), &Fixed)
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(read(" 120 "), Retry::After(Duration::from_mins(2)));
        for date in ["Sun, 06 Nov 1994 08:50:07 GMT", "Sunday, 06-Nov-94 08:50:07 GMT", "Sun Nov  6 08:50:07 1994"] {
            assert_eq!(read(date), Retry::After(Duration::from_secs(30)), "{date}");
        }
    }

    #[test]
    fn no_peer_can_put_us_off_for_longer_than_an_hour() {
        assert_eq!(read("18446744073709551615"), Retry::After(LONGEST));
        assert_eq!(read("Fri, 31 Dec 9999 23:59:59 GMT"), Retry::After(LONGEST));
    }

    #[test]
    fn what_says_nothing_leaves_it_to_us() {
        for header in ["", "0", "-5", "soon", "1.5", "Sun, 06 Nov 1994 08:49:36 GMT", "99999999999999999999999"] {
            assert_eq!(read(header), Retry::Later, "{header:?}");
        }
        assert_eq!(retry_after(None, &Fixed), Retry::Later);
    }
}
