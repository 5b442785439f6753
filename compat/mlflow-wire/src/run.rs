//! Runs: the shapes of answers. Requests are in `run_requests.rs` and in the files of what they log.

use serde::{Deserialize, Serialize};
use trackside_core::{self as core, Page, RunId};

use crate::{DatasetInput, Failure, Int, Metric, ModelInput, ModelOutput, RUN_NAME_TAG, Tag, page, request::required};

/// A run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Run {
    /// Of the run itself.
    pub info: RunInfo,
    /// What was logged.
    #[serde(default)]
    pub data: RunData,
    /// What it read.
    #[serde(default)]
    pub inputs: RunInputs,
    /// What it made; absent in the answer of `runs/create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<RunOutputs>,
}

/// Of the run itself.
#[derive(Debug, Serialize, Deserialize)]
pub struct RunInfo {
    /// The id, for clients of 2018.
    #[serde(default)]
    pub run_uuid: String,
    /// A decimal number.
    pub experiment_id: String,
    /// Label.
    #[serde(default)]
    pub run_name: String,
    /// May be empty.
    #[serde(default)]
    pub user_id: String,
    /// `RUNNING`, `SCHEDULED`, `FINISHED`, `FAILED` or `KILLED`.
    pub status: String,
    /// ms since the epoch.
    #[serde(default)]
    pub start_time: Int,
    /// ms since the epoch; absent while there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Int>,
    /// URI.
    pub artifact_uri: String,
    /// `active` or `deleted`.
    pub lifecycle_stage: String,
    /// The id.
    pub run_id: String,
}

/// What was logged to a run. Empty lists are absent.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunData {
    /// The latest of each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// All.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Tag>,
    /// All.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// What a run read. Empty lists are absent.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunInputs {
    /// Datasets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dataset_inputs: Vec<DatasetInput>,
    /// Logged models; absent in searches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub model_inputs: Vec<ModelInput>,
}

/// What a run made. An empty list is absent.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunOutputs {
    /// Logged models.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub model_outputs: Vec<ModelOutput>,
}

impl From<core::RunInfo> for RunInfo {
    fn from(info: core::RunInfo) -> Self {
        let id = info.id.to_string();
        Self {
            run_uuid: id.clone(),
            experiment_id: info.experiment.to_string(),
            run_name: info.name,
            user_id: info.user,
            status: info.status.as_str().to_owned(),
            start_time: Int(info.started_at.millis()),
            end_time: info.ended_at.map(|at| Int(at.millis())),
            artifact_uri: info.artifact_uri,
            lifecycle_stage: info.lifecycle.as_str().to_owned(),
            run_id: id,
        }
    }
}

impl From<core::Run> for Run {
    fn from(run: core::Run) -> Self {
        let name_tag = Tag { key: Some(RUN_NAME_TAG.into()), value: Some(run.info.name.clone()) };
        let name_tag = (!run.info.name.is_empty()).then_some(name_tag);
        Self {
            data: RunData {
                metrics: run.metrics.into_iter().map(Metric::from).collect(),
                params: run.params.into_iter().map(Tag::from).collect(),
                tags: name_tag.into_iter().chain(run.tags.into_iter().map(Tag::from)).collect(),
            },
            inputs: RunInputs {
                dataset_inputs: run.dataset_inputs.into_iter().map(DatasetInput::from).collect(),
                model_inputs: run.model_inputs.into_iter().map(ModelInput::from).collect(),
            },
            outputs: Some(RunOutputs { model_outputs: run.model_outputs.into_iter().map(ModelOutput::from).collect() }),
            info: run.info.into(),
        }
    }
}

/// Answer of `runs/create` and `runs/get`.
#[derive(Debug, Serialize, Deserialize)]
pub struct RunFound {
    /// The one asked for.
    pub run: Run,
}

impl RunFound {
    /// Answer of `runs/create`.
    pub fn created(run: core::Run) -> Self {
        Self { run: Run { outputs: None, ..run.into() } }
    }
}

