//! What a filter may say beyond MLflow's grammar: `OR`, `NOT` and parentheses around conditions.
//!
//! `NOT` binds before `AND`, `AND` before `OR`. A negation is exact: what lacks a param passes `NOT params.a = 'x'`,
//! though it does not pass `params.a != 'x'`. What stands between these words is a condition of MLflow's, read by
//! `condition.rs`. Whatever MLflow accepts is never read here, so that it means what it means there: `AND` may be left
//! out in such a filter, but not in one of these.

use trackside_core::{Error, Result, query::Filter};

use super::{
    condition::{Clause, Condition, MAX_BYTES, Unreadable},
    token::{Kind, Piece, words},
};

/// How a filter of MLflow's is cut.
type Clauses = fn(&str) -> Result<Vec<Clause<'_>>, Unreadable>;

/// Deepest nesting of parentheses and negations.
const MAX_DEPTH: usize = 100;

/// The meaning of a filter that MLflow refuses; `leaf` says that of a condition. A filter that has nothing of this
/// grammar stays refused.
pub(super) fn beyond<F>(
    filter: &str,
    refused: Error,
    clauses: Clauses,
    leaf: impl Fn(&Condition<'_>) -> Result<Filter<F>>,
) -> Result<Filter<F>> {
    if filter.len() > MAX_BYTES {
        return Err(refused);
    }
    let mut words = words(filter);
    called(&mut words);
    if !is_beyond(&words) {
        return Err(refused);
    }
    let mut reader = Reader { filter, words: &words, clauses, leaf };
    let tree = reader.any(0)?;
    match reader.words.first() {
        None => Ok(tree),
        Some(word) => Err(reader.unexpected(word, "'AND', 'OR' or the end")),
    }
}

/// The lexer takes `NOT(` for the call of a function.
fn called(words: &mut [Piece<'_>]) {
    for at in 1..words.len() {
        if let ([.., word], [Piece { kind: Kind::Open, .. }, ..]) = words.split_at_mut(at)
            && word.kind == Kind::Name
        {
            word.kind = match word.text.to_ascii_lowercase().as_str() {
                "and" => Kind::And,
                "or" => Kind::Keyword,
                "not" => Kind::Not,
                _ => Kind::Name,
            };
        }
    }
}

/// Whether any word is of this grammar alone.
fn is_beyond(words: &[Piece<'_>]) -> bool {
    let is_in = |word: Option<&Piece<'_>>| word.is_some_and(|word| word.kind == Kind::In);
    words.iter().enumerate().any(|(at, word)| match word.kind {
        Kind::Open => at == 0 || !is_in(words.get(at - 1)),
        Kind::Not => !is_in(words.get(at + 1)),
        _ => is_or(word),
    })
}

fn is_or(word: &Piece<'_>) -> bool {
    word.kind == Kind::Keyword && word.text.eq_ignore_ascii_case("or")
}

struct Reader<'w, 'a, L> {
    filter: &'a str,
    /// Those yet to be read.
    words: &'w [Piece<'a>],
    clauses: Clauses,
    leaf: L,
}

impl<'a, F, L: Fn(&Condition<'_>) -> Result<Filter<F>>> Reader<'_, 'a, L> {
    /// Parts with `OR` between them.
    fn any(&mut self, depth: usize) -> Result<Filter<F>> {
        let mut parts = vec![self.all(depth)?];
        while self.take(is_or) {
            parts.push(self.all(depth)?);
        }
        Ok(one_or(parts, Filter::Any))
    }

    /// Parts with `AND` between them.
    fn all(&mut self, depth: usize) -> Result<Filter<F>> {
        let mut parts = vec![self.part(depth)?];
        while self.take(|word| word.kind == Kind::And) {
            parts.push(self.part(depth)?);
        }
        Ok(one_or(parts, Filter::All))
    }

    fn part(&mut self, depth: usize) -> Result<Filter<F>> {
        if depth > MAX_DEPTH {
            return Err(Error::invalid(format!("Invalid filter string: it is nested more than {MAX_DEPTH} deep.")));
        }
        if self.take(|word| word.kind == Kind::Not) {
            return Ok(Filter::Not(Box::new(self.part(depth + 1)?)));
        }
        if !self.take(|word| word.kind == Kind::Open) {
            return self.condition();
        }
        let inner = self.any(depth + 1)?;
        match self.words.first() {
            Some(word) if word.kind == Kind::Close => self.words = &self.words[1..],
            Some(word) => return Err(self.unexpected(word, "'AND', 'OR' or ')'")),
            None => return Err(Error::invalid("Invalid filter string: a parenthesis is not closed.")),
        }
        Ok(inner)
    }

    /// The words up to one that ends a condition. Parentheses within are those of lists.
    fn condition(&mut self) -> Result<Filter<F>> {
        let mut open = 0_usize;
        let ends = |word: &Piece<'_>| {
            match word.kind {
                Kind::Open => open += 1,
                Kind::Close if open == 0 => return true,
                Kind::Close => open -= 1,
                _ => {}
            }
            open == 0 && (word.kind == Kind::And || is_or(word))
        };
        let length = self.words.iter().position(ends).unwrap_or(self.words.len());
        let (own, rest) = self.words.split_at(length);
        let (Some(first), Some(last)) = (own.first(), own.last()) else {
            return Err(match self.words.first() {
                Some(word) => self.unexpected(word, "a condition"),
                None => Error::invalid("Invalid filter string: expected a condition, found the end."),
            });
        };
        self.words = rest;
        let text = &self.filter[first.start..last.end()];
        match (self.clauses)(text).as_deref() {
            Ok([Clause::Condition(condition)]) => (self.leaf)(condition),
            _ => Err(Error::invalid(format!(
                "Invalid condition '{text}' in filter string: expected an identifier, a comparator and a value, with \
                 AND or OR between conditions."
            ))),
        }
    }

    fn take(&mut self, is: impl Fn(&Piece<'_>) -> bool) -> bool {
        let taken = self.words.first().is_some_and(is);
        if taken {
            self.words = &self.words[1..];
        }
        taken
    }

    /// `word` is not what should stand there. Places count characters, from one.
    fn unexpected(&self, word: &Piece<'a>, expected: &str) -> Error {
        let place = self.filter[..word.start].chars().count() + 1;
        Error::invalid(format!(
            "Invalid filter string: expected {expected}, found '{}' at character {place}.",
            word.text
        ))
    }
}

/// The only part, or all of them.
fn one_or<F>(mut parts: Vec<Filter<F>>, join: fn(Vec<Filter<F>>) -> Filter<F>) -> Filter<F> {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    use trackside_core::{
        Key,
        query::{Compare, RunField, Test},
    };

    use super::*;
    use crate::search::{
        examples::{assert_messages, one_of, text},
        parse_run_filter,
    };

    fn is(key: &str) -> Filter<RunField> {
        Filter::Field(RunField::Param(Key::new(key).unwrap()), text(Compare::Equal, "x"))
    }

    fn not(filter: Filter<RunField>) -> Filter<RunField> {
        Filter::Not(Box::new(filter))
    }

    #[test]
    fn and_binds_before_or_and_not_before_both() {
        use Filter::{All, Any};
        let [a, b, c] = ["a", "b", "c"].map(|key| move || is(key));
        let ids = || Filter::Field(RunField::Id, one_of(&["r", "s"], true));
        for (filter, tree) in [
            ("params.a = 'x' OR params.b = 'x'", Any(vec![a(), b()])),
            ("params.a='x' or params.b='x' and params.c='x'", Any(vec![a(), All(vec![b(), c()])])),
            ("(params.a='x' OR params.b='x') AND params.c='x'", All(vec![Any(vec![a(), b()]), c()])),
            ("not params.a = 'x' AND params.b = 'x'", All(vec![not(a()), b()])),
            ("NOT (params.a = 'x' AND params.b = 'x')", not(All(vec![a(), b()]))),
            ("NOT NOT params.a = 'x'", not(not(a()))),
            ("((params.a = 'x'))", a()),
            ("NOT run_id NOT IN ('r', 's')", not(ids())),
            ("(run_id not in ('r', 's') or params.a = 'x')", Any(vec![ids(), a()])),
            ("NOT(params.`or` = 'x') OR params.or = 'x'", Any(vec![not(is("or")), is("or")])),
        ] {
            assert_eq!(parse_run_filter(filter).expect(filter), tree, "{filter}");
        }
        let nothing = parse_run_filter("NOT tags.a IS NULL").unwrap();
        let Filter::Not(inner) = nothing else { panic!("{nothing:?}") };
        assert!(matches!(*inner, Filter::Field(RunField::Tag(_), Test::Present(false))));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let deep = format!("{}params.a = 'x'", "NOT ".repeat(MAX_DEPTH + 1));
        let nested = format!("{0}params.a = 'x'{1}", "(".repeat(100_000), ")".repeat(100_000));
        let too_deep = "Invalid filter string: it is nested more than 100 deep.";
        assert_messages(
            parse_run_filter,
            &[
                ("(params.a = 'x'", "Invalid filter string: a parenthesis is not closed."),
                (
                    "params.a = 'x') OR params.b = 'x'",
                    "Invalid filter string: expected 'AND', 'OR' or the end, found ')' at character 15.",
                ),
                ("params.a = 'x' OR", "Invalid filter string: expected a condition, found the end."),
                ("OR params.a = 'x'", "Invalid filter string: expected a condition, found 'OR' at character 1."),
                ("params.ä = 'x' OR AND", "Invalid filter string: expected a condition, found 'AND' at character 19."),
                ("NOT ()", "Invalid filter string: expected a condition, found ')' at character 6."),
                (
                    "params.a = 'x' params.b = 'x' OR params.c = 'x'",
                    "Invalid condition 'params.a = 'x' params.b = 'x'' in filter string: expected an identifier, a comparator and a value, with AND or OR between conditions.",
                ),
                (
                    "status > 'x' OR params.a = 'x'",
                    "Invalid comparator '>' not one of '{'!=', '=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'}'",
                ),
                (&deep, too_deep),
                (&nested, too_deep),
            ],
        );
    }
}
