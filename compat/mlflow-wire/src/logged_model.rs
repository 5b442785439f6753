//! Logged models: shapes of `/mlflow/logged-models/*` and their conversions. Searches are in `logged_model_search.rs`.

use serde::{Deserialize, Serialize};
use trackside_core::{self as core, ArtifactPath, ExperimentId, KeyValue, LoggedModelId, LoggedModelStatus, RunId};

use crate::{
    Choice, Double, ErrorCode, Failure, Flag, Int, Metric, Tag,
    artifact::artifact_path,
    experiment::experiment_id,
    object::objects,
    request::{bad_value, missing, required, wrong_type},
    search::python,
};

/// What a name must not contain.
const BAD_NAME_CHARS: [char; 6] = ['/', ':', '.', '%', '"', '\''];

/// The statuses, numbered from one.
const STATUSES: [(&str, LoggedModelStatus); 3] = [
    ("LOGGED_MODEL_PENDING", LoggedModelStatus::Pending),
    ("LOGGED_MODEL_READY", LoggedModelStatus::Ready),
    ("LOGGED_MODEL_UPLOAD_FAILED", LoggedModelStatus::Failed),
];

/// `POST logged-models`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateLoggedModel {
    /// Required.
    #[serde(alias = "experimentId", skip_serializing_if = "Option::is_none")]
    pub experiment_id: Option<String>,
    /// One is made up when absent or empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Free text.
    #[serde(alias = "modelType", skip_serializing_if = "Option::is_none")]
    pub model_type: Option<String>,
    /// The run that makes it; empty is none.
    #[serde(alias = "sourceRunId", skip_serializing_if = "Option::is_none")]
    pub source_run_id: Option<String>,
    /// Any keys, each once.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub params: Option<Vec<Tag>>,
    /// Any keys.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Tag>>,
}

/// A logged model to create, valid in itself.
#[derive(Debug, PartialEq)]
pub struct NewLoggedModel {
    /// Where it belongs.
    pub experiment: ExperimentId,
    /// Label.
    pub name: Option<String>,
    /// Free text.
    pub model_type: String,
    /// The run that makes it.
    pub source_run: Option<RunId>,
    /// Any keys.
    pub params: Vec<core::Param>,
    /// Any keys.
    pub tags: Vec<core::Tag>,
}

impl CreateLoggedModel {
    /// What to create.
    pub fn checked(self) -> Result<NewLoggedModel, Failure> {
        let experiment = required(self.experiment_id, "experiment_id")?;
        let name = self.name.filter(|name| !name.is_empty());
        if let Some(name) = name.as_ref().filter(|name| name.contains(BAD_NAME_CHARS)) {
            return Err(Failure::invalid(format!(
                "Invalid model name ({}) provided. Model name must be a non-empty string and cannot contain the \
                 following characters: ('/', ':', '.', '%', '\"', \"'\")",
                python::text(name)
            )));
        }
        Ok(NewLoggedModel {
            experiment: experiment_id(&experiment)?,
            name,
            model_type: self.model_type.unwrap_or_default(),
            source_run: self.source_run_id.filter(|id| !id.is_empty()).map(|id| RunId::parse(&id)).transpose()?,
            params: key_values(self.params.unwrap_or_default())?,
            tags: key_values(self.tags.unwrap_or_default())?,
        })
    }
}

/// `GET logged-models/<id>`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GetLoggedModel {
    /// Whether a deleted one is found too.
    #[serde(alias = "allowDeleted")]
    pub allow_deleted: Option<Flag>,
}

impl GetLoggedModel {
    /// Whether a deleted one is found too.
    pub fn checked(self) -> bool {
        self.allow_deleted.unwrap_or_default().0
    }
}

/// `PATCH logged-models/<id>`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FinalizeLoggedModel {
    /// The id once more; MLflow demands it, here it may be absent.
    #[serde(alias = "modelId", skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Choice>,
}

impl FinalizeLoggedModel {
    /// The new status of the model that the path names. MLflow stores an unknown one as no status at all.
    pub fn checked(self, id: &LoggedModelId) -> Result<LoggedModelStatus, Failure> {
        same_model(id, self.model_id)?;
        let Some(choice) = self.status else { return Err(missing("status")) };
        let value = serde_json::to_value(&choice).unwrap_or_default();
        choice.among(STATUSES).ok_or_else(|| wrong_type(&value, "status"))
    }
}

/// `PATCH logged-models/<id>/tags`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SetLoggedModelTags {
    /// Any keys.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Tag>>,
}

