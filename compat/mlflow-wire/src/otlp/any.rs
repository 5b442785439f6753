//! Values of attributes, and how Python writes them as JSON.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt::{self, Write},
};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

use crate::{request::quote_bare_tokens, search::python};

/// A value of any type that JSON has, with the keys of objects in the order they came.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Any {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    List(Vec<Any>),
    Map(Vec<(String, Any)>),
}

impl Any {
    /// Reads JSON, and the tokens that Python writes besides.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Ok(any) = serde_json::from_str(text) {
            return Some(any);
        }
        if !text.contains("NaN") && !text.contains("Infinity") {
            return None;
        }
        let mut any: Self = serde_json::from_slice(&quote_bare_tokens(text.as_bytes(), b"\\u0000")).ok()?;
        any.unquote_tokens();
        Some(any)
    }

    /// Numbers for the texts that [`quote_bare_tokens`] has marked.
    fn unquote_tokens(&mut self) {
        match self {
            Self::Text(text) => match text.as_str() {
                "\0NaN" => *self = Self::Double(f64::NAN),
                "\0Infinity" => *self = Self::Double(f64::INFINITY),
                "\0-Infinity" => *self = Self::Double(f64::NEG_INFINITY),
                _ => {}
            },
            Self::List(items) => items.iter_mut().for_each(Self::unquote_tokens),
            Self::Map(entries) => entries.iter_mut().for_each(|(_, value)| value.unquote_tokens()),
            _ => {}
        }
    }

    /// As Python's `json.dumps` writes it, without escaping what is not ASCII.
    pub(super) fn dumped(&self) -> String {
        let mut text = String::new();
        self.dump(&mut text);
        text
    }

    pub(super) fn dump(&self, text: &mut String) {
        match self {
            Self::Null => text.push_str("null"),
            Self::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
            Self::Int(value) => write!(text, "{value}").expect("a string takes all"),
            Self::Double(value) if value.is_nan() => text.push_str("NaN"),
            Self::Double(value) if value.is_infinite() => {
                text.push_str(if *value > 0.0 { "Infinity" } else { "-Infinity" });
            }
            Self::Double(value) => text.push_str(&python::shown_float(*value)),
            Self::Text(value) => dump_text(value, text),
            Self::List(items) => {
                text.push('[');
                for (at, item) in items.iter().enumerate() {
                    text.push_str(if at == 0 { "" } else { ", " });
                    item.dump(text);
                }
                text.push(']');
            }
            Self::Map(entries) => {
                text.push('{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    text.push_str(if at == 0 { "" } else { ", " });
                    dump_text(key, text);
                    text.push_str(": ");
                    value.dump(text);
                }
                text.push('}');
            }
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What Python takes for false: nothing, zero, and what is empty.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(value) => !value,
            Self::Int(value) => *value == 0,
            Self::Double(value) => *value == 0.0,
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Map(entries) => entries.is_empty(),
        }
    }
}

/// A text as JSON.
pub(super) fn dump_text(value: &str, text: &mut String) {
    text.push_str(&serde_json::to_string(value).expect("a text is always JSON"));
}

/// Entries of which each key is there once, where it came first and with what came last.
pub(super) fn entries<V>(pairs: impl IntoIterator<Item = (String, V)>) -> Vec<(String, V)> {
    let mut entries: Vec<(String, V)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (key, value) in pairs {
        match places.entry(key) {
            Entry::Occupied(place) => entries[*place.get()].1 = value,
            Entry::Vacant(place) => {
                entries.push((place.key().clone(), value));
                place.insert(entries.len() - 1);
            }
        }
    }
    entries
}

/// Bytes as Python's `repr` writes them, which is what MLflow keeps of them.
pub(super) fn shown_bytes(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut text = format!("b{quote}");
    for byte in bytes {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b'\'' if quote == '\'' => text.push_str("\\'"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => write!(text, "\\x{byte:02x}").expect("a string takes all"),
        }
    }
    text.push(quote);
    text
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyVisitor;
        impl<'de> Visitor<'de> for AnyVisitor {
            type Value = Any;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_unit<E>(self) -> Result<Any, E> {
                Ok(Any::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Any, E> {
                Ok(Any::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Any, E> {
                Ok(Any::Int(value))
            }

            #[expect(clippy::cast_precision_loss, reason = "no type of attribute holds more")]
            fn visit_u64<E>(self, value: u64) -> Result<Any, E> {
                Ok(i64::try_from(value).map_or(Any::Double(value as f64), Any::Int))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Any, E> {
                Ok(Any::Double(value))
            }

            fn visit_str<E>(self, value: &str) -> Result<Any, E> {
                Ok(Any::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Any, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Any::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Any, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Any::Map(entries(pairs)))
            }
        }
        deserializer.deserialize_any(AnyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_python_writes_them() {
        for (text, dumped) in [
            (r#"{"b":1,"a":[true,null,"ä\"\n"],"b":2.0}"#, r#"{"b": 2.0, "a": [true, null, "ä\"\n"]}"#),
            ("1e16", "1e+16"),
            ("NaN", "NaN"),
            ("-Infinity", "-Infinity"),
            (r#"{"NaN": [NaN, "NaN", {"a": -Infinity}, 1]}"#, r#"{"NaN": [NaN, "NaN", {"a": -Infinity}, 1]}"#),
            ("{}", "{}"),
            ("18446744073709551615", "1.8446744073709552e+19"),
        ] {
            assert_eq!(Any::parse(text).expect(text).dumped(), dumped);
        }
        assert_eq!(Any::parse("nope"), None);
        assert_eq!(Any::parse("Infinity and more"), None);
        assert_eq!(Any::parse(&"[".repeat(100_000)), None, "nesting is bounded");
    }

    #[test]
    fn bytes_are_shown_as_python_shows_them() {
        assert_eq!(shown_bytes(b"\0a'\\\n\xff"), "b\"\\x00a'\\\\\\n\\xff\"");
        assert_eq!(shown_bytes(b"'\""), "b'\\'\"'");
    }
}
