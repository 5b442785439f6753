//! Which runs a client wants: conditions as MongoDB writes them, and an order.
//!
//! A filter is read once (`read.rs`). The store searches by what it has columns for (`search.rs`); whatever it finds is
//! held against the whole filter where that is not all of it (`matching.rs`). Filters of other things than runs are the
//! same over plain names of fields ([`Filter::named`]).

mod matching;
mod order;
mod read;
mod search;

use regex::Regex;
use trackside_core::{Json, Timestamp};

pub use self::{
    matching::Candidate,
    order::{Order, Sorted},
};

/// A filter.
#[derive(Debug, Clone)]
pub enum Filter<F = Field> {
    /// Every one holds.
    All(Vec<Self>),
    /// At least one holds.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A field passes a test.
    Field(F, Test),
}

/// What is tested of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// Its name in the project, which W&B calls id.
    Name,
    /// Its label.
    DisplayName,
    /// How it stands.
    State,
    /// Who began it.
    User,
    /// A tag of ours: group, job type, host, notes and the like.
    Tag(&'static str),
    /// One of its labels.
    Labels,
    /// When it began.
    CreatedAt,
    /// When it was last heard of.
    HeartbeatAt,
    /// Seconds it took.
    Duration,
    /// A value of its config, by its path.
    Config(String),
    /// A value of its summary, by its path.
    Summary(String),
    /// What no run has.
    Unknown,
}

/// What a field is held against.
#[derive(Debug, Clone)]
pub enum Test {
    /// It is equal; of a list, one of its items is.
    Equal(Json),
    /// It is greater, or less: of its own kind only.
    Compare(Compare, Json),
    /// It is one of these.
    In(Vec<Json>),
    /// It is there.
    Exists(bool),
    /// A text that this matches somewhere.
    Matches(Regex),
}

/// How two values are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// `$lt`
    Less,
    /// `$lte`
    LessOrEqual,
    /// `$gt`
    Greater,
    /// `$gte`
    GreaterOrEqual,
}

impl Filter {
    /// Reads the text of a filter; nothing, or an empty object, is passed by all. `Invalid` for what cannot be read.
    pub fn parse(text: Option<&str>) -> trackside_core::Result<Self> {
        parse(text, read::field)
    }

    /// Whether a config or a summary has to be read to tell.
    pub fn needs_documents(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::needs_documents),
            Self::Not(inner) => inner.needs_documents(),
            Self::Field(field, _) => matches!(field, Field::Config(_) | Field::Summary(_)),
        }
    }
}

impl Filter<String> {
    /// As [`Filter::parse`]; the fields are what they are called.
    pub fn named(text: Option<&str>) -> trackside_core::Result<Self> {
        parse(text, str::to_owned)
    }
}

fn parse<F: Clone>(text: Option<&str>, field: fn(&str) -> F) -> trackside_core::Result<Filter<F>> {
    match text.filter(|text| !text.trim().is_empty() && *text != "null") {
        Some(text) => read::filter(&Json::parse(text)?, 0, field),
        None => Ok(Filter::All(Vec::new())),
    }
}

/// The instant that a text or a number names: RFC 3339, without its zone or time of day too, or seconds or milliseconds
/// since the epoch.
fn instant(value: &Json) -> Option<Timestamp> {
    match value {
        Json::Text(text) => {
            let text = text.trim().replacen(' ', "T", 1);
            let with_time = if text.contains('T') { text } else { format!("{text}T00:00:00") };
            Timestamp::parse(&with_time).or_else(|| Timestamp::parse(&format!("{with_time}Z")))
        }
        number => {
            let number = crate::leaves::number(number).filter(|number| number.is_finite())?;
            // Seconds until the year 5138, and milliseconds from 1973 on, have no number in common.
            let millis = if number.abs() < 1e11 { number * 1000.0 } else { number };
            #[expect(clippy::cast_possible_truncation, reason = "what is beyond reach is cut to the last instant")]
            Some(Timestamp::from_millis(millis as i64))
        }
    }
}

#[cfg(test)]
mod tests;