impl SetLoggedModelTags {
    /// The tags.
    pub fn checked(self) -> Result<Vec<core::Tag>, Failure> {
        key_values(self.tags.unwrap_or_default())
    }
}

/// `POST logged-models/<id>/params`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogLoggedModelParams {
    /// The id once more; MLflow demands it, here it may be absent.
    #[serde(alias = "modelId", skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
    /// Any keys that the model does not have.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub params: Option<Vec<Tag>>,
}

impl LogLoggedModelParams {
    /// The params for the model that the path names.
    pub fn checked(self, id: &LoggedModelId) -> Result<Vec<core::Param>, Failure> {
        same_model(id, self.model_id)?;
        key_values(self.params.unwrap_or_default())
    }
}

/// `GET logged-models/<id>/artifacts/directories`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListLoggedModelArtifacts {
    /// Below the model's root; absent means the root itself.
    #[serde(alias = "artifactDirectoryPath")]
    pub artifact_directory_path: Option<String>,
}

impl ListLoggedModelArtifacts {
    /// The directory.
    pub fn checked(self) -> Result<ArtifactPath, Failure> {
        artifact_path(self.artifact_directory_path.as_deref().unwrap_or_default())
    }
}

/// `GET logged-models/<id>/artifacts/files`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GetLoggedModelArtifact {
    /// Below the model's root. Required.
    pub artifact_file_path: Option<String>,
}

impl GetLoggedModelArtifact {
    /// The file.
    pub fn checked(self) -> Result<ArtifactPath, Failure> {
        let absent = || {
            let message = "Request must include the \"artifact_file_path\" query parameter.";
            Failure::new(ErrorCode::BadRequest, message)
        };
        artifact_path(&self.artifact_file_path.filter(|path| !path.is_empty()).ok_or_else(absent)?)
    }
}

/// A logged model.
#[derive(Debug, Serialize, Deserialize)]
pub struct LoggedModel {
    /// Of the model itself.
    pub info: LoggedModelInfo,
    /// What was logged.
    #[serde(default)]
    pub data: LoggedModelData,
}

/// Of a logged model itself.
#[derive(Debug, Serialize, Deserialize)]
pub struct LoggedModelInfo {
    /// Unique.
    pub model_id: String,
    /// A decimal number.
    pub experiment_id: String,
    /// Label.
    pub name: String,
    /// ms since the epoch.
    pub creation_timestamp_ms: Int,
    /// ms since the epoch.
    pub last_updated_timestamp_ms: Int,
    /// URI of its files.
    pub artifact_uri: String,
    /// `LOGGED_MODEL_PENDING`, `LOGGED_MODEL_READY` or `LOGGED_MODEL_UPLOAD_FAILED`.
    pub status: String,
    /// Free text.
    #[serde(default)]
    pub model_type: String,
    /// Empty when there is none.
    #[serde(default)]
    pub source_run_id: String,
    /// Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// What was logged to a model. Empty lists are absent.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LoggedModelData {
    /// All.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Tag>,
    /// All points.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
}

impl From<core::LoggedModel> for LoggedModel {
    fn from(model: core::LoggedModel) -> Self {
        let metrics = model.metrics.into_iter().map(|metric| measured(&model.id, metric)).collect();
        Self {
            data: LoggedModelData { params: model.params.into_iter().map(Tag::from).collect(), metrics },
            info: LoggedModelInfo {
                model_id: model.id.to_string(),
                experiment_id: model.experiment.to_string(),
                name: model.name,
                creation_timestamp_ms: Int(model.created_at.millis()),
                last_updated_timestamp_ms: Int(model.updated_at.millis()),
                artifact_uri: model.artifact_uri,
                status: status_name(model.status).to_owned(),
                model_type: model.model_type,
                source_run_id: model.source_run.map(|run| run.to_string()).unwrap_or_default(),
                tags: model.tags.into_iter().map(Tag::from).collect(),
            },
        }
    }
}

/// Answer of `POST`, `GET` and `PATCH logged-models`.
#[derive(Debug, Serialize, Deserialize)]
pub struct LoggedModelFound {
    /// As it is now.
    pub model: LoggedModel,
}

/// Reads the id in a path. One that no model can have is that of an absent model.
pub fn logged_model_id(text: &str) -> Result<LoggedModelId, Failure> {
    LoggedModelId::parse(text).map_err(|_| {
        let message = format!("Logged model with ID '{text}' not found.");
        Failure::new(ErrorCode::ResourceDoesNotExist, message)
    })
}

