//! JSON as W&B writes it within lines: numbers may be bare `NaN`, `Infinity` and `-Infinity`.
//!
//! Around the line the JSON is strict: the line is a text in it.

use std::borrow::Cow;

/// An object of scalars, written key by key.
#[derive(Debug, Clone, Default)]
pub struct Object(String);

impl Object {
    /// Adds a number.
    pub fn number(&mut self, key: &str, value: f64) {
        let text = number(value);
        self.raw(key, &text);
    }

    /// Adds a whole number.
    pub fn integer(&mut self, key: &str, value: i64) {
        self.raw(key, &value.to_string());
    }

    /// Adds a value that is extended JSON already.
    pub fn raw(&mut self, key: &str, value: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&text(key));
        self.0.push(':');
        self.0.push_str(value);
    }

    /// How long it is so far.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was added.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The line.
    pub fn finish(self) -> String {
        if self.0.is_empty() { "{}".to_owned() } else { self.0 + "}" }
    }
}

/// A number: the shortest text that reads back as the same double.
pub fn number(value: f64) -> String {
    let infinity = if value > 0.0 { "Infinity" } else { "-Infinity" };
    match serde_json::Number::from_f64(value) {
        Some(number) => number.to_string(),
        None if value.is_nan() => "NaN".to_owned(),
        None => infinity.to_owned(),
    }
}

/// A text in quotes.
pub fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The same in strict JSON: bare numbers that JSON lacks become texts, as W&B's client takes them in answers.
pub fn strict(line: &str) -> Cow<'_, str> {
    const TOKENS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];
    if !TOKENS.iter().any(|token| line.contains(token)) {
        return Cow::Borrowed(line);
    }
    let (mut out, mut rest, mut quoted) = (String::with_capacity(line.len() + 16), line, false);
    while let Some(next) = rest.chars().next() {
        if !quoted && let Some(token) = TOKENS.iter().find(|token| rest.starts_with(**token)) {
            out.push('"');
            out.push_str(token);
            out.push('"');
            rest = &rest[token.len()..];
            continue;
        }
        let escape = quoted && next == '\\';
        quoted ^= next == '"';
        let taken: usize = rest.chars().take(1 + usize::from(escape)).map(char::len_utf8).sum();
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_written_in_order() {
        let mut object = Object::default();
        object.integer("_step", 3);
        object.number("a \"b\" \u{e4}\n", f64::NAN);
        object.number("i", f64::NEG_INFINITY);
        assert_eq!(object.finish(), "{\"_step\":3,\"a \\\"b\\\" \u{e4}\\n\":NaN,\"i\":-Infinity}");
        assert_eq!(Object::default().finish(), "{}");
    }

    #[test]
    fn numbers_read_back_as_the_same_double() {
        for (value, text) in [
            (0.1, "0.1"),
            (1.5, "1.5"),
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (1e300, "1e+300"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::from_bits(1), "5e-324"),
            (1_795_261_629.125, "1795261629.125"),
        ] {
            assert_eq!(number(value), text);
            assert_eq!(serde_json::from_str::<f64>(text).unwrap().to_bits(), value.to_bits(), "{text}");
        }
        assert_eq!(number(f64::INFINITY), "Infinity");
    }

    #[test]
    fn only_bare_tokens_become_texts() {
        let line = r#"{"NaN":NaN,"a":[-Infinity,1],"b\"NaN\\":Infinity,"c":"NaN"}"#;
        let strict = strict(line);
        assert_eq!(strict, r#"{"NaN":"NaN","a":["-Infinity",1],"b\"NaN\\":"Infinity","c":"NaN"}"#);
        assert!(serde_json::from_str::<serde_json::Value>(&strict).is_ok());
        assert!(matches!(super::strict("{\"a\":1}"), Cow::Borrowed(_)));
    }
}
