//! Reading requests: JSON bodies and query strings into the same shapes, with MLflow's texts for what is wrong.
//!
//! The good path reads straight from the bytes. Only when that fails is the body read again as a tree, which
//! forgives what MLflow forgives (a JSON text inside a JSON text, bare `NaN` tokens, repeated fields) and knows
//! which parameter is at fault. Unlike MLflow, nothing is ever applied in part.

use std::{fmt, iter};

use compact_str::CompactString;
use serde::{
    Deserializer,
    de::{
        DeserializeOwned, IntoDeserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Map, Value};

use crate::{Failure, object::Object};

/// Reads a JSON body. An empty body is a request without parameters.
pub fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    if let Ok(Object(request)) = serde_json::from_slice(body) {
        return Ok(request);
    }
    let tree = tree(body)?;
    read(&tree, &tree)
}

/// Reads a tree of JSON.
pub fn from_value<T: DeserializeOwned>(tree: &Value) -> Result<T, Failure> {
    read(tree, tree)
}

/// Reads decoded query parameters; one given several times is a list, and so is one where a list is asked for.
pub fn from_query<T: DeserializeOwned>(pairs: impl IntoIterator<Item = (String, String)>) -> Result<T, Failure> {
    let mut fields = Map::new();
    for (name, value) in pairs {
        match fields.get_mut(&name) {
            None => drop(fields.insert(name, Value::String(value))),
            Some(Value::Array(values)) => values.push(Value::String(value)),
            Some(first) => *first = Value::Array(vec![first.take(), Value::String(value)]),
        }
    }
    let tree = Value::Object(fields);
    let parameters = tree.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), Parameter(value)));
    read(MapDeserializer::new(parameters), &tree)
}

/// The value of a parameter that must be there. Empty texts count as missing where `Missing` says so.
pub fn required<T: Missing>(value: Option<T>, parameter: &str) -> Result<T, Failure> {
    value.filter(|value| !value.is_missing()).ok_or_else(|| missing(parameter))
}

/// The failure for a parameter that is not there.
pub fn missing(parameter: impl fmt::Display) -> Failure {
    Failure::invalid(format!(
        "Missing value for required parameter '{parameter}'. See the API docs for more information about request \
         parameters."
    ))
}

/// The failure for a value that a rule forbids.
pub fn bad_value(value: &str, parameter: impl fmt::Display, why: &str) -> Failure {
    let value = Value::String(value.to_owned());
    Failure::invalid(format!("Invalid value {value} for parameter '{parameter}' supplied: {why}"))
}

/// The failure for a value of an unusable type, or outside what the type can hold.
pub fn wrong_type(value: &Value, parameter: impl fmt::Display) -> Failure {
    Failure::invalid(format!(
        "Invalid value {value} for parameter '{parameter}' supplied:  Hint: Value was of type '{}'. See the API docs for \
         more information about request parameters.",
        python_type(value)
    ))
}

/// Values that count as missing though they are there.
pub trait Missing {
    /// Whether it counts as missing.
    fn is_missing(&self) -> bool {
        false
    }
}

impl Missing for CompactString {
    fn is_missing(&self) -> bool {
        self.is_empty()
    }
}

impl Missing for String {
    fn is_missing(&self) -> bool {
        self.is_empty()
    }
}

impl Missing for crate::Int {}
impl Missing for crate::Double {}
impl<T> Missing for Vec<T> {}

/// Reads a request; `tree` is the same once more, for messages to show values from.
fn read<'de, T: DeserializeOwned>(
    request: impl Deserializer<'de, Error = serde_json::Error>,
    tree: &Value,
) -> Result<T, Failure> {
    serde_path_to_error::deserialize(request).map_err(|error| {
        let path = error.path().to_string();
        // MLflow names a list, not the item of a wrong type.
        let path = path.strip_suffix(']').and_then(|path| path.rsplit_once('[')).map_or(&*path, |(list, _)| list);
        let pointer = format!("/{}", path.replace('[', ".").replace(']', "").replace('.', "/"));
        let value = tree.pointer(&pointer).unwrap_or(&Value::Null);
        spelled_twice(&error.into_inner()).unwrap_or_else(|| wrong_type(value, path))
    })
}

/// A query parameter.
struct Parameter<'a>(&'a Value);

