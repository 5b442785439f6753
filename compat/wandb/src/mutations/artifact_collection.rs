//! `updateArtifactSequence`, `moveArtifactSequence`, `deleteArtifactSequence`, and the same of portfolios: collections
//! change. Elsewhere: their tags (`collection_tags.rs`).

use trackside_core::{CollectionChange, CollectionId, Error, Key, ModelVersionChange, RegisteredModelChange, Result};
use trackside_wandb_wire::executor::{Arguments, Node};

use crate::{
    artifacts::{self, Shelf},
    caller::Caller,
    objects::{CollectionObject, Payload},
};

/// Members of a collection read at once.
const PAGE: usize = 500;

/// Changes the one whose id stands in this field.
pub(super) async fn update(caller: &Caller, input: &Arguments, id: &str) -> Result<Node> {
    let shelf = find(caller, input, id).await?;
    let service = &caller.door.service;
    let name = input.filled("name").filter(|name| *name != shelf.name()).map(free_name).transpose()?;
    let description = input.text("description").map(|text| Some(text.to_owned()));
    let mut own = Key::new(shelf.name())?;
    // First what can be refused, so that nothing is changed by halves.
    if let Some(name) = name {
        if let Some(id) = shelf.collection() {
            service.change_collection(id, CollectionChange::Rename(name)).await?;
        } else {
            service.change_registered_model(&own, RegisteredModelChange::Rename(name.clone())).await?;
            own = name;
        }
    }
    if let Some(description) = description {
        match shelf.collection() {
            Some(id) => service.change_collection(id, CollectionChange::Describe(description)).await?,
            None => service.change_registered_model(&own, RegisteredModelChange::Describe(description)).await?,
        }
    }
    let changed = match shelf.collection() {
        Some(_) => find(caller, input, id).await?,
        // It is known by its name, and may have another now.
        None => Shelf::find(service, &shelf.room, own.as_str()).await?.unwrap_or(shelf),
    };
    Ok(answer(caller, changed))
}

/// Says anew of which type a collection is.
pub(super) async fn retype(caller: &Caller, input: &Arguments, id: &str) -> Result<Node> {
    let shelf = find(caller, input, id).await?;
    let kind = Key::new(input.required("destinationArtifactTypeName")?)?;
    let collection = shelf.collection().ok_or_else(|| Error::conflict("a registered model keeps its type"))?;
    caller.door.service.change_collection(collection, CollectionChange::SetKind(kind)).await?;
    Ok(answer(caller, find(caller, input, id).await?))
}

/// Deletes the one whose id stands in this field.
pub(super) async fn delete(caller: &Caller, input: &Arguments, id: &str) -> Result<Node> {
    let shelf = find(caller, input, id).await?;
    let service = &caller.door.service;
    match shelf.collection() {
        Some(id) => {
            unlink_all(caller, id).await?;
            service.change_collection(id, CollectionChange::Delete).await?;
        }
        None => service.change_registered_model(&Key::new(shelf.name())?, RegisteredModelChange::Delete).await?,
    }
    Ok(Payload::node("ArtifactCollectionPayload", [("artifactCollection", deleted(&shelf))]))
}

/// Takes the bundles of a collection out of the registered models that they were linked to, as their files go.
async fn unlink_all(caller: &Caller, id: CollectionId) -> Result<()> {
    let service = &caller.door.service;
    let mut before = None;
    loop {
        let members = service.members(id, before, PAGE).await?;
        let Some(last) = members.last() else { return Ok(()) };
        before = Some(last.number);
        for bundle in members.iter().map(|member| &member.bundle).filter(|bundle| bundle.home == id) {
            for version in service.versions_marked(&artifacts::marker(bundle.id)?).await? {
                service.change_model_version(&version.model, version.number, ModelVersionChange::Delete).await?;
            }
        }
    }
}

/// A name by which artifacts can be found: in `collection:version`, below a project.
fn free_name(name: &str) -> Result<Key> {
    if name.contains(['/', ':']) {
        return Err(Error::invalid(format!("'{name}' cannot be the name of a collection of artifacts")));
    }
    Key::new(name)
}

async fn find(caller: &Caller, input: &Arguments, id: &str) -> Result<Shelf> {
    let id = input.required(id)?;
    let found = Shelf::by_id(&caller.door.service, id).await?;
    found.ok_or_else(|| Error::not_found(format!("there is no collection of the id '{id}'")))
}

fn answer(caller: &Caller, shelf: Shelf) -> Node {
    let collection = Node::object(CollectionObject::new(caller, shelf));
    Payload::node("ArtifactCollectionPayload", [("artifactCollection", collection)])
}

fn deleted(shelf: &Shelf) -> Node {
    let fields = [("id", shelf.id().into()), ("name", shelf.name().into()), ("state", "DELETED".into())];
    Payload::node(shelf.type_name(), fields)
}
