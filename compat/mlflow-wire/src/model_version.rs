//! Model versions: shapes of `/mlflow/model-versions/*` and their conversions.
//!
//! Elsewhere: which sources are accepted (the service), searches (`model_version_search.rs`), aliases (`alias.rs`).

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trackside_core::{self as core, Key, LoggedModelId, RunId, VersionNumber};

use crate::{
    ErrorCode, Failure, Flag, Int, MAX_REGISTRY_TAG_CHARS, Tag,
    log_model::spaced,
    object::objects,
    prompt,
    registered_model::{model_name, registry_tags, stage},
    request::required,
    search::python,
};

/// The tag of a logged model that lists the versions made from it, as JSON.
pub const MODEL_VERSIONS_TAG: &str = "mlflow.modelVersions";

/// `POST model-versions/create`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateModelVersion {
    /// Of the registered model. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The run that made it; empty is none.
    #[serde(alias = "runId", skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// First tags; a key given twice keeps the last value.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Tag>>,
    /// Any text.
    #[serde(alias = "runLink", skip_serializing_if = "Option::is_none")]
    pub run_link: Option<String>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The logged model it is made from; empty is none.
    #[serde(alias = "modelId", skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
}

/// A version to create, valid in itself.
#[derive(Debug, PartialEq)]
pub struct NewModelVersion {
    /// Of the registered model.
    pub model: Key,
    /// A URI, or a placeholder.
    pub source: String,
    /// The run that made it.
    pub run: Option<RunId>,
    /// The logged model it is made from.
    pub logged_model: Option<LoggedModelId>,
    /// Any text.
    pub run_link: String,
    /// Free text.
    pub description: String,
    /// First tags.
    pub tags: Vec<core::Tag>,
    /// Whether it is one of a prompt, whose source is a placeholder.
    pub is_prompt: bool,
}

impl CreateModelVersion {
    /// What to create. The versions of a prompt are made from no logged model, whatever the client says.
    pub fn checked(self) -> Result<NewModelVersion, Failure> {
        let name = required(self.name, "name")?;
        let source = required(self.source, "source")?;
        let tags = registry_tags(self.tags.unwrap_or_default())?;
        let is_prompt = core::is_prompt(&tags);
        if is_prompt {
            prompt::check_source(&source)?;
        }
        let model_id = self.model_id.filter(|id| !id.is_empty() && !is_prompt);
        Ok(NewModelVersion {
            model: model_name(name, "name")?,
            source,
            run: self.run_id.filter(|id| !id.is_empty()).map(|id| RunId::parse(&id)).transpose()?,
            logged_model: model_id.map(|id| LoggedModelId::parse(&id)).transpose()?,
            run_link: self.run_link.unwrap_or_default(),
            description: self.description.unwrap_or_default(),
            tags,
            is_prompt,
        })
    }
}

/// `GET model-versions/get`, `GET model-versions/get-download-uri` and `DELETE model-versions/delete`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelVersionByNumber {
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl ModelVersionByNumber {
    /// The name of the model and the number.
    pub fn checked(self) -> Result<(Key, VersionNumber), Failure> {
        let name = required(self.name, "name")?;
        let version = required(self.version, "version")?;
        model_version(name, &version)
    }

    /// The same for `get-download-uri`, which has other words for what is missing.
    pub fn checked_for_download(self) -> Result<(Key, VersionNumber), Failure> {
        model_version(self.name.unwrap_or_default(), &self.version.unwrap_or_default())
    }
}

/// `PATCH model-versions/update`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateModelVersion {
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Absent clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl UpdateModelVersion {
    /// The name of the model, the number, and the new description.
    pub fn checked(self) -> Result<(Key, VersionNumber, Option<String>), Failure> {
        let by_number = ModelVersionByNumber { name: self.name, version: self.version };
        let (name, number) = by_number.checked()?;
        Ok((name, number, self.description))
    }
}

