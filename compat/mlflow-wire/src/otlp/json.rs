//! What differs between the messages and their JSON: ids are hexadecimal, 64-bit integers may be texts, a value is an
//! object with one field named after its type, and anything may be null.
//!
//! Source: "JSON Protobuf Encoding" of the OTLP specification 1.5.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, de};

use super::message::{AnyValue, ArrayValue, KeyValueList, Value};
use crate::{
    Double, Int,
    object::{Object, objects},
};

/// A field that may be null.
pub(super) fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A list of messages.
pub(super) fn messages<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(objects(deserializer)?.unwrap_or_default())
}

/// Bytes in hexadecimal.
pub(super) fn base16<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text: String = or_default(deserializer)?;
    let byte = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let is_plain = text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(byte).collect();
    bytes.filter(|_| is_plain).ok_or_else(|| de::Error::custom("not hexadecimal"))
}

/// Nanoseconds since the epoch.
pub(super) fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Spelling {
        Number(u64),
        Text(String),
        Float(f64),
        Nothing(()),
    }
    let invalid = || de::Error::custom("not a number of nanoseconds");
    match Spelling::deserialize(deserializer)? {
        Spelling::Number(number) => Ok(number),
        Spelling::Text(text) => text.trim().parse().map_err(|_| invalid()),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be integral, in range")]
        Spelling::Float(number) if number.fract() == 0.0 && (0.0..18_446_744_073_709_551_616.0).contains(&number) => {
            Ok(number as u64)
        }
        Spelling::Float(_) => Err(invalid()),
        Spelling::Nothing(()) => Ok(0),
    }
}

/// A status, by number or by name.
pub(super) fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Spelling {
        Number(i32),
        Name(String),
        Nothing(()),
    }
    Ok(match Spelling::deserialize(deserializer)? {
        Spelling::Number(number) => number,
        Spelling::Name(name) => match name.as_str() {
            "STATUS_CODE_OK" => 1,
            "STATUS_CODE_ERROR" => 2,
            _ => 0,
        },
        Spelling::Nothing(()) => 0,
    })
}

impl<'de> Deserialize<'de> for AnyValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Fields {
            #[serde(rename = "stringValue", alias = "string_value")]
            text: Option<String>,
            #[serde(rename = "boolValue", alias = "bool_value")]
            boolean: Option<bool>,
            #[serde(rename = "intValue", alias = "int_value")]
            int: Option<Int>,
            #[serde(rename = "doubleValue", alias = "double_value")]
            double: Option<Double>,
            #[serde(rename = "arrayValue", alias = "array_value")]
            list: Option<ArrayValue>,
            #[serde(rename = "kvlistValue", alias = "kvlist_value")]
            map: Option<KeyValueList>,
            #[serde(rename = "bytesValue", alias = "bytes_value")]
            base64: Option<String>,
        }
        let Object(fields): Object<Fields> = Object::deserialize(deserializer)?;
        let bytes = fields.base64.map(|text| STANDARD.decode(text).map(Value::Bytes)).transpose();
        let value = fields
            .text
            .map(Value::Text)
            .or(fields.boolean.map(Value::Bool))
            .or(fields.int.map(|Int(number)| Value::Int(number)))
            .or(fields.double.map(|Double(number)| Value::Double(number)))
            .or(fields.list.map(Value::List))
            .or(fields.map.map(Value::Map))
            .or(bytes.map_err(de::Error::custom)?);
        Ok(Self { value })
    }
}
