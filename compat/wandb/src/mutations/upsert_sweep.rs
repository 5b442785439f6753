//! `upsertSweep`: a sweep begins, or something of it changes.

use trackside_core::{Error, Result, SweepChange, SweepId, SweepState};
use trackside_service::SweepRequest;
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    node_id,
    run_name::ProjectName,
    sweep::Definition,
};

use crate::{
    caller::Caller,
    objects::{Payload, SweepObject},
    project::Project,
};

pub(super) async fn answer(caller: &Caller, input: &Arguments) -> Result<Node> {
    let service = &caller.door.service;
    let text = input.filled("config");
    let definition = text.map(Definition::parse).transpose()?;
    let id = match input.filled("id") {
        // Clients give its name here, too.
        Some(id) => Some(SweepId::parse(&node_id::decode("Sweep", id).unwrap_or_else(|_| id.to_owned()))?),
        None => None,
    };
    let (project, id) = if let Some(id) = id {
        let sweep = service.sweep(&id).await?;
        for change in changes(input, text)? {
            service.change_sweep(&id, change).await?;
        }
        (Project::of(service.experiment(sweep.experiment).await?), id)
    } else {
        let name = ProjectName::new(input.text("entityName"), input.text("projectName"));
        let (project, _) = Project::find_or_create(service, name).await?;
        let own = definition.as_ref().and_then(|definition| definition.description.clone());
        let request = SweepRequest {
            experiment: project.experiment.id,
            name: input.filled("displayName").map(str::to_owned),
            description: input.filled("description").map(str::to_owned).or(own),
            definition: input.required("config")?.to_owned(),
        };
        let id = service.create_sweep(request).await?.id;
        (project, id)
    };
    let sweep = Node::object(SweepObject::new(caller, &project, service.sweep(&id).await?));
    let warnings = definition.map(|definition| definition.warnings).unwrap_or_default();
    Ok(Payload::node("UpsertSweepPayload", [("sweep", sweep), ("configValidationWarnings", warnings.into())]))
}

fn changes(input: &Arguments, definition: Option<&str>) -> Result<Vec<SweepChange>> {
    let mut changes = Vec::new();
    changes.extend(definition.map(|text| SweepChange::Define(text.to_owned())));
    changes.extend(input.filled("displayName").map(|name| SweepChange::Rename(name.to_owned())));
    changes.extend(input.text("description").map(|text| SweepChange::Describe(Some(text.to_owned()))));
    if let Some(state) = input.filled("state") {
        let known = SweepState::parse(&state.to_ascii_uppercase());
        let known = known.ok_or_else(|| Error::invalid(format!("a sweep cannot be {state}")))?;
        changes.push(SweepChange::State(known));
    }
    Ok(changes)
}
