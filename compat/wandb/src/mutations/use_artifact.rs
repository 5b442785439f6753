//! `useArtifact`: a run reads an artifact.

use serde_json::json;
use trackside_core::{BundleChange, BundleId, Dataset, DatasetInput, Event, Key, Result, Tag};
use trackside_service::Service;
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

/// Where MLflow's pages show what an input is for.
const CONTEXT: &str = "mlflow.data.context";

pub(super) async fn answer(caller: &Caller, input: &Arguments) -> Result<Node> {
    let service = &caller.door.service;
    let name = ProjectName::new(input.text("entityName"), input.text("projectName"));
    let project = Project::named(service, name).await?;
    let run = runs::named(service, &project, input.required("runName")?).await?;
    let id = input.required("artifactID")?;
    // A version that no artifact was linked as is used without a trace.
    if let Ok(bundle) = artifacts::bundle_id(id) {
        service.change_bundle(bundle, BundleChange::Use(run.info.id.clone())).await?;
        if let Some(input) = dataset(service, &project, bundle).await? {
            service.append(&run.info.id, vec![Event::DatasetInputs(vec![input])]).await?;
        }
    }
    let artifact = ArtifactObject::by_id(caller, id).await?;
    Ok(Payload::node("UseArtifactPayload", [("artifact", artifact)]))
}

/// The artifact as an input of the run, as MLflow's clients see it; models are no datasets there.
async fn dataset(service: &Service, project: &Project, id: BundleId) -> Result<Option<DatasetInput>> {
    let bundle = service.bundle(id).await?;
    let home = service.collection(bundle.home).await?;
    let Some(number) = bundle.number.filter(|_| home.kind.as_str() != "model") else { return Ok(None) };
    let name = format!("{}:v{number}", home.name);
    let source = json!({ "artifact": name, "type": home.kind.as_str(), "used_in": project.experiment.name.as_str() });
    Ok(Some(DatasetInput {
        dataset: Dataset {
            name: Key::new(name)?,
            digest: bundle.digest,
            source_type: "wandb".to_owned(),
            source: source.to_string(),
            schema: None,
            profile: Some(json!({ "size": bundle.size, "files": bundle.n_files }).to_string()),
        },
        tags: vec![Tag::new(CONTEXT, home.kind.as_str())?],
    }))
}
