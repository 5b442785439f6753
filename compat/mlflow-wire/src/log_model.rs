//! `runs/log-model`, by which clients before 3.0 note that a run made a model.

use std::io;

use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Map, Value, ser};
use trackside_core::{Error, RunId};

use crate::{Failure, request::required, run::run_id};

/// The tag of a run that lists its models, as JSON.
pub const MODELS_TAG: &str = "mlflow.log-model.history";

/// What the description of a model must have.
const MANDATORY: [&str; 4] = ["artifact_path", "flavors", "run_id", "utc_time_created"];

/// `POST runs/log-model`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LogModel {
    /// Required.
    #[serde(alias = "runId")]
    pub run_id: Option<String>,
    /// In place of `run_id`.
    #[serde(alias = "runUuid")]
    pub run_uuid: Option<String>,
    /// The content of the file `MLmodel`, as JSON. Required.
    #[serde(alias = "modelJson")]
    pub model_json: Option<String>,
}

/// What is kept of a model, in this order.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    run_id: &'a Value,
    artifact_path: &'a Value,
    utc_time_created: &'a Value,
    model_uuid: &'a Value,
    flavors: Map<String, Value>,
}

impl LogModel {
    /// The run, and what to add to the list of its models.
    pub fn checked(self) -> Result<(RunId, String), Failure> {
        let id = run_id(self.run_id, self.run_uuid)?;
        let text = required(self.model_json, "model_json")?;
        let Ok(model) = serde_json::from_str::<Map<String, Value>>(&text) else {
            return Err(Failure::invalid(format!("Malformed model info. \n {text} \n is not a valid JSON.")));
        };
        let missing: Vec<&str> = MANDATORY.into_iter().filter(|field| !model.contains_key(*field)).collect();
        if !missing.is_empty() {
            let missing = missing.join("', '");
            return Err(Failure::invalid(format!("Model json is missing mandatory fields: {{'{missing}'}}")));
        }
        let Value::Object(mut flavors) = model["flavors"].clone() else {
            return Err(Failure::invalid("The flavors of a model must be a JSON object."));
        };
        for flavor in flavors.values_mut().filter_map(Value::as_object_mut) {
            flavor.remove("config");
        }
        let entry = Entry {
            run_id: &model["run_id"],
            artifact_path: &model["artifact_path"],
            utc_time_created: &model["utc_time_created"],
            model_uuid: model.get("model_uuid").unwrap_or(&Value::Null),
            flavors,
        };
        Ok((id, spaced(&entry)))
    }
}

/// The list of models with one more. `Invalid` when the present one is no list: any client may write the tag.
pub fn with_model(present: Option<&str>, entry: &str) -> trackside_core::Result<String> {
    let present = present.unwrap_or("[]").trim_end();
    let models: Vec<IgnoredAny> = serde_json::from_str(present)
        .map_err(|error| Error::invalid(format!("The tag '{MODELS_TAG}' does not hold a JSON list: {error}")))?;
    let head = present.strip_suffix(']').unwrap_or(present);
    let comma = if models.is_empty() { "" } else { ", " };
    Ok(format!("{head}{comma}{entry}]"))
}

/// JSON with blanks where Python puts them, so that the tag reads as MLflow writes it.
pub(crate) fn spaced(value: &impl Serialize) -> String {
    struct Spaced;
    impl ser::Formatter for Spaced {
        fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
            if first { Ok(()) } else { writer.write_all(b", ") }
        }

        fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
            self.begin_array_value(writer, first)
        }

        fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
            writer.write_all(b": ")
        }
    }
    let mut bytes = Vec::new();
    value
        .serialize(&mut ser::Serializer::with_formatter(&mut bytes, Spaced))
        .expect("writing to memory cannot fail, and all keys are texts");
    String::from_utf8(bytes).expect("serde_json writes UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(json: &str) -> Result<String, Failure> {
        let request = LogModel { run_id: Some("r".into()), model_json: Some(json.into()), ..LogModel::default() };
        request.checked().map(|(_, entry)| entry)
    }

    #[test]
    fn models_are_listed_as_mlflow_lists_them() {
        let json = r#"{"utc_time_created": "now", "artifact_path": "m", "run_id": "r", "extra": 1,
            "flavors": {"python_function": {"env": ["a", "b"], "config": {"secret": 1}}}}"#;
        let listed = r#"{"run_id": "r", "artifact_path": "m", "utc_time_created": "now", "model_uuid": null, "flavors": {"python_function": {"env": ["a", "b"]}}}"#;
        let one = with_model(None, &entry(json).unwrap()).unwrap();
        assert_eq!(one, format!("[{listed}]"));
        assert_eq!(with_model(Some(&one), listed).unwrap(), format!("[{listed}, {listed}]"));
        assert!(with_model(Some("{}"), listed).is_err());
    }

    #[test]
    fn incomplete_models_are_refused() {
        assert_eq!(
            entry(r#"{"flavors": {}, "artifact_path": "m"}"#).unwrap_err().message,
            "Model json is missing mandatory fields: {'run_id', 'utc_time_created'}"
        );
        assert_eq!(entry("[").unwrap_err().message, "Malformed model info. \n [ \n is not a valid JSON.");
        for bad in ["[]", "5", r#"{"artifact_path":1,"flavors":[],"run_id":1,"utc_time_created":1}"#] {
            assert!(entry(bad).is_err(), "{bad}");
        }
    }
}