/// `POST model-versions/transition-stage`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TransitionStage {
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Whether other versions in that stage move to `Archived`.
    #[serde(alias = "archiveExistingVersions", skip_serializing_if = "Option::is_none")]
    pub archive_existing_versions: Option<Flag>,
}

impl TransitionStage {
    /// The name of the model, the number, and the change. MLflow answers 500 to clearing a stage that is not in use.
    pub fn checked(self) -> Result<(Key, VersionNumber, core::ModelVersionChange), Failure> {
        let by_number = ModelVersionByNumber { name: self.name, version: self.version };
        let (name, number) = by_number.checked()?;
        let text = required(self.stage, "stage")?;
        let stage = stage(&text)?;
        let archive_others = self.archive_existing_versions.unwrap_or_default().0;
        if archive_others && !stage.is_active() {
            return Err(Failure::invalid(format!(
                "Model version transition cannot archive existing model versions because '{text}' is not an Active \
                 stage. Valid stages are ['Staging', 'Production']"
            )));
        }
        Ok((name, number, core::ModelVersionChange::Stage { stage, archive_others }))
    }
}

/// `POST model-versions/set-tag`, and without a value `DELETE model-versions/delete-tag`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelVersionTag {
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<CompactString>,
    /// Absent counts as empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl ModelVersionTag {
    /// The name of the model, the number, and the tag.
    pub fn checked(self) -> Result<(Key, VersionNumber, core::Tag), Failure> {
        let name = required(self.name, "name")?;
        let version = required(self.version, "version")?;
        let key = required(self.key, "key")?;
        let (name, number) = model_version(name, &version)?;
        Ok((name, number, Tag { key: Some(key), value: self.value }.checked("key", MAX_REGISTRY_TAG_CHARS)?))
    }
}

/// A version of a registered model.
#[derive(Debug, Serialize, Deserialize)]
pub struct ModelVersion {
    /// Of the registered model.
    pub name: String,
    /// A decimal number.
    pub version: String,
    /// ms since the epoch.
    pub creation_timestamp: Int,
    /// ms since the epoch.
    pub last_updated_timestamp: Int,
    /// `None`, `Staging`, `Production` or `Archived`.
    pub current_stage: String,
    /// Empty when it was created without, absent once cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A URI, or a placeholder.
    pub source: String,
    /// Empty when there is none.
    #[serde(default)]
    pub run_id: String,
    /// Always `READY`.
    pub status: String,
    /// Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Any text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_link: Option<String>,
    /// Absent when there are none, and in searches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

impl From<core::ModelVersion> for ModelVersion {
    fn from(version: core::ModelVersion) -> Self {
        Self {
            name: version.model.as_str().to_owned(),
            version: version.number.to_string(),
            creation_timestamp: Int(version.created_at.millis()),
            last_updated_timestamp: Int(version.updated_at.millis()),
            current_stage: version.stage.as_str().to_owned(),
            description: version.description,
            source: version.source,
            run_id: version.run.map(|run| run.to_string()).unwrap_or_default(),
            status: "READY".to_owned(),
            tags: version.tags.into_iter().map(Tag::from).collect(),
            run_link: version.run_link,
            aliases: version.aliases.iter().map(|alias| alias.as_str().to_owned()).collect(),
        }
    }
}

/// Answer of `model-versions/create`, `get`, `update` and `transition-stage`, and of `registered-models/alias`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ModelVersionFound {
    /// As it is now.
    pub model_version: ModelVersion,
}

/// Answer of `model-versions/get-download-uri`.
#[derive(Debug, Serialize, Deserialize)]
pub struct DownloadUri {
    /// Where the files are.
    pub artifact_uri: String,
}

fn model_version(name: String, version: &str) -> Result<(Key, VersionNumber), Failure> {
    let name = model_name(name, "name")?;
    let number = version_number(&name, version)?;
    Ok((name, number))
}

