//! Datasets and models that runs read, and models that they make.

use serde::{Deserialize, Serialize};
use trackside_core::{self as core, Event, Key, LoggedModelId, RunId};

use crate::{
    Failure, Int, Tag, names,
    object::{object, objects},
    request::required,
    run::{checked_run_id, run_id},
};

/// Longest name of a dataset, in characters.
pub const MAX_DATASET_NAME_CHARS: usize = 500;
/// Longest digest, in characters.
pub const MAX_DATASET_DIGEST_CHARS: usize = 36;
/// Longest source, in characters.
pub const MAX_DATASET_SOURCE_CHARS: usize = 65_535;
/// Longest schema, in characters.
pub const MAX_DATASET_SCHEMA_CHARS: usize = 1_048_575;
/// Longest profile, in characters.
pub const MAX_DATASET_PROFILE_CHARS: usize = 16_777_215;
/// Longest key of a tag of an input, in characters.
pub const MAX_INPUT_TAG_KEY_CHARS: usize = 255;
/// Longest value of a tag of an input, in characters.
pub const MAX_INPUT_TAG_VALUE_CHARS: usize = 500;

/// A dataset. MLflow stores what is absent as empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dataset {
    /// What it is called.
    pub name: Option<String>,
    /// As the client computed it.
    pub digest: Option<String>,
    /// E.g. `local`.
    #[serde(alias = "sourceType")]
    pub source_type: Option<String>,
    /// Usually JSON.
    pub source: Option<String>,
    /// Usually JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Usually JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

impl Dataset {
    fn checked(self) -> Result<core::Dataset, Failure> {
        let name = self.name.unwrap_or_default();
        let digest = self.digest.unwrap_or_default();
        let source = self.source.unwrap_or_default();
        names::max_chars(&name, MAX_DATASET_NAME_CHARS, "name")?;
        names::max_chars(&digest, MAX_DATASET_DIGEST_CHARS, "digest")?;
        names::max_chars(&source, MAX_DATASET_SOURCE_CHARS, "source")?;
        names::max_chars(self.schema.as_deref().unwrap_or_default(), MAX_DATASET_SCHEMA_CHARS, "schema")?;
        names::max_chars(self.profile.as_deref().unwrap_or_default(), MAX_DATASET_PROFILE_CHARS, "profile")?;
        Ok(core::Dataset {
            name: Key::new(name)?,
            digest,
            source_type: self.source_type.unwrap_or_default(),
            source,
            schema: self.schema,
            profile: self.profile,
        })
    }
}

impl From<core::Dataset> for Dataset {
    fn from(dataset: core::Dataset) -> Self {
        Self {
            name: Some(dataset.name.as_str().to_owned()),
            digest: Some(dataset.digest),
            source_type: Some(dataset.source_type),
            source: Some(dataset.source),
            schema: dataset.schema,
            profile: dataset.profile,
        }
    }
}

/// A dataset that a run read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatasetInput {
    /// E.g. `mlflow.data.context`; absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "objects")]
    pub tags: Option<Vec<Tag>>,
    /// What was read.
    #[serde(deserialize_with = "object")]
    pub dataset: Option<Dataset>,
}

impl DatasetInput {
    fn checked(self) -> Result<core::DatasetInput, Failure> {
        let tags = self.tags.unwrap_or_default().into_iter().map(input_tag).collect::<Result<_, _>>()?;
        Ok(core::DatasetInput { dataset: self.dataset.unwrap_or_default().checked()?, tags })
    }
}

fn input_tag(tag: Tag) -> Result<core::Tag, Failure> {
    let (key, value) = (tag.key.unwrap_or_default(), tag.value.unwrap_or_default());
    names::max_chars(&key, MAX_INPUT_TAG_KEY_CHARS, "key")?;
    names::max_chars(&value, MAX_INPUT_TAG_VALUE_CHARS, "value")?;
    Ok(core::Tag::new(key, value)?)
}

impl From<core::DatasetInput> for DatasetInput {
    fn from(input: core::DatasetInput) -> Self {
        let tags: Vec<Tag> = input.tags.into_iter().map(Tag::from).collect();
        Self { tags: (!tags.is_empty()).then_some(tags), dataset: Some(input.dataset.into()) }
    }
}

/// A logged model that a run read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelInput {
    /// Required.
    #[serde(alias = "modelId")]
    pub model_id: Option<String>,
}

