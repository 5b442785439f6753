//! `updateArtifactSequence`, `deleteArtifactSequence`, and the same of portfolios: collections change.

use trackside_core::{CollectionChange, Error, Key, RegisteredModelChange, Result};
use trackside_wandb_wire::executor::{Arguments, Node};

use crate::{
    artifacts::Shelf,
    caller::Caller,
    objects::{CollectionObject, Payload},
};

/// Changes the one whose id stands in this field.
pub(super) async fn update(caller: &Caller, input: &Arguments, id: &str) -> Result<Node> {
    let shelf = find(caller, input, id).await?;
    let service = &caller.door.service;
    let name = input.filled("name").filter(|name| *name != shelf.name()).map(Key::new).transpose()?;
    let description = input.text("description").map(str::to_owned);
    let collection = shelf.collection();
    let own = Key::new(shelf.name())?;
    if let Some(description) = description {
        let description = Some(description);
        match collection {
            Some(id) => service.change_collection(id, CollectionChange::Describe(description)).await?,
            None => service.change_registered_model(&own, RegisteredModelChange::Describe(description)).await?,
        }
    }
    if let Some(name) = name {
        match collection {
            Some(_) if shelf.type_name() == "ArtifactSequence" => {
                return Err(Error::conflict("files lie where the collection is called: it keeps its name"));
            }
            Some(id) => service.change_collection(id, CollectionChange::Rename(name)).await?,
            None => service.change_registered_model(&own, RegisteredModelChange::Rename(name)).await?,
        }
    }
    // A model that was renamed is not found by its id any more.
    Ok(answer(caller, find(caller, input, id).await.unwrap_or(shelf)))
}

/// Deletes the one whose id stands in this field.
pub(super) async fn delete(caller: &Caller, input: &Arguments, id: &str) -> Result<Node> {
    let shelf = find(caller, input, id).await?;
    let service = &caller.door.service;
    match shelf.collection() {
        Some(id) => service.change_collection(id, CollectionChange::Delete).await?,
        None => service.change_registered_model(&Key::new(shelf.name())?, RegisteredModelChange::Delete).await?,
    }
    Ok(answer(caller, shelf))
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
