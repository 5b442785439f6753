//! JSON objects and nothing else where MLflow takes objects.
//!
//! What serde derives for a struct also takes an array, its items in the order of the fields. No client means that.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

/// A value that came as an object.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// Reads a field that is an object, if it is there.
pub(crate) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|Object(value)| value))
}

/// Reads a field that is a list of objects, if it is there.
pub(crate) fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let objects = Option::<Vec<Object<T>>>::deserialize(deserializer)?;
    Ok(objects.map(|objects| objects.into_iter().map(|Object(value)| value).collect()))
}

#[cfg(test)]
mod tests {
    use crate::{LogBatch, LogInputs, request::from_json};

    #[test]
    fn a_list_is_no_object() {
        for bad in [
            r#"["r"]"#,
            r#"{"run_id": "r", "metrics": [["m", 1.0, 5, 0]]}"#,
            r#"{"run_id": "r", "params": [{"key": "p", "value": "1"}, ["q", "2"]]}"#,
            r#"{"run_id": "r", "tags": [[]]}"#,
        ] {
            assert!(from_json::<LogBatch>(bad.as_bytes()).is_err(), "{bad}");
        }
        let input = br#"{"run_id": "r", "datasets": [{"dataset": ["name", "digest"]}]}"#;
        let refused = from_json::<LogInputs>(input).unwrap_err();
        assert!(refused.message.contains("for parameter 'datasets[0].dataset' supplied"), "{}", refused.message);
    }
}
