//! Clauses of `order_by`: what to order by, and `ASC` or `DESC`.
//!
//! The clause must be one SQL identifier with at most a direction, without any whitespace around it. With a direction
//! it is then split like a shell's command line, which removes quotes and backslashes.
//! Source: `_parse_order_by_string` in `utils/search_utils.py` of MLflow 3.17.2 and Python's `shlex`.

use std::{collections::HashSet, hash::Hash, iter};

use trackside_core::{Error, Result, query::Order};

use super::{
    condition::{MAX_BYTES, too_long},
    phrase::phrases,
    python,
    token::{Kind, words},
};

/// A clause in two parts.
pub(super) struct Clause {
    /// Without quotes if a direction was given, as written otherwise.
    pub(super) what: String,
    pub(super) ascending: bool,
}

/// Splits a clause.
pub(super) fn parse(text: &str) -> Result<Clause> {
    if text.len() > MAX_BYTES {
        return Err(too_long());
    }
    let unreadable = || Error::invalid(format!("Invalid order_by clause '{text}'. Could not be parsed."));
    let phrase = phrase(text).ok_or_else(unreadable)?;
    let mut words = shell_words(&phrase).ok_or_else(unreadable)?.into_iter();
    match (words.next(), words.next(), words.next()) {
        (_, _, Some(_)) => Err(unreadable()),
        (Some(what), Some(direction), None) => match direction.to_lowercase().as_str() {
            "asc" => Ok(Clause { what, ascending: true }),
            "desc" => Ok(Clause { what, ascending: false }),
            _ => Err(Error::invalid(format!("Invalid ordering key in order_by clause '{text}'."))),
        },
        _ => Ok(Clause { what: phrase, ascending: true }),
    }
}

/// The clause if it is one phrase. `timestamp` is a type of SQL and so no identifier, but registered models are
/// ordered by it.
fn phrase(text: &str) -> Option<String> {
    let pieces = phrases(text, words(text)).pieces;
    let (first, last) = (pieces.first()?, pieces.last()?);
    if first.start > 0 || last.end() < text.len() {
        return None;
    }
    let timestamp = first.kind == Kind::TypeName && first.text == "timestamp";
    match pieces[..] {
        [only] if only.kind == Kind::Identifier || timestamp => Some(text.to_owned()),
        [_, direction] if direction.kind == Kind::Direction && timestamp => {
            Some(format!("timestamp {}", direction.text))
        }
        _ => None,
    }
}

/// The words of a command line; backquotes count as double quotes. `None` if a quote is not closed.
fn shell_words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars().map(|c| if c == '`' { '"' } else { c });
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                quoted(c, &mut rest, word)?;
            }
            '\\' => word.get_or_insert_default().push(rest.next()?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// Reads to the closing quote. In double quotes a backslash escapes itself and the quote.
fn quoted(quote: char, rest: &mut impl Iterator<Item = char>, word: &mut String) -> Option<()> {
    loop {
        match rest.next()? {
            c if c == quote => return Some(()),
            '\\' if quote == '"' => {
                let next = rest.next()?;
                let kept = iter::once('\\').filter(|_| !matches!(next, '\\' | '"'));
                word.extend(kept.chain([next]));
            }
            c => word.push(c),
        }
    }
}

/// The order read from `order_by`, unless a field comes twice; MLflow answers that with an internal error.
pub(super) fn distinct<F: Eq + Hash>(order: Vec<Order<F>>, order_by: &[String]) -> Result<Vec<Order<F>>> {
    let mut seen = HashSet::with_capacity(order.len());
    if order.iter().all(|criterion| seen.insert(&criterion.field)) {
        return Ok(order);
    }
    Err(Error::invalid(format!("`order_by` contains duplicate fields: {}", python::list(order_by))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_are_split_into_field_and_direction() {
        for (text, what, ascending) in [
            ("name", "name", true),
            ("metrics.a", "metrics.a", true),
            ("metrics.a DESC", "metrics.a", false),
            ("metrics.`a b`\n  aSc", "metrics.a b", true),
            ("metrics.`a b`", "metrics.`a b`", true),
            ("metrics.'a\"b' desc", "metrics.a\"b", false),
            (r#"params."a\b\\c" desc"#, r"params.a\b\c", false),
            ("timestamp", "timestamp", true),
            ("timestamp  desc", "timestamp", false),
            ("5 DESC", "5", false),
        ] {
            let clause = parse(text).expect(text);
            assert_eq!((clause.what.as_str(), clause.ascending), (what, ascending), "{text}");
        }
    }

    #[test]
    fn clauses_that_are_not_one_identifier_are_refused() {
        for text in [
            "",
            " ",
            " name",
            "name ",
            "a, b",
            "a desc;",
            "a desc desc",
            "a desc nulls last",
            "a-b desc",
            "version",
            "TIMESTAMP",
            "timestamp nulls first",
            "timestamp name",
            "a b c",
        ] {
            let error = parse(text).map(|clause| clause.what).expect_err(text);
            assert_eq!(error.message(), format!("Invalid order_by clause '{text}'. Could not be parsed."));
        }
        let error = parse("name up").map(|clause| clause.what).unwrap_err();
        assert_eq!(error.message(), "Invalid ordering key in order_by clause 'name up'.");
    }
}
