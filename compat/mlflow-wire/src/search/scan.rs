//! Words of a filter string that need more than a look at their first characters.
//!
//! Each function returns the length in bytes of the word at the start of the text, or `None` if there is none.
//! Source: the lexer of sqlparse 0.6.1; `token.rs` holds the order in which these are tried.

use super::token::Kind;

/// Whitespace as Python's `\s` has it.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Part of a word as Python's `\w` has it.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The letters that SQL names begin with here: ASCII and the common accented ones.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || ('\u{c0}'..='\u{dc}').contains(&c) || ('\u{e0}'..='\u{fc}').contains(&c)
}

/// How many bytes at the start satisfy the test.
fn run(text: &str, test: impl Fn(char) -> bool) -> usize {
    text.find(|c| !test(c)).unwrap_or(text.len())
}

/// To the end of the line, line break included.
pub(super) fn line(rest: &str) -> usize {
    rest.find(['\r', '\n']).map_or(rest.len(), |at| at + if rest[at..].starts_with("\r\n") { 2 } else { 1 })
}

/// A text in quotes. A doubled quote goes on, and so does one behind a backslash, except in backquotes. If then the
/// text never ends, it ends at the last such quote: `'it''s` is `'it'` and the rest.
pub(super) fn quoted(rest: &str, quote: char) -> Option<usize> {
    let width = quote.len_utf8();
    let escapes = matches!(quote, '\'' | '"');
    let mut last_resort = None;
    let mut at = width;
    loop {
        let found = rest[at..].find(|c| c == quote || (escapes && c == '\\'));
        let Some(found) = found else { return last_resort };
        at += found;
        let after = &rest[at..];
        if let Some(escaped) = after.strip_prefix('\\') {
            at += 1;
            if escaped.starts_with(quote) {
                at += width;
                last_resort = Some(at);
            }
        } else if after[width..].starts_with(quote) {
            last_resort = Some(at + width);
            at += 2 * width;
        } else {
            return Some(at + width);
        }
    }
}

/// A name in brackets, unless an array index is meant.
pub(super) fn bracketed(rest: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(|c| is_word(c) || c == ']' || c == ')') {
        return None;
    }
    let inner = run(&rest[1..], |c| c != '[' && c != ']');
    (inner > 0 && rest[1 + inner..].starts_with(']')).then_some(inner + 2)
}

/// `%s` or `%(name)s`.
pub(super) fn percent_placeholder(rest: &str) -> Option<usize> {
    let mut at = 1;
    if rest[at..].starts_with('(') {
        let name = run(&rest[at + 1..], is_word);
        if name == 0 || !rest[at + 1 + name..].starts_with(')') {
            return None;
        }
        at += name + 2;
    }
    rest[at..].starts_with(['s', 'S']).then_some(at + 1)
}

/// `:name` or `$1`, not directly behind a word.
pub(super) fn named_placeholder(rest: &str, before: Option<char>) -> Option<usize> {
    let name = run(&rest[1..], is_word);
    (name > 0 && !before.is_some_and(is_word)).then_some(name + 1)
}

/// A backslash and the word behind it, if any.
pub(super) fn command(rest: &str) -> usize {
    1 + run(&rest[1..], is_word)
}

/// `@name`, `#name` or `##name` of at least two characters.
pub(super) fn sigil_name(rest: &str) -> Option<usize> {
    let sigil = if rest.starts_with("##") { 2 } else { 1 };
    let name = &rest[sigil..];
    let length = run(name, is_word);
    let mut chars = name[..length].chars();
    (chars.next().is_some_and(is_letter) && chars.next().is_some()).then_some(sigil + length)
}

/// A number. One that runs into a letter leaves its last digit to the word that follows: `12ab` is `1` and `2ab`.
pub(super) fn number(rest: &str) -> Option<(Kind, usize)> {
    let digits = |from: usize| run(&rest[from..], |c| c.is_ascii_digit());
    let runs_into_letter = |end: usize| rest[end..].starts_with(|c| c == '_' || is_letter(c));
    let sign = usize::from(rest.starts_with('-'));
    if let Some(hexadecimal) = rest[sign..].strip_prefix("0x").or_else(|| rest[sign..].strip_prefix("0X"))
        && let length @ 1.. = run(hexadecimal, |c| c.is_ascii_hexdigit())
    {
        return Some((Kind::Hexadecimal, sign + 2 + length));
    }
    let whole = digits(sign);
    let point = sign + whole;
    let fraction = if rest[point..].starts_with('.') { Some(digits(point + 1)) } else { None };
    let exponent = match fraction {
        Some(fraction @ 1..) => point + 1 + fraction,
        _ => point,
    };
    if whole > 0 && rest[exponent..].starts_with(['e', 'E']) {
        let power = exponent + 1 + usize::from(rest[exponent + 1..].starts_with('-'));
        if let length @ 1.. = digits(power) {
            return Some((Kind::Float, power + length));
        }
    }
    let form = |kind, end, last_digits: usize, needed| {
        let taken = usize::from(runs_into_letter(end));
        (last_digits >= needed + taken).then(|| (kind, end - taken))
    };
    let float = fraction
        .filter(|fraction| whole + fraction > 0)
        .and_then(|fraction| form(Kind::Float, point + 1 + fraction, fraction, usize::from(whole == 0)));
    float.or_else(|| form(Kind::Integer, point, whole, 1))
}

/// Keywords that stay keywords even in front of a parenthesis or behind a dot.
const ALWAYS: [(&str, Kind); 6] = [
    ("IN", Kind::In),
    ("AS", Kind::As),
    ("CASE", Kind::Keyword),
    ("VALUES", Kind::Keyword),
    ("USING", Kind::Keyword),
    ("FROM", Kind::Keyword),
];

