//! Values on the right side of a condition: quoted texts and lists of texts.
//!
//! The two are not read alike. A quoted text is taken as it stands, without any escape. A list is a literal of
//! Python, which MLflow evaluates: there backslashes escape, neighbouring texts are one, and a comma may trail.
//!
//! Texts with a prefix or in triple quotes, `None`, comments and arithmetic are Python, too, but not read here.
//!
//! Source: `SearchUtils._strip_quotes` and `_parse_list_from_sql_token` of MLflow 3.17.2. Elsewhere: the texts in a
//! list (`python.rs`).

use std::{iter::Peekable, str::Chars};

use trackside_core::{Error, Result};

use super::{condition::Side, python, token::Kind};

/// Deepest nesting of parentheses in a list; MLflow gives up there too.
const MAX_DEPTH: usize = 100;

/// The text between the quotes.
pub(super) fn unquoted(text: &str) -> Option<&str> {
    ['\'', '"'].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
}

/// A quoted text, or `None` if the side is something else altogether.
pub(super) fn quoted_text(side: Side<'_>) -> Option<Result<String>> {
    matches!(side.kind, Kind::SingleQuoted | Kind::Identifier).then(|| {
        unquoted(side.text).map(str::to_owned).ok_or_else(|| {
            Error::invalid(format!(
                "Parameter value is either not quoted or unidentified quote types used for string value {}. \
                 Use either single or double quotes.",
                side.text
            ))
        })
    })
}

/// The texts of a list in parentheses; at least one.
pub(super) fn some_texts(literal: &str) -> Result<Vec<String>> {
    let texts = texts(literal, false)?;
    if texts.is_empty() {
        return Err(Error::invalid(
            "While parsing a list in the query, expected a non-empty list of string values, but got empty list",
        ));
    }
    Ok(texts)
}

/// The texts of a list in parentheses; with `numbers`, numbers count as what they print as.
pub(super) fn texts(literal: &str, numbers: bool) -> Result<Vec<String>> {
    let items = items(literal).ok_or_else(|| {
        Error::invalid(
            "While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.",
        )
    })?;
    let different = || {
        Error::invalid(format!(
            "While parsing a list in the query, expected string value, punctuation, or whitespace, \
             but got different type in list: {}",
            shown(&items)
        ))
    };
    let text = |item: &Item| match item {
        Item::Text(text) => Some(text.clone()),
        Item::Number(number) => numbers.then(|| number.clone()),
        Item::List(_) => None,
    };
    items.iter().map(text).collect::<Option<_>>().ok_or_else(different)
}

/// What a list can hold.
#[derive(Debug, Clone)]
enum Item {
    Text(String),
    /// As Python prints it.
    Number(String),
    /// Nested no deeper than [`MAX_DEPTH`].
    List(Vec<Item>),
}

/// A list as Python's `repr` writes a tuple.
fn shown(items: &[Item]) -> String {
    let each = items.iter().map(|item| match item {
        Item::Text(text) => python::text(text),
        Item::Number(number) => number.clone(),
        Item::List(items) => shown(items),
    });
    let each: Vec<_> = each.collect();
    format!("({}{})", each.join(", "), if each.len() == 1 { "," } else { "" })
}

/// An open parenthesis.
#[derive(Default)]
struct Frame {
    items: Vec<Item>,
    /// Whether there was a comma: it is what makes a list.
    comma: bool,
    /// Whether an item was read and no comma yet.
    full: bool,
}

impl Frame {
    /// Takes an item where one may stand.
    fn take(&mut self, item: Item) -> Option<()> {
        if self.full {
            return None;
        }
        self.items.push(item);
        self.full = true;
        Some(())
    }

    /// What the parenthesis stands for: without a comma, what it encloses.
    fn close(mut self) -> Item {
        match self.items.pop_if(|_| !self.comma) {
            Some(only) => only,
            None => Item::List(self.items),
        }
    }
}

/// The items of a literal; `('a')`, which Python takes for a text, counts as a list of one.
fn items(literal: &str) -> Option<Vec<Item>> {
    let mut frames: Vec<Frame> = Vec::new();
    let mut rest = literal.chars().peekable();
    while let Some(c) = rest.next() {
        if python::is_blank(c) {
            continue;
        }
        if c == '(' {
            if frames.len() == MAX_DEPTH {
                return None;
            }
            frames.push(Frame::default());
            continue;
        }
        let frame = frames.last_mut()?;
        match c {
            ',' if frame.full => (frame.comma, frame.full) = (true, false),
            '\'' | '"' => frame.take(Item::Text(neighbours(c, &mut rest)?))?,
            '-' | '.' | '0'..='9' => frame.take(Item::Number(number(c, &mut rest)?))?,
            ')' => {
                let item = frames.pop()?.close();
                match frames.last_mut() {
                    Some(outer) => outer.take(item)?,
                    None if rest.next().is_some() => return None,
                    None => return Some(if let Item::List(items) = item { items } else { vec![item] }),
                }
            }
            _ => return None,
        }
    }
    None
}

/// Texts with nothing but blanks between them, which are one.
fn neighbours(quote: char, rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    python::read_text(quote, rest, &mut text)?;
    loop {
        while rest.next_if(|c| python::is_blank(*c)).is_some() {}
        let Some(quote) = rest.next_if(|c| matches!(c, '\'' | '"')) else { return Some(text) };
        python::read_text(quote, rest, &mut text)?;
    }
}

fn number(first: char, rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut number = String::from(first);
    while let Some(c) = rest.next_if(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E')) {
        number.push(c);
    }
    let value: f64 = number.parse().ok()?;
    Some(if number.contains(['.', 'e', 'E']) { format!("{value:?}") } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(literal: &str) -> String {
        match texts(literal, false) {
            Ok(texts) => texts.join("|"),
            Err(error) => error.message().rsplit(' ').take(3).collect::<Vec<_>>().join(" "),
        }
    }

    #[test]
    fn lists_are_read_as_python_reads_them() {
        for (literal, expected) in [
            ("('a')", "a"),
            ("('a',)", "a"),
            ("( 'a' ,\n\"b\" )", "a|b"),
            ("('a' 'b', 'it''s')", "ab|its"),
            ("((('a')), ('b'))", "a|b"),
            ("(('a', 'b'))", "a|b"),
            (r"('a\'b', 'a\x41\q')", r"a'b|aA\q"),
            ("()", ""),
        ] {
            assert_eq!(read(literal), expected, "{literal}");
        }
        for ill_formed in
            ["(,)", "('a',,)", "('a' ('b'))", "(('a') 'b')", "(a)", "('a'", "('a') 'b'", "('a\n')", "('a' + 'b')", ""]
        {
            assert_eq!(read(ill_formed), "list. ill-formed got", "{ill_formed}");
        }
        assert_eq!(texts("(1, 'a', -2.50)", true).unwrap(), ["1", "a", "-2.5"]);
        let different = texts("(1, 'a', -2.50, ('b', 'c'), ())", false).unwrap_err();
        assert!(different.message().ends_with("different type in list: (1, 'a', -2.5, ('b', 'c'), ())"), "{different}");
        assert!(some_texts("()").unwrap_err().message().ends_with("but got empty list"));
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert_eq!(read(&format!("{}'a'{}", "(".repeat(100), ")".repeat(100))), "a");
        assert_eq!(read(&"(".repeat(100_000)), "list. ill-formed got");
    }

    #[test]
    fn a_quote_alone_is_no_quoted_text() {
        assert_eq!(unquoted("'"), None);
        assert_eq!(unquoted("'it''s'"), Some("it''s"));
        assert_eq!(unquoted("\"a'"), None);
    }
}
