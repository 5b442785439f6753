//! JSON that clients hand over to be kept and handed back: keys stay in their order, whole numbers keep all digits.
//!
//! Read and written as Python's `json` does it (3.11): `NaN` and infinities have a spelling, blanks follow commas and colons, and
//! what is not ASCII is escaped. So a text that a Python program wrote comes back letter by letter, and what is derived
//! from a text, such as a digest, is what a Python program derives.

mod object;
mod read;
mod write;

pub use object::Object;

use crate::Result;

/// Deepest nesting that is read.
pub const MAX_JSON_DEPTH: usize = 200;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number without fraction and exponent, in decimal.
    Integer(String),
    /// Any other number, among them NaN and infinities.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// Values by key.
    Object(Object),
}

impl Json {
    /// Reads a text that holds one value. `Invalid` otherwise, or when it is nested deeper than [`MAX_JSON_DEPTH`].
    pub fn parse(text: &str) -> Result<Self> {
        read::value(text)
    }

    /// What sort of value it is, in the words of JSON Schema; `float` is a number that is no `integer`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Integer(_) => "integer",
            Self::Float(_) => "float",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// The same with the keys of all objects in order.
    #[must_use]
    pub fn sorted(self) -> Self {
        match self {
            Self::List(items) => Self::List(items.into_iter().map(Self::sorted).collect()),
            Self::Object(object) => Self::Object(object.sorted()),
            other => other,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The object, if it is one.
    pub const fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// Whether Python counts it as false: nothing, zero, or empty.
    pub fn is_falsy(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(value) => !value,
            Self::Integer(digits) => digits == "0",
            Self::Float(value) => *value == 0.0,
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Object(object) => object.is_empty(),
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Integer(number.to_string())
    }
}

impl From<Object> for Json {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rewritten(text: &str) -> String {
        Json::parse(text).expect(text).to_string()
    }

    #[test]
    fn what_python_wrote_comes_back_letter_by_letter() {
        for text in [
            r#"{"b": 1, "a": [1.5, true, null, "x"], "": {}}"#,
            r#"{"\u00e9": "\u00fc\u0001/\u007f\ud83d\ude00\n\\\""}"#,
            "[NaN, Infinity, -Infinity, -0.0, 1e+22, 1e-07, 0.0001, 1234567890123456.0, 1.2345678901234568e+16]",
            "123456789012345678901234567890",
            "[]",
            "\"\"",
        ] {
            assert_eq!(rewritten(text), text);
        }
    }

    #[test]
    fn spellings_that_python_reads_alike_are_written_alike() {
        for (text, written) in [
            (" {\"a\":1 , \"a\":2}\n", r#"{"a": 2}"#),
            ("[1.10,1E5,-0,1e400]", "[1.1, 100000.0, 0, Infinity]"),
            (r#""\u00E9\/é""#, r#""\u00e9/\u00e9""#),
        ] {
            assert_eq!(rewritten(text), written);
        }
        assert_eq!(
            Json::parse(r#"{"b": {"d": 1, "c": 2}, "a": 3}"#).unwrap().sorted().to_string(),
            r#"{"a": 3, "b": {"c": 2, "d": 1}}"#
        );
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "}",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "'a'",
            "\"a",
            "\"\u{1}\"",
            "\"\\x\"",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "-",
            "nan",
            "tru",
            "1 2",
            "\"\\ud800\"",
            "\"\\udc00\\ud800\"",
            "\"\\u12\"",
            "[1}",
            "{\"a\":1]",
        ] {
            assert!(Json::parse(text).is_err(), "{text:?}");
        }
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(Json::parse(&nested(MAX_JSON_DEPTH)).is_ok());
        assert!(Json::parse(&nested(MAX_JSON_DEPTH + 1)).is_err());
        assert!(Json::parse(&"[".repeat(1 << 20)).is_err());
    }

    fn json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_filter("NaN is not equal to itself", |number| !number.is_nan()).prop_map(Json::Float),
            any::<String>().prop_map(Json::Text),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::List),
                prop::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|pairs| Json::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_was_written_reads_back(value in json()) {
            prop_assert_eq!(Json::parse(&value.to_string()).unwrap(), value);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in prop_oneof![any::<String>(), "[\\[\\]{},:\"\\\\ue0-9dNa.-]{0,20}"]) {
            Json::parse(&text).ok();
        }
    }
}