impl<'de> Deserializer<'de> for Parameter<'de> {
    type Error = serde_json::Error;

    /// Of a parameter given several times where no list is asked for, the first counts.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.0.get(0).unwrap_or(self.0).deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::String(only) => visitor.visit_seq(SeqDeserializer::new(iter::once(only.as_str()))),
            several => several.deserialize_seq(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, serde_json::Error> for Parameter<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The failure for a field that came in both its spellings, if that is the error.
fn spelled_twice(error: &serde_json::Error) -> Option<Failure> {
    let message = error.to_string();
    let field = message.strip_prefix("duplicate field `")?.split('`').next()?;
    let camel: String = field
        .split('_')
        .enumerate()
        .flat_map(|(at, word)| {
            let (first, rest) = word.split_at(usize::from(at > 0 && !word.is_empty()));
            [first.to_ascii_uppercase(), rest.to_owned()]
        })
        .collect();
    Some(Failure::invalid(format!("Request specifies both '{field}' and '{camel}'; provide only one of them.")))
}

/// The body as a tree. Anything but an object is refused: MLflow answers 500 to it.
fn tree(body: &[u8]) -> Result<Value, Failure> {
    if body.trim_ascii().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let refused =
        |why: &dyn std::fmt::Display| Failure::invalid(format!("The request body is not a JSON object: {why}"));
    let mut tree: Value = match serde_json::from_slice(body) {
        Ok(tree) => tree,
        Err(error) => serde_json::from_slice(&quote_bare_tokens(body, b"")).map_err(|_| refused(&error))?,
    };
    // Clients of 2018 encoded twice.
    if let Value::String(inner) = &tree {
        tree = serde_json::from_str(inner).map_err(|error| refused(&error))?;
    }
    match tree {
        Value::Object(_) => Ok(tree),
        other => Err(refused(&format!("it is of type '{}'", python_type(&other)))),
    }
}

/// Puts the tokens `NaN`, `Infinity` and `-Infinity`, which Python writes and JSON forbids, into quotes, after
/// `mark`.
pub(crate) fn quote_bare_tokens(body: &[u8], mark: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(body.len() + 16);
    let (mut in_text, mut at) = (false, 0);
    while at < body.len() {
        let rest = &body[at..];
        let token =
            [&b"NaN"[..], b"Infinity", b"-Infinity"].into_iter().find(|token| !in_text && rest.starts_with(token));
        if let Some(token) = token {
            quoted.push(b'"');
            quoted.extend_from_slice(mark);
            quoted.extend_from_slice(token);
            quoted.push(b'"');
            at += token.len();
            continue;
        }
        match rest[0] {
            b'"' => in_text = !in_text,
            b'\\' if in_text && rest.len() > 1 => {
                quoted.push(b'\\');
                at += 1;
            }
            _ => {}
        }
        quoted.push(body[at]);
        at += 1;
    }
    quoted
}

fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::{Double, Int, Texts};

    #[derive(Debug, Deserialize, PartialEq)]
    struct Point {
        step: Option<Int>,
        value: Option<Double>,
        key: Option<String>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Batch {
        #[serde(default)]
        points: Vec<Point>,
        ids: Option<Texts>,
    }

    #[test]
    fn a_wrong_type_names_parameter_value_and_type() {
        let failure = from_json::<Batch>(br#"{"points":[{"step":1},{"key":31}]}"#).unwrap_err();
        assert_eq!(
            failure.message,
            "Invalid value 31 for parameter 'points[1].key' supplied:  Hint: Value was of type 'int'. See the API docs for \
             more information about request parameters."
        );
    }

    #[test]
    fn what_mlflow_forgives_is_forgiven() {
        let plain =
            from_json::<Batch>(br#"{"points":[{"step":1,"value":"NaN","key":"a\"NaN"}],"unknown":{}}"#).unwrap();
        let bare = from_json::<Batch>(br#"{"points":[{"step":"1","value":NaN,"key":"a\"NaN"}]}"#).unwrap();
        let twice =
            from_json::<Batch>(br#""{\"points\":[{\"step\":1.0,\"value\":\"nan\",\"key\":\"a\\\"NaN\"}]}""#).unwrap();
        assert_eq!(format!("{plain:?}"), format!("{bare:?}"));
        assert_eq!(format!("{plain:?}"), format!("{twice:?}"));
        assert_eq!(from_json::<Batch>(b"").unwrap(), Batch { points: vec![], ids: None });
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for bad in ["[]", "[[]]", "{", "1", "\"x\"", "\"[]\"", "\u{feff}{}", "nonsense"] {
            assert!(from_json::<Batch>(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn queries_repeat_for_lists() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let batch: Batch = from_query([pair("ids", "a"), pair("ids", "b")]).unwrap();
        assert_eq!(batch.ids, Some(Texts(vec!["a".into(), "b".into()])));
        let batch: Batch = from_query([pair("ids", "a,b"), pair("unknown", "x")]).unwrap();
        assert_eq!(batch.ids, Some(Texts(vec!["a,b".into()])));
        let point: Point = from_query([pair("step", "5"), pair("value", "nan"), pair("key", "")]).unwrap();
        assert_eq!((point.step, point.key.as_deref()), (Some(Int(5)), Some("")));
    }

    #[test]
    fn in_json_a_text_is_no_list() {
        let failure = from_json::<Batch>(br#"{"ids":"a"}"#).unwrap_err();
        assert!(
            failure.message.starts_with("Invalid value \"a\" for parameter 'ids' supplied:"),
            "{}",
            failure.message
        );
        let failure = from_json::<Batch>(br#"{"ids":["a",5]}"#).unwrap_err();
        assert!(
            failure.message.starts_with("Invalid value [\"a\",5] for parameter 'ids' supplied:"),
            "{}",
            failure.message
        );
        assert_eq!(from_json::<Batch>(br#"{"ids":null}"#).unwrap().ids, None);
    }
}
