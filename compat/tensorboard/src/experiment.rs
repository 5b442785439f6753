use trackside_core::Result;
use trackside_tensorboard_wire::{
    data_provider::{
        GetExperimentRequest, GetExperimentResponse, ListPluginsResponse, ListRunsResponse, Plugin, Run, Time,
    },
    wall_time,
};

use crate::board::{Board, MAX_RUNS};

/// The tag that holds the description of an experiment.
const NOTE: &str = "mlflow.note.content";

/// What TensorBoard shows above its page.
pub(crate) async fn get(board: Board, request: GetExperimentRequest) -> Result<GetExperimentResponse> {
    let page = board.page(&request.experiment_id).await?;
    let limit = if page.runs.len() == MAX_RUNS { format!(", the latest {MAX_RUNS} runs") } else { String::new() };
    let Some(experiment) = &page.experiment else {
        let name = "All experiments".to_owned();
        return Ok(GetExperimentResponse { data_location: format!("Trackside{limit}"), name, ..Default::default() });
    };
    let description = experiment.tags.iter().find(|tag| tag.key.as_str() == NOTE).map(|tag| tag.value.clone());
    let created = experiment.created_at.millis();
    let nanos = i32::try_from(created.rem_euclid(1_000) * 1_000_000).expect("less than a second");
    Ok(GetExperimentResponse {
        data_location: format!("Trackside, experiment {}{limit}", experiment.id),
        name: experiment.name.as_str().to_owned(),
        description: description.unwrap_or_default(),
        creation_time: Some(Time { seconds: created.div_euclid(1_000), nanos }),
    })
}

/// What can be shown at all; TensorBoard hides a plugin that is not here.
pub(crate) async fn list_plugins(board: Board, request: GetExperimentRequest) -> Result<ListPluginsResponse> {
    board.page(&request.experiment_id).await?;
    let plugins = ["scalars", "hparams", "text"].map(|name| Plugin { name: name.to_owned() });
    Ok(ListPluginsResponse { plugins: plugins.into() })
}

pub(crate) async fn list_runs(board: Board, request: GetExperimentRequest) -> Result<ListRunsResponse> {
    let page = board.page(&request.experiment_id).await?;
    let run = |named: &crate::board::NamedRun| Run {
        name: named.name.clone(),
        start_time: wall_time(named.run.info.started_at),
    };
    Ok(ListRunsResponse { runs: page.runs.iter().map(run).collect() })
}
