//! What records of an evaluation dataset have held: the sort of each value that was met, as it was when it was first met.
//!
//! The text is a JSON object, as MLflow 3.17.2 shows it; it has a version.

use std::fmt;

use super::NewEvaluationRecord;
use crate::{Error, Json, Object, Result};

const VERSION: &str = "1.0";

/// Sorts of values by name, for each part of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationSchema {
    inputs: Object,
    /// The sort itself where the first outputs were no object.
    outputs: Json,
    expectations: Object,
}

impl Default for EvaluationSchema {
    fn default() -> Self {
        Self { inputs: Object::default(), outputs: Json::Object(Object::default()), expectations: Object::default() }
    }
}

impl EvaluationSchema {
    /// Reads what [`fmt::Display`] wrote. `Corrupt` is the caller's to say.
    pub fn parse(text: &str) -> Result<Self> {
        let foreign = || Error::invalid("no schema of an evaluation dataset");
        let Json::Object(mut parts) = Json::parse(text)? else { return Err(foreign()) };
        match (parts.take("version"), parts.take("inputs"), parts.take("outputs"), parts.take("expectations")) {
            (
                Some(Json::Text(version)),
                Some(Json::Object(inputs)),
                Some(outputs),
                Some(Json::Object(expectations)),
            ) if version == VERSION => Ok(Self { inputs, outputs, expectations }),
            _ => Err(foreign()),
        }
    }

    /// Adds what a record holds.
    pub fn learn(&mut self, record: &NewEvaluationRecord) {
        add(&mut self.inputs, &record.inputs);
        match (&mut self.outputs, &record.outputs) {
            (_, None | Some(Json::Null)) => {}
            (Json::Object(known), Some(Json::Object(outputs))) => add(known, outputs),
            (known, Some(other)) if known.is_falsy() => *known = other.kind().into(),
            _ => {}
        }
        if let Some(expectations) = &record.expectations {
            add(&mut self.expectations, expectations);
        }
    }
}

fn add(known: &mut Object, values: &Object) {
    for (name, value) in values.iter() {
        if known.get(name).is_none() {
            known.set(name, value.kind().into());
        }
    }
}

impl fmt::Display for EvaluationSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inputs, outputs, expectations } = self;
        let version = Json::from(VERSION);
        write!(
            f,
            r#"{{"inputs": {inputs}, "outputs": {outputs}, "expectations": {expectations}, "version": {version}}}"#
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EvaluationRecordId;

    fn record(inputs: &str, outputs: Option<&str>, expectations: Option<&str>) -> NewEvaluationRecord {
        let object = |text: &str| Json::parse(text).unwrap().as_object().unwrap().clone();
        NewEvaluationRecord {
            id: EvaluationRecordId::fresh(1),
            identity: [0; 32],
            inputs: object(inputs),
            outputs: outputs.map(|text| Json::parse(text).unwrap()),
            expectations: expectations.map(object),
            tags: Object::default(),
            source: None,
            by: None,
        }
    }

    fn learnt(records: &[NewEvaluationRecord]) -> String {
        let mut schema = EvaluationSchema::default();
        for record in records {
            schema.learn(record);
        }
        let text = schema.to_string();
        assert_eq!(EvaluationSchema::parse(&text).unwrap(), schema);
        text
    }

    #[test]
    fn the_first_value_of_a_name_says_what_sort_it_is() {
        assert_eq!(learnt(&[]), r#"{"inputs": {}, "outputs": {}, "expectations": {}, "version": "1.0"}"#);
        let first = record(r#"{"b": 1, "a": "x", "f": 1.5, "n": null}"#, Some(r#"{"o": [1]}"#), Some(r#"{"e": true}"#));
        let second = record(r#"{"b": "x", "c": {}}"#, Some("\"text\""), None);
        assert_eq!(
            learnt(&[first, second]),
            r#"{"inputs": {"b": "integer", "a": "string", "f": "float", "n": "null", "c": "object"}, "outputs": {"o": "array"}, "expectations": {"e": "boolean"}, "version": "1.0"}"#
        );
    }

    #[test]
    fn outputs_that_are_no_object_are_of_one_sort() {
        let plain = |outputs| record("{}", Some(outputs), None);
        let expected = r#"{"inputs": {}, "outputs": "string", "expectations": {}, "version": "1.0"}"#;
        assert_eq!(learnt(&[plain("null"), plain("\"x\""), plain("5"), plain(r#"{"a": 1}"#)]), expected);
    }

    #[test]
    fn other_versions_are_foreign() {
        for text in ["", "[]", "{}", r#"{"inputs": {}, "outputs": {}, "expectations": {}, "version": "2.0"}"#] {
            assert!(EvaluationSchema::parse(text).is_err(), "{text}");
        }
    }
}
