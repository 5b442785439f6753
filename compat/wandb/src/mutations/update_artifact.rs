//! `updateArtifact`: what is said of an artifact.

use trackside_core::{BundleChange, Result};
use trackside_wandb_wire::executor::{Arguments, Node};

use super::create_artifact::{LIFETIME, json_text, lifetime};
use crate::{
    artifacts,
    caller::Caller,
    objects::{ArtifactObject, Payload},
};

pub(super) async fn answer(caller: &Caller, input: &Arguments) -> Result<Node> {
    let service = &caller.door.service;
    let id = artifacts::bundle_id(input.required("artifactID")?)?;
    let mut changes = Vec::new();
    if let Some(text) = input.text("description") {
        changes.push(BundleChange::Describe(Some(text.to_owned())));
    }
    if let Some(metadata) = json_text(input, "metadata")? {
        changes.push(BundleChange::SetMetadata(Some(metadata)));
    }
    if input.value(LIFETIME).is_some() {
        changes.push(BundleChange::SetLifetime(lifetime(input)?));
    }
    let labels = |list: &str| {
        let items = input.inputs(list).into_iter();
        items.filter_map(|tag| tag.filled("tagName").map(str::to_owned)).collect::<Vec<_>>()
    };
    let (added, deleted) = (labels("tagsToAdd"), labels("tagsToDelete"));
    if !added.is_empty() {
        changes.push(BundleChange::AddLabels(added));
    }
    if !deleted.is_empty() {
        changes.push(BundleChange::DeleteLabels(deleted));
    }
    for change in changes {
        service.change_bundle(id, change).await?;
    }
    let artifact = ArtifactObject::by_id(caller, &artifacts::id(id)).await?;
    Ok(Payload::node("UpdateArtifactPayload", [("artifact", artifact)]))
}
