//! A filter string as a list of conditions, each still a piece of text: `left comparator right`.
//!
//! MLflow knows only conjunctions, so a filter is conditions with `AND` between them. It does not insist on the
//! `AND`: it may be missing, doubled, or stand at either end. Disjunction, negation and parentheses around conditions
//! arrive here as [`Clause::Other`]; a grammar that has them would build its tree from the same clauses.
//!
//! Source: `utils/search_utils.py` of MLflow 3.17.2. Elsewhere: what a condition means (`runs.rs` and its siblings).

use trackside_core::{Error, Result};

use super::{
    phrase::{Phrases, phrases},
    python,
    token::{Kind, Piece, words},
    value::NUMERIC,
};

/// Longest filter taken, in bytes. MLflow gives up at 10 000 words; this leaves room for some 28 000 run ids.
pub(super) const MAX_BYTES: usize = 1 << 20;

/// One side of a condition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
}

impl<'a> From<Piece<'a>> for Side<'a> {
    fn from(piece: Piece<'a>) -> Self {
        Self { kind: piece.kind, text: piece.text }
    }
}

/// `left comparator right`; `IS NULL` and `IS NOT NULL` are comparators without a right side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition<'a> {
    pub(super) left: Side<'a>,
    /// As written, but `NOT IN`, `IS NULL` and `IS NOT NULL` in upper case.
    pub(super) comparator: &'a str,
    pub(super) right: Option<Side<'a>>,
}

impl<'a> Condition<'a> {
    /// The left side, which must be an identifier.
    pub(super) fn identifier(&self) -> Result<&'a str> {
        if self.left.kind == Kind::Identifier {
            return Ok(self.left.text);
        }
        Err(Error::invalid(format!("Invalid comparison clause. Expected 'Identifier' found '{}'", self.left.text)))
    }

    /// Both sides, for searches that have neither `IS NULL` nor `IS NOT NULL`; MLflow answers those with an internal
    /// error.
    pub(super) fn sides(&self) -> Result<(&'a str, Side<'a>)> {
        let identifier = self.identifier()?;
        let missing = || Error::invalid("Invalid comparison clause. Expected 3 tokens found 2");
        self.right.map(|right| (identifier, right)).ok_or_else(missing)
    }
}

/// A part of a filter string.
#[derive(Debug, Clone, Copy)]
pub(super) enum Clause<'a> {
    /// A condition.
    Condition(Condition<'a>),
    /// `AND`.
    And,
    /// Anything else: not valid.
    Other(&'a str),
}

/// A filter string of which nothing can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Longer than [`MAX_BYTES`].
    TooLong,
    /// Nothing but whitespace.
    Blank,
    /// Something follows a semicolon.
    Several,
}

impl Unreadable {
    /// What MLflow says of such a filter.
    pub(super) fn of(self, filter: &str) -> Error {
        Error::invalid(match self {
            Self::TooLong => return too_long(),
            Self::Blank => format!("Invalid filter '{filter}'. Could not be parsed."),
            Self::Several => format!(
                "Search filter contained multiple expression {}. Provide AND-ed expression list.",
                python::text(filter)
            ),
        })
    }
}

/// Reads a filter string that is not empty.
pub(super) fn clauses(filter: &str) -> Result<Vec<Clause<'_>>, Unreadable> {
    clauses_of(filter, false)
}

/// The same for traces.
pub(super) fn trace_clauses(filter: &str) -> Result<Vec<Clause<'_>>, Unreadable> {
    clauses_of(filter, true)
}

/// With `has_timestamp` the word `timestamp`, which is a type of SQL, is an identifier before an integer.
fn clauses_of(filter: &str, has_timestamp: bool) -> Result<Vec<Clause<'_>>, Unreadable> {
    if filter.len() > MAX_BYTES {
        return Err(Unreadable::TooLong);
    }
    let words = words(filter);
    if words.is_empty() {
        return Err(Unreadable::Blank);
    }
    if has_several_statements(&words) {
        return Err(Unreadable::Several);
    }
    let phrases = phrases(filter, words);
    let pieces = &phrases.pieces;
    let mut clauses = Vec::with_capacity(pieces.len());
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        let rest = &pieces[at..];
        if has_timestamp && piece.kind == Kind::TypeName && piece.text == "timestamp" && rest.len() > 2 {
            at += 3;
            match with_timestamp(rest) {
                Some(condition) => clauses.push(Clause::Condition(condition)),
                // MLflow's message has the first word once more.
                None => clauses.extend([0, 1, 2, 0].map(|n| clause(&phrases, rest[n]))),
            }
            continue;
        }
        let (length, condition) = match piece.kind {
            Kind::Identifier => with_keywords(rest),
            _ => (1, None),
        };
        at += length;
        match condition {
            Some(condition) => clauses.push(Clause::Condition(condition)),
            None => clauses.extend(rest[..length].iter().map(|piece| clause(&phrases, *piece))),
        }
    }
    Ok(clauses)
}

