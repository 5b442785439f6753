//! `createAgent`, `agentHeartbeat`: programs that run the trials of a sweep, one after the other.
//!
//! An agent is known by its sweep alone: what it runs it says with each sign of life.

use serde_json::{Value, json};
use trackside_core::{Error, ErrorKind, Event, Result, Sweep, SweepChange, SweepId, SweepState, Tag};
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    node_id, run_tag,
    sweep::Definition,
};

use crate::{
    caller::Caller,
    project::Project,
    runs,
    sweeps::{self, Asked},
};

/// Kind of the ids of agents in GraphQL.
const KIND: &str = "Agent";
/// Runs of one agent that are looked at; it has one at a time.
const MOST_RUNS: usize = 100;

pub(super) async fn create(caller: &Caller, input: &Arguments) -> Result<Node> {
    let name = input.required("sweep")?;
    let id = node_id::decode("Sweep", name).unwrap_or_else(|_| name.to_owned());
    let sweep = caller.door.service.sweep(&SweepId::parse(&id)?).await?;
    let host = input.text("host").unwrap_or_default();
    let id = node_id::encode(KIND, &format!("{}/{host}", sweep.id));
    Ok(json!({ "agent": { "__typename": "Agent", "id": id, "name": host } }).into())
}

pub(super) async fn heartbeat(caller: &Caller, input: &Arguments) -> Result<Node> {
    let id = input.required("id")?;
    let text = node_id::decode(KIND, id)?;
    let sweep = SweepId::parse(text.split('/').next().unwrap_or_default())?;
    let commands = match caller.door.service.sweep(&sweep).await {
        Ok(sweep) => commands(caller, &sweep, input.text("runState").unwrap_or("{}")).await?,
        // Its project was deleted.
        Err(error) if error.kind() == ErrorKind::NotFound => vec![json!({ "type": "exit" })],
        Err(error) => return Err(error),
    };
    Ok(json!({ "agent": { "id": id }, "commands": Value::from(commands).to_string() }).into())
}

async fn commands(caller: &Caller, sweep: &Sweep, run_state: &str) -> Result<Vec<Value>> {
    let states: Value =
        serde_json::from_str(run_state).map_err(|error| Error::invalid(format!("runState is no JSON: {error}")))?;
    let states = states.as_object().cloned().unwrap_or_default();
    let running: Vec<&String> =
        states.iter().filter(|(_, runs)| runs.as_bool() == Some(true)).map(|(run, _)| run).take(MOST_RUNS).collect();
    let service = &caller.door.service;
    let project = Project::of(service.experiment(sweep.experiment).await?);
    let definition = Definition::parse(&sweep.definition);
    for name in &running {
        caller.door.sweeps.trials.heard(&sweep.id, name, service.now());
    }
    for name in &running {
        if sweep.state == SweepState::Canceled
            || is_stopped(caller, &project, sweep, definition.as_ref().ok(), name).await?
        {
            return Ok(vec![json!({ "type": "stop", "run_id": name })]);
        }
    }
    if !running.is_empty() {
        return Ok(Vec::new());
    }
    match sweep.state {
        SweepState::Paused => Ok(Vec::new()),
        SweepState::Finished | SweepState::Canceled => Ok(vec![json!({ "type": "exit" })]),
        SweepState::Pending | SweepState::Running => next(caller, sweep, &project, &definition?).await,
    }
}

/// Whether a run was asked to stop, be it now, as it is not among the best.
async fn is_stopped(
    caller: &Caller,
    project: &Project,
    sweep: &Sweep,
    definition: Option<&Definition>,
    name: &str,
) -> Result<bool> {
    let service = &caller.door.service;
    let Some(run) = runs::by_name(service, project, name).await? else { return Ok(false) };
    if run_tag::value(&run, run_tag::STOP).is_some_and(|value| !value.is_empty()) {
        return Ok(true);
    }
    let Some(definition) = definition.filter(|_| runs::is_active(&run)) else { return Ok(false) };
    if !caller.door.sweeps.early.ends(service, project, sweep, definition, &run).await? {
        return Ok(false);
    }
    tracing::info!(sweep = %sweep.id, run = %run.info.id, "run ends early: others have done better at its band");
    service.append(&run.info.id, vec![Event::Tags(vec![Tag::new(run_tag::STOP, "true")?])]).await?;
    Ok(true)
}

/// The next trial, or the end.
async fn next(caller: &Caller, sweep: &Sweep, project: &Project, definition: &Definition) -> Result<Vec<Value>> {
    let service = &caller.door.service;
    let trials = &caller.door.sweeps.trials;
    let is_over = definition.n_trials().is_some_and(|n_trials| sweep.n_trials >= n_trials);
    let number = match trials.ask(service, project, sweep, is_over).await? {
        Asked::Again(number) => number,
        Asked::Later if is_over => return Ok(Vec::new()),
        Asked::Nothing if is_over => {
            service.change_sweep(&sweep.id, SweepChange::State(SweepState::Finished)).await?;
            return Ok(vec![json!({ "type": "exit" })]);
        }
        Asked::Later | Asked::Nothing => {
            // Another agent may have paused it, or taken the last.
            let Some(number) = service.take_trial(&sweep.id).await? else { return Ok(Vec::new()) };
            trials.given(&sweep.id, number, &sweeps::run_of(project, &sweep.id, number)?, service.now());
            number
        }
    };
    let told = sweeps::observations(service, project, sweep, definition).await?;
    let Some(parameters) = definition.trial(sweep.id.as_str(), number, &told) else { return Ok(Vec::new()) };
    let run = sweeps::run_of(project, &sweep.id, number)?;
    Ok(vec![json!({ "type": "run", "run_id": run, "args": parameters, "program": definition.program })])
}
