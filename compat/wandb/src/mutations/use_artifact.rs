//! `useArtifact`: a run reads an artifact.

use trackside_core::{BundleChange, Result};
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    run_name::ProjectName,
};

use crate::{
    artifacts,
    caller::Caller,
    objects::{ArtifactObject, Payload},
    project::Project,
    runs,
};

pub(super) async fn answer(caller: &Caller, input: &Arguments) -> Result<Node> {
    let service = &caller.door.service;
    let name = ProjectName::new(input.text("entityName"), input.text("projectName"));
    let project = Project::named(service, name).await?;
    let run = runs::named(service, &project, input.required("runName")?).await?;
    let id = input.required("artifactID")?;
    // A version that no artifact was linked as is used without a trace.
    if let Ok(bundle) = artifacts::bundle_id(id) {
        service.change_bundle(bundle, BundleChange::Use(run.info.id)).await?;
    }
    let artifact = ArtifactObject::by_id(caller, id).await?;
    Ok(Payload::node("UseArtifactPayload", [("artifact", artifact)]))
}
