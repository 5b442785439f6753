//! Times in which nothing is given to anybody.

use trackside_core::Timestamp;
use trackside_policy::{Freeze, Weekly};

use crate::{
    config::{
        scalar,
        section::{Field, Report, Section},
        value::{Node, Value},
    },
    instant,
};

const FREEZE: Field = Field::new(
    "freeze",
    "a list of times",
    "[{from: 2026-12-20, until: 2027-01-03}, {from: \"Fri 16:00\", until: \"Mon 08:00\", offset: \"+01:00\"}]",
);
const FROM: Field =
    Field::new("from", "a time such as 2026-12-20 or 2026-12-20T18:00, or one of the week", "\"Fri 16:00\"");
const UNTIL: Field = Field::new("until", "a time such as 2027-01-03, or one of the week, as from is", "\"Mon 08:00\"");
const OFFSET: Field = Field::new("offset", "how far the clock is ahead of UTC", "\"+01:00\"");
const WHY: Field = Field::new("why", "any text", "holidays");

#[derive(Debug, Clone, Copy)]
enum Time {
    Once(Timestamp),
    Weekly(Weekly),
}

/// Reads the list, when there is one.
pub(super) fn read(section: &mut Section<'_>, path: &str) -> Option<Vec<Freeze>> {
    match section.take(&FREEZE)? {
        Value { node: Node::List(items), .. } => {
            let read = |(n, item)| one(section.report, &format!("{path}.freeze[{n}]"), item);
            Some(items.into_iter().enumerate().filter_map(read).collect())
        }
        other => {
            section.fault(&FREEZE, &other.origin, other.found());
            None
        }
    }
}

fn one(report: &mut Report, path: &str, value: Value) -> Option<Freeze> {
    let origin = value.origin.clone();
    let mut section = Section::open(report, path, Some(value), "- {from: 2026-12-20, until: 2027-01-03}");
    let shown = |time: &Time| match time {
        Time::Once(at) => at.rfc3339().into(),
        Time::Weekly(weekly) => weekly.to_string().into(),
    };
    let from = section.required(&FROM, time, shown);
    let until = section.required(&UNTIL, time, shown);
    let offset = section.or(&OFFSET, 0, offset, |minutes| (*minutes).into());
    let why = section.optional(&WHY, scalar::text, |why| why.clone().into());
    let freeze = match (from?, until?) {
        (Time::Once(from), Time::Once(until)) if from < until => Some(Freeze::Once { from, until, why }),
        (Time::Weekly(from), Time::Weekly(until)) if from != until => Some(Freeze::Weekly { from, until, offset, why }),
        _ => {
            section.fault(&UNTIL, &origin, "a time that is no end of the other".to_owned());
            None
        }
    };
    section.finish();
    freeze
}

fn time(value: &Value, report: &Report) -> Result<Time, String> {
    let text = scalar::text(value, report)?;
    match Weekly::parse(&text) {
        Some(weekly) => Ok(Time::Weekly(weekly)),
        None => instant::parse(&text).map(Time::Once).map_err(|_| value.found()),
    }
}

fn offset(value: &Value, report: &Report) -> Result<i64, String> {
    let text = scalar::text(value, report)?;
    let read = || {
        let (sign, rest) =
            if let Some(rest) = text.strip_prefix('-') { (-1, rest) } else { (1, text.strip_prefix('+')?) };
        let (hours, minutes) = rest.split_once(':')?;
        let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
        ((0..=14).contains(&hours) && (0..60).contains(&minutes)).then_some(sign * (hours * 60 + minutes))
    };
    if text == "Z" { Ok(0) } else { read().ok_or_else(|| value.found()) }
}