fn same_model(id: &LoggedModelId, again: Option<String>) -> Result<(), Failure> {
    match again {
        Some(other) if !other.is_empty() && other != id.as_str() => {
            Err(bad_value(&other, "model_id", &format!("the path names the model '{id}'")))
        }
        _ => Ok(()),
    }
}

/// Tags and params of logged models, whose keys MLflow does not check.
fn key_values(pairs: Vec<Tag>) -> Result<Vec<KeyValue>, Failure> {
    let pair = |pair: Tag| Ok(KeyValue::new(pair.key.unwrap_or_default(), pair.value.unwrap_or_default())?);
    pairs.into_iter().map(pair).collect()
}

fn status_name(status: LoggedModelStatus) -> &'static str {
    STATUSES.into_iter().find(|(_, known)| *known == status).map_or("", |(name, _)| name)
}

fn measured(id: &LoggedModelId, metric: core::ModelMetric) -> Metric {
    let (dataset_name, dataset_digest) = metric.dataset.unzip();
    Metric {
        key: Some(metric.key.into()),
        value: Some(Double(metric.point.value)),
        timestamp: Some(Int(metric.point.time.millis())),
        step: Some(Int(metric.point.step)),
        dataset_name,
        dataset_digest,
        model_id: Some(id.to_string()),
        run_id: Some(metric.run.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use trackside_core::{Key, ModelMetric, Point, Timestamp};

    use super::*;

    fn id() -> LoggedModelId {
        LoggedModelId::parse("m-1").unwrap()
    }

    #[test]
    fn names_are_no_paths() {
        let refused = |name: &str| {
            let request = CreateLoggedModel {
                experiment_id: Some("1".to_owned()),
                name: Some(name.to_owned()),
                ..CreateLoggedModel::default()
            };
            request.checked().map(|new| new.name).map_err(|failure| failure.message)
        };
        assert_eq!(
            refused("a'b").unwrap_err(),
            "Invalid model name (\"a'b\") provided. Model name must be a non-empty string and cannot contain the \
             following characters: ('/', ':', '.', '%', '\"', \"'\")"
        );
        assert!(refused("a.b").unwrap_err().starts_with("Invalid model name ('a.b') provided."));
        assert_eq!(refused("").unwrap(), None);
    }

    #[test]
    fn statuses_have_names_and_numbers() {
        let status = |status| FinalizeLoggedModel { model_id: None, status }.checked(&id());
        assert_eq!(status(Some(Choice::Number(2))).unwrap(), LoggedModelStatus::Ready);
        assert_eq!(status(Some(Choice::Name("LOGGED_MODEL_PENDING".into()))).unwrap(), LoggedModelStatus::Pending);
        for bad in [Choice::Name("BOGUS".into()), Choice::Number(0), Choice::Number(4)] {
            assert_eq!(status(Some(bad)).unwrap_err().code, ErrorCode::InvalidParameterValue);
        }
        assert!(status(None).unwrap_err().message.starts_with("Missing value for required parameter 'status'."));
    }

    #[test]
    fn path_and_body_name_the_same_model() {
        let request = |model_id: &str| LogLoggedModelParams { model_id: Some(model_id.to_owned()), params: None };
        request("m-1").checked(&id()).unwrap();
        assert!(request("m-2").checked(&id()).is_err());
    }

    #[test]
    fn unset_texts_are_empty_and_empty_lists_absent() {
        let metric = ModelMetric {
            key: Key::new("acc").unwrap(),
            point: Point { step: 0, time: Timestamp::from_millis(5), value: 0.9 },
            run: RunId::parse("r").unwrap(),
            dataset: None,
        };
        let model = core::LoggedModel {
            id: id(),
            experiment: ExperimentId::new(1),
            name: "n".to_owned(),
            created_at: Timestamp::from_millis(1),
            updated_at: Timestamp::from_millis(2),
            artifact_uri: "mlflow-artifacts:/1".to_owned(),
            status: LoggedModelStatus::Failed,
            model_type: String::new(),
            source_run: None,
            tags: Vec::new(),
            params: Vec::new(),
            metrics: vec![metric],
        };
        assert_eq!(
            serde_json::to_string(&LoggedModel::from(model)).unwrap(),
            r#"{"info":{"model_id":"m-1","experiment_id":"1","name":"n","creation_timestamp_ms":1,"last_updated_timestamp_ms":2,"artifact_uri":"mlflow-artifacts:/1","status":"LOGGED_MODEL_UPLOAD_FAILED","model_type":"","source_run_id":""},"data":{"metrics":[{"key":"acc","value":0.9,"timestamp":5,"step":0,"model_id":"m-1","run_id":"r"}]}}"#
        );
    }
}
