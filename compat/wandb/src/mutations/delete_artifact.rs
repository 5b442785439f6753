//! `deleteArtifact`: an artifact goes, with its files, and from the registered models that it was linked to.

use serde_json::json;
use trackside_core::{BundleChange, Error, ModelVersionChange, Result};
use trackside_wandb_wire::executor::{Arguments, Node};

use crate::{
    artifacts::{self, Place},
    caller::Caller,
};

pub(super) async fn answer(caller: &Caller, input: &Arguments) -> Result<Node> {
    let service = &caller.door.service;
    let id = artifacts::bundle_id(input.required("artifactID")?)?;
    let named = Place::all_of(service, id).await?.into_iter().find(|place| !place.aliases.is_empty());
    if let Some(place) = named.filter(|_| input.flag("deleteAliases") != Some(true)) {
        let why = format!("the artifact is still called '{}' in '{}'", place.aliases.join(", "), place.shelf.name());
        return Err(Error::conflict(format!("{why}; delete its aliases as well")));
    }
    for version in service.versions_marked(&artifacts::marker(id)?).await? {
        service.change_model_version(&version.model, version.number, ModelVersionChange::Delete).await?;
    }
    service.change_bundle(id, BundleChange::Delete).await?;
    Ok(json!({ "artifact": { "__typename": "Artifact", "id": artifacts::id(id), "state": "DELETED" } }).into())
}
