//! `addAliases`, `deleteAliases`.

use trackside_core::{BundleChange, Error, Key, RegisteredModelChange, Result};
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    run_name::ProjectName,
};

use super::{link_artifact::is_free, success};
use crate::{
    artifacts::{self, Room, Shelf},
    caller::Caller,
};

pub(super) async fn add(caller: &Caller, input: &Arguments) -> Result<Node> {
    change(caller, input, true).await
}

pub(super) async fn delete(caller: &Caller, input: &Arguments) -> Result<Node> {
    change(caller, input, false).await
}

async fn change(caller: &Caller, input: &Arguments, is_added: bool) -> Result<Node> {
    let service = &caller.door.service;
    let id = artifacts::bundle_id(input.required("artifactID")?)?;
    for of in input.inputs("aliases") {
        let (name, alias) = (of.required("artifactCollectionName")?, of.required("alias")?.to_owned());
        let project = ProjectName::new(of.text("entityName"), of.text("projectName"));
        let room = Room::find(service, project).await?;
        let shelf = match &room {
            Some(room) => Shelf::find(service, room, name).await?,
            None => None,
        };
        let shelf = shelf.ok_or_else(|| Error::not_found(format!("there is no collection '{name}'")))?;
        match shelf.collection() {
            Some(collection) if is_added => {
                service.change_bundle(id, BundleChange::SetAliases(collection, vec![alias])).await?;
            }
            Some(collection) => {
                service.change_bundle(id, BundleChange::DeleteAliases(collection, vec![alias])).await?;
            }
            None if !is_free(&alias) => {}
            None => {
                let (model, alias) = (Key::new(shelf.name())?, Key::new(alias)?);
                let version = service.linked_version(&model, &artifacts::marker(id)?).await?;
                let version = version.ok_or_else(|| Error::not_found(format!("the artifact is not in '{name}'")))?;
                let change = if is_added {
                    RegisteredModelChange::SetAlias(alias, version.number)
                } else {
                    RegisteredModelChange::DeleteAlias(alias)
                };
                service.change_registered_model(&model, change).await?;
            }
        }
    }
    Ok(success().into())
}
