//! Where things of W&B's runs live once: as tags, those that MLflow has too under its names.

use trackside_core::{Run, RunStatus};

/// Free text about a run.
pub const NOTES: &str = "mlflow.note.content";
/// The program that runs.
pub const PROGRAM: &str = "mlflow.source.name";
/// Commit of the code.
pub const COMMIT: &str = "mlflow.source.git.commit";
/// Repository of the code.
pub const REPO: &str = "mlflow.source.git.repoURL";
/// Name of the run in its project.
pub const RUN_ID: &str = "wandb.run_id";
/// What runs are grouped by.
pub const GROUP: &str = "wandb.group";
/// What a run does within its group.
pub const JOB_TYPE: &str = "wandb.job_type";
/// Where it runs.
pub const HOST: &str = "wandb.host";
/// The sweep it is of.
pub const SWEEP: &str = "wandb.sweep";
/// Labels: a list in JSON.
pub const LABELS: &str = "wandb.tags";
/// What a status of ours does not tell: `crashed`, `preempting`.
pub const STATE: &str = "wandb.state";
/// How the program ended.
pub const EXIT_CODE: &str = "wandb.exit_code";
/// Set while the client is asked to stop.
pub const STOP: &str = "wandb.stop_requested";
/// The last alert.
pub const ALERT: &str = "wandb.alert";

/// The run that it is a copy of up to a step: `parent?_step=7`.
pub const FORKED_FROM: &str = "wandb.forked_from";

/// [`STATE`] of a run that was not heard of any more.
pub const CRASHED: &str = "crashed";
/// [`STATE`] of a run whose computer is about to be taken away.
pub const PREEMPTING: &str = "preempting";

/// The value of a tag.
pub fn value<'a>(run: &'a Run, key: &str) -> Option<&'a str> {
    run.tags.iter().find(|tag| tag.key.as_str() == key).map(|tag| tag.value.as_str())
}

/// The labels of a run.
pub fn labels(run: &Run) -> Vec<String> {
    value(run, LABELS).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// The name of a run in its project; a run that another client made has its id for a name.
pub fn name(run: &Run) -> &str {
    value(run, RUN_ID).unwrap_or(run.info.id.as_str())
}

/// How a run stands, in W&B's words.
pub fn state(run: &Run) -> &'static str {
    let state = value(run, STATE);
    match run.info.status {
        RunStatus::Running if state == Some(PREEMPTING) => PREEMPTING,
        RunStatus::Running => "running",
        RunStatus::Scheduled => "pending",
        RunStatus::Finished => "finished",
        RunStatus::Failed if state == Some(CRASHED) => CRASHED,
        RunStatus::Failed => "failed",
        RunStatus::Killed => "killed",
    }
}

/// Our status for a word of W&B's.
pub fn status(state: &str) -> Option<RunStatus> {
    Some(match state {
        "running" | "preempting" => RunStatus::Running,
        "pending" => RunStatus::Scheduled,
        "finished" => RunStatus::Finished,
        "failed" | "crashed" | "preempted" => RunStatus::Failed,
        "killed" => RunStatus::Killed,
        _ => return None,
    })
}
