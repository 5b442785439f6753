//! `upsertModel`: a project is made, or described. The schema calls a project a model.

use trackside_core::{Error, ErrorKind, ExperimentChange, Result, Tag};
use trackside_wandb_wire::{
    artifact_name::is_registry,
    executor::{Arguments, Node},
    run_name::ProjectName,
};

use crate::{
    caller::Caller,
    objects::{DESCRIPTION, Payload, ProjectObject},
    project::Project,
};

pub(super) async fn answer(caller: &Caller, input: &Arguments) -> Result<Node> {
    let service = &caller.door.service;
    let name = ProjectName::new(input.text("entityName"), Some(input.required("name")?));
    if is_registry(&name.project) {
        let why =
            "a registry is made by the first artifact that is linked into it, takes all types, and is seen by all";
        return Err(Error::new(ErrorKind::Unsupported, format!("this server makes and changes no registries: {why}")));
    }
    let (mut project, inserted) = Project::find_or_create(service, name).await?;
    if let Some(description) = input.text("description") {
        let tag = Tag::new(DESCRIPTION, description)?;
        service.change_experiment(project.experiment.id, ExperimentChange::SetTag(tag)).await?;
        project.experiment = service.experiment(project.experiment.id).await?;
    }
    let node = Node::object(ProjectObject { caller: caller.clone(), project });
    Ok(Payload::node("UpsertModelPayload", [("project", node.clone()), ("model", node), ("inserted", inserted.into())]))
}