/// What a piece is by itself.
fn clause<'a>(phrases: &Phrases<'a>, piece: Piece<'a>) -> Clause<'a> {
    match piece.kind {
        Kind::Comparison(index) => Clause::Condition(compared(phrases.comparisons[index])),
        Kind::And => Clause::And,
        _ => Clause::Other(piece.text),
    }
}

/// `timestamp > 5`
fn with_timestamp<'a>(rest: &[Piece<'a>]) -> Option<Condition<'a>> {
    let [left, comparator, right, ..] = rest else { return None };
    let is_condition =
        comparator.kind == Kind::Comparator && NUMERIC.contains(&comparator.text) && right.kind == Kind::Integer;
    let left = Side { kind: Kind::Identifier, text: left.text };
    is_condition.then(|| Condition { left, comparator: comparator.text, right: Some((*right).into()) })
}

fn compared([left, comparator, right]: [Piece<'_>; 3]) -> Condition<'_> {
    Condition { left: left.into(), comparator: comparator.text, right: Some(right.into()) }
}

/// The condition with `IN` or `IS` at the start of `rest`, and how many pieces were looked at: MLflow skips as many
/// if there is none, which shows in its messages.
fn with_keywords<'a>(rest: &[Piece<'a>]) -> (usize, Option<Condition<'a>>) {
    let kinds = rest.iter().take(4).map(|piece| piece.kind).collect::<Vec<_>>();
    let (length, comparator) = match kinds[..] {
        [_, Kind::In, Kind::Parenthesis, ..] => (3, rest[1].text),
        [_, Kind::Is, Kind::Null, ..] => (3, "IS NULL"),
        [_, Kind::Is, Kind::NotNull, ..] => (3, "IS NOT NULL"),
        [_, Kind::Not, Kind::In, Kind::Parenthesis] => (4, "NOT IN"),
        _ => return (kinds.len(), None),
    };
    let value = rest[length - 1];
    let right = (value.kind == Kind::Parenthesis).then(|| value.into());
    (length, Some(Condition { left: rest[0].into(), comparator, right }))
}

/// Whether anything follows a semicolon outside parentheses.
fn has_several_statements(words: &[Piece<'_>]) -> bool {
    let mut depth = 0_i64;
    let mut ended = false;
    for word in words {
        if ended && word.kind != Kind::LineComment {
            return true;
        }
        match word.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth -= 1,
            Kind::Semicolon if depth <= 0 => ended = true,
            _ => {}
        }
    }
    false
}

/// The conditions of a filter string, for all that is searched but logged models. Clauses that are not valid are
/// `quoted` in the message for runs only.
pub(super) fn conditions(filter: &str, quoted: bool) -> Result<Vec<Condition<'_>>> {
    conditions_of(filter, quoted, false)
}

/// The same for traces.
pub(super) fn trace_conditions(filter: &str) -> Result<Vec<Condition<'_>>> {
    conditions_of(filter, true, true)
}

fn conditions_of(filter: &str, quoted: bool, has_timestamp: bool) -> Result<Vec<Condition<'_>>> {
    if filter.is_empty() {
        return Ok(Vec::new());
    }
    let clauses = clauses_of(filter, has_timestamp).map_err(|unreadable| unreadable.of(filter))?;
    let mut conditions = Vec::with_capacity(clauses.len());
    let mut others = Vec::new();
    for clause in clauses {
        match clause {
            Clause::Condition(condition) => conditions.push(condition),
            Clause::And => {}
            Clause::Other(text) if quoted => others.push(format!("'{text}'")),
            Clause::Other(text) => others.push(text.to_owned()),
        }
    }
    if others.is_empty() {
        return Ok(conditions);
    }
    Err(Error::invalid(format!("Invalid clause(s) in filter string: {}", others.join(", "))))
}

/// The message for [`Unreadable::TooLong`], which MLflow does not have.
pub(super) fn too_long() -> Error {
    Error::invalid(format!("Invalid filter: it is longer than {MAX_BYTES} bytes."))
}
