//! Python's spellings, as far as filters hold them and MLflow's messages show them.
//!
//! Source: the language reference of Python 3.11, lexical analysis; checked against the interpreter.

use std::{fmt::Write, iter::Peekable, str::Chars};

use trackside_core::Json;

/// A text as `repr` writes it.
pub(crate) fn text(value: &str) -> String {
    let quote = if value.contains('\'') && !value.contains('"') { '"' } else { '\'' };
    let mut written = String::from(quote);
    for c in value.chars() {
        match c {
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '\\' => written.push_str("\\\\"),
            _ if c == quote => written.extend(['\\', c]),
            _ if c.is_ascii_control() => {
                write!(written, "\\x{:02x}", u32::from(c)).expect("a String takes everything");
            }
            _ => written.push(c),
        }
    }
    written.push(quote);
    written
}

/// A list of texts as `repr` writes it.
pub(crate) fn list(values: &[String]) -> String {
    let values: Vec<_> = values.iter().map(|value| text(value)).collect();
    format!("[{}]", values.join(", "))
}

/// A value as `str` writes it.
pub(crate) fn printed(value: &Json) -> String {
    match value {
        Json::Text(text) => text.clone(),
        other => repr(other),
    }
}

fn repr(value: &Json) -> String {
    match value {
        Json::Null => "None".to_owned(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::Integer(digits) => digits.clone(),
        Json::Float(number) if number.is_nan() => "nan".to_owned(),
        Json::Float(number) if number.is_infinite() => format!("{number}"),
        Json::Float(_) => value.to_string(),
        Json::Text(value) => text(value),
        Json::List(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Json::Object(object) => {
            let pairs = object.iter().map(|(key, value)| format!("{}: {}", text(key), repr(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

/// An integer as `int` reads it from a text, in its canonical spelling: blanks around it, a sign, leading zeros and
/// single underscores between digits are allowed, and it may be of any size.
pub(crate) fn integer(text: &str) -> Option<String> {
    let text = without_underscores(text.trim())?;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    Some(match (digits.is_empty(), text.starts_with('-')) {
        (true, _) => "0".to_owned(),
        (false, true) => format!("-{digits}"),
        (false, false) => digits.to_owned(),
    })
}

/// A number as `repr` writes it.
pub(crate) fn shown_float(number: f64) -> String {
    if !number.is_finite() {
        return if number.is_nan() { "nan".to_owned() } else { if number > 0.0 { "inf" } else { "-inf" }.to_owned() };
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        return format!("{number:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// A number as `float` reads it from a text without blanks around it.
pub(super) fn float(text: &str) -> Option<f64> {
    without_underscores(text)?.parse().ok()
}

/// The text without underscores, which may only stand between two digits.
fn without_underscores(text: &str) -> Option<String> {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let mut groups = text.split('_').peekable();
    let mut joined = String::with_capacity(text.len());
    while let Some(group) = groups.next() {
        let between = groups.peek().is_none_or(|next| digit(group.chars().next_back()) && digit(next.chars().next()));
        joined.push_str(between.then_some(group)?);
    }
    Some(joined)
}

/// Whitespace between the words of a literal.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

/// Reads a text literal behind its opening quote, up to and with the closing one. Prefixes, triple quotes and `\N{…}`
/// are not understood: no client sends them.
pub(super) fn read_text(quote: char, rest: &mut Peekable<Chars<'_>>, text: &mut String) -> Option<()> {
    loop {
        match rest.next()? {
            c if c == quote => return Some(()),
            '\n' | '\r' | '\0' => return None,
            '\\' => escape(rest, text)?,
            c => text.push(c),
        }
    }
}

/// Reads what follows a backslash.
fn escape(rest: &mut Peekable<Chars<'_>>, text: &mut String) -> Option<()> {
    let c = rest.next()?;
    let simple = match c {
        '\\' | '\'' | '"' => c,
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '0'..='7' => {
            let mut code = c.to_digit(8)?;
            for _ in 0..2 {
                let Some(digit) = rest.next_if(|c| c.is_digit(8)) else { break };
                code = code * 8 + digit.to_digit(8)?;
            }
            char::from_u32(code)?
        }
        'x' => code_point(2, rest)?,
        'u' => code_point(4, rest)?,
        'U' => code_point(8, rest)?,
        '\n' => return Some(()),
        '\r' => {
            rest.next_if_eq(&'\n');
            return Some(());
        }
        '\0' | 'N' => return None,
        _ => {
            text.push('\\');
            c
        }
    };
    text.push(simple);
    Some(())
}

/// The character of so many hexadecimal digits.
fn code_point(digits: usize, rest: &mut Peekable<Chars<'_>>) -> Option<char> {
    let mut code = 0_u32;
    for _ in 0..digits {
        code = code.checked_mul(16)?.checked_add(rest.next()?.to_digit(16)?)?;
    }
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_like_repr() {
        assert_eq!(text("a"), "'a'");
        assert_eq!(text("it's"), "\"it's\"");
        assert_eq!(text("'\"\\\n\u{1}é"), "'\\'\"\\\\\\n\\x01é'");
    }

    #[test]
    fn integers_are_read_like_int() {
        for (written, read) in [("7", "7"), (" +07 ", "7"), ("-1_000", "-1000"), ("-0", "0")] {
            assert_eq!(integer(written).as_deref(), Some(read), "{written:?}");
        }
        for wrong in ["", "-", "_1", "1_", "1__0", "1.0", "1e3", "- 1", "0x1"] {
            assert_eq!(integer(wrong), None, "{wrong:?}");
        }
        assert_eq!(float("-1_0.5e+0_1"), Some(-105.0));
        assert_eq!(float("1_e5"), None);
    }

    #[test]
    fn floats_are_written_like_repr() {
        for (number, shown) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(shown_float(number), shown);
        }
    }

    #[test]
    fn escapes_are_read_like_python() {
        let read = |literal: &str| {
            let mut text = String::new();
            read_text('\'', &mut literal.chars().peekable(), &mut text).map(|()| text)
        };
        assert_eq!(read(r"\\\'\n\101\0\x41\u00e9\U0001f600\q'").as_deref(), Some("\\'\nA\0Aé😀\\q"));
        for wrong in [r"\x4'", r"\ud800'", r"\UFFFFFFFF'", r"\N{DASH}'", "a\n'", "a", r"a\"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
