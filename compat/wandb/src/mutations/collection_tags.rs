//! `createArtifactCollectionTagAssignments`, `deleteArtifactCollectionTagAssignments`: collections get tags and lose them.

use trackside_core::{CollectionChange, Error, Key, Result};
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    run_name::ProjectName,
    run_tag::LABELS,
};

use super::success;
use crate::{
    artifacts::{Room, Shelf, labels},
    caller::Caller,
    objects::{Payload, tags},
};

/// Tags of one collection, and characters of one; clients allow 20 in one call.
const MOST: usize = 100;
const MAX_LENGTH: usize = 256;

pub(super) async fn add(caller: &Caller, input: &Arguments) -> Result<Node> {
    let named = named(input)?;
    let shelf = change(caller, input, named.clone(), true).await?;
    let added: Vec<_> = shelf.labels().into_iter().filter(|label| named.contains(label)).collect();
    Ok(Payload::node("ArtifactCollectionTagAssignmentsPayload", [("tags", tags(&added).into())]))
}

pub(super) async fn delete(caller: &Caller, input: &Arguments) -> Result<Node> {
    change(caller, input, named(input)?, false).await?;
    Ok(success().into())
}

fn named(input: &Arguments) -> Result<Vec<String>> {
    let inputs = input.inputs("tags");
    let named: Vec<_> = inputs.iter().filter_map(|tag| tag.filled("tagName").map(str::to_owned)).collect();
    if let Some(long) = named.iter().find(|name| name.chars().count() > MAX_LENGTH) {
        return Err(Error::invalid(format!("the tag '{long}' is longer than {MAX_LENGTH} characters")));
    }
    Ok(named)
}

/// The collection as it is then.
async fn change(caller: &Caller, input: &Arguments, named: Vec<String>, is_added: bool) -> Result<Shelf> {
    let service = &caller.door.service;
    let shelf = find(caller, input).await?;
    let known = shelf.labels();
    let new = named.iter().filter(|name| !known.contains(name)).count();
    if is_added && known.len() + new > MOST {
        return Err(Error::invalid(format!("a collection has at most {MOST} tags")));
    }
    match shelf.collection() {
        Some(id) if is_added => service.change_collection(id, CollectionChange::AddLabels(named)).await?,
        Some(id) => service.change_collection(id, CollectionChange::DeleteLabels(named)).await?,
        None => {
            let update = |text: Option<&str>| {
                let mut labels = labels(text);
                labels.retain(|label| !named.contains(label));
                if is_added {
                    labels.extend(named);
                    labels.sort_unstable();
                    labels.dedup();
                }
                serde_json::to_string(&labels).map_err(|error| Error::internal("labels").with_source(error))
            };
            service.update_model_tag(&Key::new(shelf.name())?, Key::new(LABELS)?, update).await?;
        }
    }
    find(caller, input).await
}

async fn find(caller: &Caller, input: &Arguments) -> Result<Shelf> {
    let service = &caller.door.service;
    let name = input.required("artifactCollectionName")?;
    let project = ProjectName::new(input.text("entityName"), input.text("projectName"));
    let shelf = match Room::find(service, project).await? {
        Some(room) => Shelf::find(service, &room, name).await?,
        None => None,
    };
    shelf.ok_or_else(|| Error::not_found(format!("there is no collection '{name}'")))
}
