use std::fmt;

use trackside_core::Timestamp;

/// A time in which nothing is given to anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Freeze {
    /// Once.
    Once {
        /// From then on.
        from: Timestamp,
        /// Until then.
        until: Timestamp,
        /// Why.
        why: Option<String>,
    },
    /// Each week.
    Weekly {
        /// From then on.
        from: Weekly,
        /// Until then; in the next week when it is before the beginning.
        until: Weekly,
        /// How far the clock of the team is ahead of UTC, in minutes.
        offset: i64,
        /// Why.
        why: Option<String>,
    },
}

/// A time of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weekly {
    /// Minutes since Monday, 00:00.
    minutes: i64,
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const DAY: i64 = 24 * 60;
const WEEK: i64 = 7 * DAY;

impl Weekly {
    /// Reads a day and a time of day, such as `Fri 16:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let (day, time) = text.trim().split_once(' ')?;
        let day = DAYS.iter().position(|known| known.eq_ignore_ascii_case(day))?;
        let (hours, minutes) = time.trim().split_once(':')?;
        let two = |text: &str| {
            text.parse::<i64>().ok().filter(|_| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()))
        };
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        let is_time = hours < 24 && minutes < 60;
        let day = i64::try_from(day).ok()?;
        is_time.then_some(Self { minutes: day * DAY + hours * 60 + minutes })
    }

    /// Of an instant, where the clock is so many minutes ahead of UTC.
    const fn of(at: Timestamp, offset: i64) -> Self {
        // The epoch began on a Thursday.
        let minutes = at.millis().div_euclid(60_000) + offset + 3 * DAY;
        Self { minutes: minutes.rem_euclid(WEEK) }
    }
}

impl fmt::Display for Weekly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = usize::try_from(self.minutes / DAY).ok().and_then(|day| DAYS.get(day)).unwrap_or(&"?");
        write!(f, "{day} {:02}:{:02}", self.minutes % DAY / 60, self.minutes % 60)
    }
}

impl Freeze {
    /// Whether it is such a time.
    pub fn holds(&self, at: Timestamp) -> bool {
        match self {
            Self::Once { from, until, .. } => (*from..*until).contains(&at),
            Self::Weekly { from, until, offset, .. } => {
                let now = Weekly::of(at, *offset);
                if from <= until { (*from..*until).contains(&now) } else { now >= *from || now < *until }
            }
        }
    }
}

impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::Once { from, until, why } => {
                write!(f, "from {} until {}", from.rfc3339(), until.rfc3339())?;
                why
            }
            Self::Weekly { from, until, offset, why } => {
                write!(f, "from {from} until {until}")?;
                let (sign, minutes) = if *offset < 0 { ('-', -offset) } else { ('+', *offset) };
                write!(f, " ({sign}{:02}:{:02})", minutes / 60, minutes % 60)?;
                why
            }
        };
        why.as_ref().map_or(Ok(()), |why| write!(f, ", {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn weeks_go_round() {
        let weekly = |from: &str, until: &str, offset| Freeze::Weekly {
            from: Weekly::parse(from).unwrap(),
            until: Weekly::parse(until).unwrap(),
            offset,
            why: None,
        };
        let weekend = weekly("Fri 16:00", "Mon 08:00", 60);
        // 2026-11-20 was a Friday.
        for (time, frozen) in [
            ("2026-11-20T14:59:59Z", false),
            ("2026-11-20T15:00:00Z", true),
            ("2026-11-22T23:59:59Z", true),
            ("2026-11-23T06:59:59Z", true),
            ("2026-11-23T07:00:00Z", false),
            ("1969-12-28T12:00:00Z", true),
        ] {
            assert_eq!(weekend.holds(at(time)), frozen, "{time}");
        }
        assert!(weekly("Wed 00:00", "Wed 12:00", 0).holds(at("2026-11-18T11:59:00Z")));
        assert!(!weekly("Wed 00:00", "Wed 12:00", 0).holds(at("2026-11-19T11:59:00Z")));
        assert_eq!(weekend.to_string(), "from Fri 16:00 until Mon 08:00 (+01:00)");
    }

    #[test]
    fn times_of_the_week_are_a_day_and_a_time() {
        for bad in ["", "Fri", "Fri 24:00", "Fri 9:00", "Fri 09:60", "Fry 09:00", "Fri 09:00:00", "Fri +1:00"] {
            assert_eq!(Weekly::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_holiday_is_over_at_its_end() {
        let freeze = Freeze::Once { from: at("2026-12-20T00:00:00Z"), until: at("2027-01-03T00:00:00Z"), why: None };
        assert!(freeze.holds(at("2026-12-20T00:00:00Z")) && !freeze.holds(at("2027-01-03T00:00:00Z")));
    }
}
