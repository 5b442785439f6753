//! `stopRun` and `updateRunState`: how a run stands, said from outside.

use trackside_core::{Error, Event, Result, RunStatus, RunUpdate, Tag};
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    run_tag,
};

use super::success;
use crate::{caller::Caller, runs};

/// Asks the process of a run to stop; it hears of it with its next sign of life. Harmless when it is over.
pub(super) async fn stop(caller: &Caller, input: &Arguments) -> Result<Node> {
    let (_, run) = runs::by_node_id(&caller.door.service, input.required("id")?).await?;
    if run.info.status == RunStatus::Running {
        let tags = vec![Tag::new(run_tag::STOP, "true")?];
        caller.door.service.append(&run.info.id, vec![Event::Tags(tags)]).await?;
    }
    Ok(success().into())
}

/// Says how a run stands: it waits again, or has failed.
pub(super) async fn update(caller: &Caller, input: &Arguments) -> Result<Node> {
    let service = &caller.door.service;
    let (_, run) = runs::by_node_id(service, input.required("id")?).await?;
    let state = input.required("state")?;
    let status = match (state, run.info.status) {
        ("pending", RunStatus::Running | RunStatus::Failed) => RunStatus::Scheduled,
        ("failed", RunStatus::Scheduled | RunStatus::Running) => RunStatus::Failed,
        _ => {
            let why = format!("a run that is {} cannot become {state}", run_tag::state(&run));
            return Err(Error::conflict(why));
        }
    };
    let ended_at = (status == RunStatus::Failed).then(|| service.now());
    let update = RunUpdate { status: Some(status), ended_at, name: None };
    let events = vec![Event::Updated(update), Event::Tags(vec![Tag::new(run_tag::STATE, "")?])];
    service.append(&run.info.id, events).await?;
    caller.door.pulse.ended(&run.info.id);
    Ok(success().into())
}