/// Reads the number of a version. One that no version can have is an absent version, not a wrong number.
pub(crate) fn version_number(model: &Key, text: &str) -> Result<VersionNumber, Failure> {
    let number = python::integer(text)
        .ok_or_else(|| Failure::invalid(format!("Parameter 'version' must be an integer, got '{text}'.")))?;
    number.parse().map_err(|_| {
        let message = format!("Model Version (name={model}, version={number}) not found");
        Failure::new(ErrorCode::ResourceDoesNotExist, message)
    })
}

/// The list in [`MODEL_VERSIONS_TAG`] with one more version. A present text that is no list is replaced.
pub fn with_version(present: Option<&str>, model: &Key, number: VersionNumber) -> String {
    let entry = json!({ "name": model.as_str(), "version": number });
    let listed = present.and_then(|text| serde_json::from_str(text).ok());
    let mut versions: Vec<Value> = listed.unwrap_or_default();
    if !versions.contains(&entry) {
        versions.push(entry);
    }
    spaced(&versions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "parameters are optional")]
    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn by_number(version: &str) -> Result<VersionNumber, Failure> {
        ModelVersionByNumber { name: text("m"), version: text(version) }.checked().map(|(_, number)| number)
    }

    #[test]
    fn numbers_that_no_version_has_are_absent() {
        assert_eq!(by_number(" 7").unwrap(), 7);
        for absent in ["-1", "4294967296", "99999999999999999999999999999999999999999999"] {
            let failure = by_number(absent).unwrap_err();
            assert_eq!(failure.code, ErrorCode::ResourceDoesNotExist);
            assert_eq!(failure.message, format!("Model Version (name=m, version={absent}) not found"));
        }
        assert_eq!(by_number("1.5").unwrap_err().message, "Parameter 'version' must be an integer, got '1.5'.");
        assert!(by_number("").unwrap_err().message.starts_with("Missing value for required parameter 'version'."));
        let download = ModelVersionByNumber { name: text("m"), version: None }.checked_for_download();
        assert_eq!(download.unwrap_err().message, "Parameter 'version' must be an integer, got ''.");
    }

    #[test]
    fn prompts_have_a_placeholder_for_a_source() {
        let tag = Tag { key: Some(prompt::IS_PROMPT.into()), value: text("True") };
        let create = |source: &str| CreateModelVersion {
            name: text("p"),
            source: text(source),
            model_id: text("m-1"),
            tags: Some(vec![tag.clone()]),
            ..CreateModelVersion::default()
        };
        let new = create("dummy-source").checked().unwrap();
        assert!(new.is_prompt && new.logged_model.is_none());
        let refused = create("s3://b/a").checked().unwrap_err().message;
        assert_eq!(refused, "Invalid prompt source: 's3://b/a'. Prompt sources must use an MLflow placeholder.");
    }

    #[test]
    fn only_stages_in_use_can_be_cleared() {
        let transition = |stage: &str| {
            let request = TransitionStage {
                name: text("m"),
                version: text("1"),
                stage: text(stage),
                archive_existing_versions: Some(Flag(true)),
            };
            request.checked().map(|(_, _, change)| change)
        };
        let change = core::ModelVersionChange::Stage { stage: core::Stage::Production, archive_others: true };
        assert_eq!(transition("PRODUCTION").unwrap(), change);
        assert!(transition("none").unwrap_err().message.contains("because 'none' is not an Active stage."));
        // Whether there is such a stage is for the service to say.
        assert!(transition("canary").is_ok());
        assert_eq!(
            transition(" ").unwrap_err().message,
            "Invalid Model Version stage:  . Value must be one of None, Staging, Production, Archived."
        );
    }

    #[test]
    fn versions_are_listed_as_mlflow_lists_them() {
        let model = Key::new("m").unwrap();
        let one = with_version(None, &model, 1);
        assert_eq!(one, r#"[{"name": "m", "version": 1}]"#);
        let two = with_version(Some(&one), &model, 2);
        assert_eq!(two, r#"[{"name": "m", "version": 1}, {"name": "m", "version": 2}]"#);
        assert_eq!(with_version(Some(&two), &model, 2), two);
        assert_eq!(with_version(Some("nonsense"), &model, 1), one);
    }
}