/// Answer of `runs/update`.
#[derive(Debug, Serialize, Deserialize)]
pub struct RunUpdated {
    /// As it is now.
    pub run_info: RunInfo,
}

/// Answer of `runs/search`.
#[derive(Debug, Serialize, Deserialize)]
pub struct RunsFound {
    /// Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Run>,
    /// Absent when nothing follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

impl From<Page<core::Run>> for RunsFound {
    fn from(found: Page<core::Run>) -> Self {
        let without_model_inputs = |run: core::Run| core::Run { model_inputs: Vec::new(), ..run };
        Self {
            next_page_token: page::render(found.next.as_ref()),
            runs: found.items.into_iter().map(without_model_inputs).map(Run::from).collect(),
        }
    }
}

/// The run of a request: its id, or that under the name of 2018.
pub(crate) fn run_id(run_id: Option<String>, run_uuid: Option<String>) -> Result<RunId, Failure> {
    let text = required(run_id.filter(|id| !id.is_empty()).or(run_uuid), "run_id")?;
    existing_run_id(&text)
}

/// Reads a run id of a place where any text may stand: what no run can be called is simply not there.
pub fn existing_run_id(text: &str) -> Result<RunId, Failure> {
    RunId::parse(text).map_err(|_| trackside_core::Error::not_found(format!("Run with id={text} not found")).into())
}

/// As [`run_id`], where MLflow checks the form first.
pub(crate) fn checked_run_id(run_id: Option<String>, run_uuid: Option<String>) -> Result<RunId, Failure> {
    let text = required(run_id.filter(|id| !id.is_empty()).or(run_uuid), "run_id")?;
    RunId::parse(&text).map_err(|_| {
        let value = serde_json::Value::String(text);
        Failure::invalid(format!("Invalid value {value} for parameter 'run_id' supplied."))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};
    use trackside_core::{ExperimentId, Key, LatestMetric, Lifecycle, Point, RunStatus, Timestamp};

    use super::*;

    fn run() -> core::Run {
        core::Run {
            info: core::RunInfo {
                id: RunId::fresh(1),
                experiment: ExperimentId::new(7),
                name: "n".into(),
                user: String::new(),
                status: RunStatus::Running,
                started_at: Timestamp::from_millis(5),
                ended_at: None,
                artifact_uri: "mlflow-artifacts:/7/r/artifacts".into(),
                lifecycle: Lifecycle::Active,
            },
            metrics: vec![LatestMetric {
                key: Key::new("m").unwrap(),
                point: Point { step: 0, time: Timestamp::from_millis(1), value: f64::NAN },
            }],
            params: vec![],
            tags: vec![core::Tag::new("t", "").unwrap()],
            dataset_inputs: vec![],
            model_inputs: vec![core::LoggedModelId::fresh(1)],
            model_outputs: vec![],
        }
    }

    #[test]
    fn a_run_looks_as_in_mlflow() {
        let id = "00000000000000000000000000000001";
        let found = to_value(RunFound { run: run().into() }).unwrap();
        let expected = json!({"run": {
            "info": {"run_uuid": id, "experiment_id": "7", "run_name": "n", "user_id": "", "status": "RUNNING",
                "start_time": 5, "artifact_uri": "mlflow-artifacts:/7/r/artifacts", "lifecycle_stage": "active",
                "run_id": id},
            "data": {"metrics": [{"key": "m", "value": "NaN", "timestamp": 1, "step": 0}],
                "tags": [{"key": "mlflow.runName", "value": "n"}, {"key": "t", "value": ""}]},
            "inputs": {"model_inputs": [{"model_id": "m-00000000000000000000000000000001"}]},
            "outputs": {}}});
        assert_eq!(found, expected);
    }

    #[test]
    fn searches_leave_out_model_inputs_and_creation_the_outputs() {
        let found = to_value(RunsFound::from(Page { items: vec![run()], next: None })).unwrap();
        assert_eq!(found["runs"][0]["inputs"], json!({}));
        assert_eq!(to_value(RunFound::created(run())).unwrap()["run"].get("outputs"), None);
    }
}