/// Keywords that a dot before or behind, or a parenthesis behind, turns into names. SQL has some eight hundred; these
/// are the ones with a part in filters and those that somebody might write there. The difference is only in which
/// message an invalid filter gets.
const KEYWORDS: [(&str, Kind); 27] = [
    ("AND", Kind::And),
    ("IS", Kind::Is),
    ("NOT", Kind::Not),
    ("NULL", Kind::Null),
    ("TEXT", Kind::TypeName),
    ("TIMESTAMP", Kind::TypeName),
    ("OR", Kind::Keyword),
    ("BETWEEN", Kind::Keyword),
    ("CONTAINS", Kind::Keyword),
    ("END", Kind::Keyword),
    ("EXISTS", Kind::Keyword),
    ("FALSE", Kind::Keyword),
    ("GROUP", Kind::Keyword),
    ("KEY", Kind::Keyword),
    ("LIMIT", Kind::Keyword),
    ("OFFSET", Kind::Keyword),
    ("ORDER", Kind::Keyword),
    ("PARAMETER", Kind::Keyword),
    ("PARAMETERS", Kind::Keyword),
    ("SELECT", Kind::Keyword),
    ("SOURCE", Kind::Keyword),
    ("TRUE", Kind::Keyword),
    ("TYPE", Kind::Keyword),
    ("UNKNOWN", Kind::Keyword),
    ("USER", Kind::Keyword),
    ("VERSION", Kind::Keyword),
    ("WHERE", Kind::Keyword),
];

fn find(table: &[(&str, Kind)], word: &str) -> Option<Kind> {
    table.iter().find(|(keyword, _)| keyword.eq_ignore_ascii_case(word)).map(|(_, kind)| *kind)
}

/// A bare word.
pub(super) fn keyword_or_name(rest: &str, first: char, before: Option<char>) -> Option<(Kind, usize)> {
    if !is_word(first) {
        return None;
    }
    let length = run(rest, is_word);
    let word = &rest[..length];
    if is_letter(first) {
        if let Some(kind) = find(&ALWAYS, word) {
            return Some((kind, length));
        }
        let after = rest[length..].trim_start_matches(is_space);
        let member = after.strip_prefix('.').is_some_and(|name| !name.starts_with(|c: char| c.is_ascii_digit()));
        if member || before == Some('.') || rest[length..].starts_with('(') {
            return Some((Kind::Name, length));
        }
        if let Some(phrase) = several_words(rest, word) {
            return Some(phrase);
        }
    }
    let length = run(rest, |c| is_word(c) || c == '$' || c == '#');
    Some((find(&KEYWORDS, &rest[..length]).unwrap_or(Kind::Name), length))
}

/// Keywords of more than one word, and the comparators made of letters.
fn several_words(rest: &str, word: &str) -> Option<(Kind, usize)> {
    let next = |from: usize| {
        let blank = run(&rest[from..], is_space);
        let length = run(&rest[from + blank..], is_word);
        (blank > 0).then(|| (&rest[from + blank..from + blank + length], from + blank + length))
    };
    let is = |word: &str, keywords: &[&str]| keywords.iter().any(|keyword| keyword.eq_ignore_ascii_case(word));
    let comparator = |word: &str, end: usize| {
        if is(word, &["LIKE", "ILIKE", "RLIKE"]) {
            return Some((Kind::Comparator, end));
        }
        let binary = next(end).filter(|(word, _)| is(word, &["BINARY"])).map_or(end, |(_, end)| end);
        is(word, &["REGEXP"]).then_some((Kind::Comparator, binary))
    };
    let end = word.len();
    let (second, second_end) = next(end).unwrap_or(("", end));
    let nulls_end = |nulls: &str, end: usize| {
        let (place, place_end) = next(end)?;
        (is(nulls, &["NULLS"]) && is(place, &["FIRST", "LAST"])).then_some(place_end)
    };
    if is(word, &["NOT"]) {
        if is(second, &["NULL"]) {
            let kind = if second_end == "NOT NULL".len() { Kind::NotNull } else { Kind::Keyword };
            return Some((kind, second_end));
        }
        return comparator(second, second_end);
    }
    if is(word, &["ASC", "DESC"]) {
        return Some((Kind::Direction, nulls_end(second, second_end).unwrap_or(end)));
    }
    nulls_end(word, end).map(|end| (Kind::Direction, end)).or_else(|| comparator(word, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_cut_where_sqlparse_cuts_them() {
        for (text, length, kind) in [
            ("12", 2, Kind::Integer),
            ("-1 ", 2, Kind::Integer),
            ("1.", 2, Kind::Float),
            (".5", 2, Kind::Float),
            ("-.5x", 0, Kind::Float),
            ("1.25x", 3, Kind::Float),
            ("1e5", 3, Kind::Float),
            ("1.5E-3x", 6, Kind::Float),
            ("1e+5", 0, Kind::Integer),
            ("12ab", 1, Kind::Integer),
            ("5.x", 1, Kind::Integer),
            ("0x1F", 4, Kind::Hexadecimal),
            ("1a", 0, Kind::Integer),
            ("-", 0, Kind::Integer),
        ] {
            assert_eq!(number(text), (length > 0).then_some((kind, length)), "{text}");
        }
    }

    #[test]
    fn quotes_close_as_late_as_they_can() {
        for (text, length) in [
            ("'a' b", Some(3)),
            ("'it''s'", Some(7)),
            (r"'it\'s'", Some(7)),
            ("'it''s", Some(4)),
            (r"'a\' b", Some(4)),
            ("'a", None),
            ("''", Some(2)),
        ] {
            assert_eq!(quoted(text, '\''), length, "{text}");
        }
        assert_eq!(quoted("`a``b` c", '`'), Some(6));
    }
}