impl From<LoggedModelId> for ModelInput {
    fn from(id: LoggedModelId) -> Self {
        Self { model_id: Some(id.to_string()) }
    }
}

/// A logged model that a run made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelOutput {
    /// Required.
    #[serde(alias = "modelId")]
    pub model_id: Option<String>,
    /// At which it was made; absent counts as 0.
    pub step: Option<Int>,
}

impl From<core::ModelOutput> for ModelOutput {
    fn from(output: core::ModelOutput) -> Self {
        Self { model_id: Some(output.model.to_string()), step: Some(Int(output.step)) }
    }
}

/// `POST runs/log-inputs`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogInputs {
    /// Required.
    #[serde(alias = "runId", skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// In place of `run_id`.
    #[serde(alias = "runUuid", skip_serializing_if = "Option::is_none")]
    pub run_uuid: Option<String>,
    /// Datasets read.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub datasets: Option<Vec<DatasetInput>>,
    /// Logged models read.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<ModelInput>>,
}

impl LogInputs {
    /// The run, and the events that add the inputs.
    pub fn checked(self) -> Result<(RunId, Vec<Event>), Failure> {
        let id = checked_run_id(self.run_id, self.run_uuid)?;
        let datasets = self.datasets.unwrap_or_default().into_iter().map(DatasetInput::checked);
        let models = self.models.unwrap_or_default().into_iter().map(|model| model_id(model.model_id));
        let datasets = Event::DatasetInputs(datasets.collect::<Result<_, _>>()?);
        let models = Event::ModelInputs(models.collect::<Result<_, _>>()?);
        Ok((id, vec![datasets, models]))
    }
}

/// `POST runs/outputs`. MLflow refuses repetitions; here they are harmless.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogOutputs {
    /// Required.
    #[serde(alias = "runId", skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// In place of `run_id`.
    #[serde(alias = "runUuid", skip_serializing_if = "Option::is_none")]
    pub run_uuid: Option<String>,
    /// Required; may be empty.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<ModelOutput>>,
}

impl LogOutputs {
    /// The run, and the event that adds the outputs.
    pub fn checked(self) -> Result<(RunId, Event), Failure> {
        let id = run_id(self.run_id, self.run_uuid)?;
        let outputs = required(self.models, "models")?.into_iter().map(|output| {
            Ok(core::ModelOutput { model: model_id(output.model_id)?, step: output.step.unwrap_or_default().0 })
        });
        Ok((id, Event::ModelOutputs(outputs.collect::<Result<_, Failure>>()?)))
    }
}

fn model_id(id: Option<String>) -> Result<LoggedModelId, Failure> {
    Ok(LoggedModelId::parse(&required(id, "model_id")?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::from_json;

    fn logged(inputs: &str) -> Result<Vec<Event>, Failure> {
        from_json::<LogInputs>(inputs.as_bytes())?.checked().map(|(_, events)| events)
    }

    #[test]
    fn what_a_dataset_lacks_is_empty() {
        let events = logged(r#"{"run_id": "r", "datasets": [{"dataset": {"name": "d"}}, {}]}"#).unwrap();
        let Event::DatasetInputs(inputs) = &events[0] else { panic!("{events:?}") };
        assert_eq!((inputs[0].dataset.name.as_str(), inputs[0].dataset.digest.as_str()), ("d", ""));
        assert_eq!((inputs[1].dataset.name.as_str(), inputs[1].tags.len()), ("", 0));
    }

    #[test]
    fn texts_of_datasets_have_limits() {
        let dataset = |field: &str, n: usize| {
            logged(&format!(r#"{{"run_id": "r", "datasets": [{{"dataset": {{"{field}": "{}"}}}}]}}"#, "x".repeat(n)))
        };
        for (field, max) in [("name", 500), ("digest", 36), ("source", 65_535), ("schema", 1_048_575)] {
            dataset(field, max).unwrap();
            let message = dataset(field, max + 1).unwrap_err().message;
            assert_eq!(message, format!("'{field}' exceeds the maximum length of {max} characters"));
        }
    }

    #[test]
    fn models_need_an_id() {
        assert!(logged(r#"{"run_id": "r", "models": [{}]}"#).is_err());
        let outputs: LogOutputs = from_json(br#"{"run_id": "r", "models": [{"model_id": "m-1"}]}"#).unwrap();
        assert!(matches!(outputs.checked().unwrap().1, Event::ModelOutputs(outputs) if outputs[0].step == 0));
    }
}
