//! `linkArtifact`, `unlinkArtifact`: an artifact comes into a portfolio, or a registered model, and out of it.

use trackside_core::{BundleChange, BundleId, CollectionRole, Error, Key, Result, Tag, WhichMember};
use trackside_wandb_wire::{
    artifact_name::{self, LATEST},
    executor::{Arguments, Node},
    run_name::ProjectName,
};

use super::success;
use crate::{
    artifacts::{self, Place, REGISTRY, Room, Shelf},
    caller::Caller,
    objects::{MembershipObject, Payload},
};

pub(super) async fn link(caller: &Caller, input: &Arguments) -> Result<Node> {
    let service = &caller.door.service;
    let id = bundle(caller, input).await?;
    let name = input.required("artifactPortfolioName")?;
    let project = ProjectName::new(input.text("entityName"), input.text("projectName"));
    let aliases: Vec<String> =
        input.inputs("aliases").iter().filter_map(|alias| alias.filled("alias").map(str::to_owned)).collect();
    let room = Room::find_or_create(service, project).await?;
    let number = match &room {
        Room::Project(project) => {
            let home = service.collection(service.bundle(id).await?.home).await?;
            let into =
                service.ensure_collection(project.experiment.id, Key::new(name)?, home.kind, CollectionRole::Links);
            let into = into.await?.id;
            // The latest that was linked is the latest there.
            let aliases = aliases.into_iter().chain([LATEST.to_owned()]).collect();
            service.change_bundle(id, BundleChange::Link(into, aliases)).await?;
            service.member(into, WhichMember::Bundle(id)).await?.map(|member| member.number)
        }
        Room::Registry(registry) => Some(register(caller, id, name, registry, aliases).await?),
    };
    let shelf = Shelf::find(service, &room, name).await?;
    let place = match (&shelf, number) {
        (Some(shelf), Some(number)) => Place::named(service, shelf, &format!("v{number}")).await?,
        _ => None,
    };
    let place = place.ok_or_else(|| Error::not_found(format!("the artifact is not in '{name}' any more")))?;
    let fields = [
        ("versionIndex", place.number.into()),
        ("artifactMembership", Node::object(MembershipObject::new(caller, place))),
    ];
    Ok(Payload::node("LinkArtifactPayload", fields))
}

/// The number, from 0, of the version of a registered model that the artifact is from now on.
async fn register(
    caller: &Caller,
    id: BundleId,
    name: &str,
    registry: &ProjectName,
    aliases: Vec<String>,
) -> Result<u32> {
    let service = &caller.door.service;
    let model = Key::new(name)?;
    // MLflow's clients read names as parts of addresses.
    if name.contains(['/', ':']) {
        return Err(Error::invalid(format!("'{name}' cannot be the name of a registered model")));
    }
    let room = Room::Registry(registry.clone());
    if service.registered_model(&model).await.is_ok() && Shelf::find(service, &room, name).await?.is_none() {
        let why = format!("a registered model '{name}' exists that is not of the registry '{}'", registry.project);
        return Err(Error::conflict(why));
    }
    let aliases: Result<Vec<_>> = aliases.into_iter().filter(|alias| is_free(alias)).map(Key::new).collect();
    let tag = Tag { key: Key::new(REGISTRY)?, value: registry.project.clone() };
    let bundle = service.bundle(id).await?;
    let version = service.link_to_model(&bundle, &model, vec![tag], artifacts::marker(id)?, aliases?).await?;
    Ok(version.number.saturating_sub(1))
}

pub(super) async fn unlink(caller: &Caller, input: &Arguments) -> Result<Node> {
    let service = &caller.door.service;
    let id = artifacts::bundle_id(input.required("artifactID")?)?;
    let portfolio = input.required("artifactPortfolioID")?;
    if let Some(shelf) = Shelf::by_id(service, portfolio).await? {
        match &shelf.room {
            Room::Registry(_) => {
                service.unlink_from_model(&Key::new(shelf.name())?, &artifacts::marker(id)?).await?;
            }
            Room::Project(_) => {
                if let Some(collection) = shelf.collection() {
                    service.change_bundle(id, BundleChange::Unlink(collection)).await?;
                }
            }
        }
    }
    Ok(success().into())
}

/// MLflow gives no version such aliases: they mean a version by themselves.
pub(super) fn is_free(alias: &str) -> bool {
    !alias.eq_ignore_ascii_case(LATEST) && artifact_name::number(&alias.to_ascii_lowercase()).is_none()
}

async fn bundle(caller: &Caller, input: &Arguments) -> Result<BundleId> {
    if let Some(id) = input.filled("artifactID") {
        return artifacts::bundle_id(id);
    }
    let client_id = input.required("clientID")?;
    let found = caller.door.service.bundle_of_client(client_id).await?;
    found.ok_or_else(|| Error::not_found(format!("there is no artifact '{client_id}'")))
}
