//! `notifyScriptableRunAlert`: the last alert of a run is a tag of it.

use serde_json::json;
use trackside_core::{Event, Result, Tag};
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    run_name::ProjectName,
    run_tag,
};

use super::success;
use crate::{caller::Caller, project::Project, runs};

pub(super) async fn answer(caller: &Caller, input: &Arguments) -> Result<Node> {
    let service = &caller.door.service;
    let name = ProjectName::new(input.text("entityName"), input.text("projectName"));
    let project = Project::named(service, name).await?;
    let run = runs::named(service, &project, input.required("runName")?).await?;
    let alert = json!({
        "title": input.text("title"),
        "text": input.text("text"),
        "level": input.text("severity"),
        "at": service.now().rfc3339(),
    });
    tracing::info!(run = %run.info.id, %alert, "alert");
    service.append(&run.info.id, vec![Event::Tags(vec![Tag::new(run_tag::ALERT, alert.to_string())?])]).await?;
    Ok(success().into())
}
