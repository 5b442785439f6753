//! What projects and registries say of their artifacts.

use std::collections::BTreeSet;

use async_trait::async_trait;
use trackside_core::Result;
use trackside_wandb_wire::{
    artifact_name::ArtifactName,
    executor::{Arguments, Node, Object},
};

use super::{ArtifactObject, CollectionObject, MembershipObject, artifact, connection};
use crate::{
    artifacts::{Place, Room, Shelf},
    caller::Caller,
};

/// Things of a page where the client does not say, and at most.
const PAGE: usize = 50;
const MOST: usize = 1_000;

/// A field of a project or a registry; [`Node::Unknown`] when it is not about artifacts.
pub(super) async fn field(caller: &Caller, room: &Room, name: &str, arguments: &Arguments) -> Result<Node> {
    Ok(match name {
        "artifact" => match place(caller, room, arguments.filled("name")).await? {
            Some(place) => Node::object(ArtifactObject::new(caller, place)),
            None => Node::null(),
        },
        "artifactCollectionMembership" => {
            let place = place(caller, room, arguments.filled("name")).await?;
            Node::optional(place.map(|place| MembershipObject::new(caller, place)))
        }
        "artifactCollection" => collection(caller, room, None, arguments).await?,
        "artifactCollections" => collections(caller, room, None, arguments).await?,
        "artifactType" => {
            let kind = arguments.filled("name").unwrap_or_default().to_owned();
            let known = Shelf::all(&caller.door.service, room, Some(&kind)).await?;
            Node::optional((!known.is_empty()).then(|| TypeObject { caller: caller.clone(), room: room.clone(), kind }))
        }
        "artifactTypes" => {
            let shelves = Shelf::all(&caller.door.service, room, None).await?;
            let kinds: BTreeSet<_> = shelves.iter().map(|shelf| shelf.kind().to_owned()).collect();
            let node = |kind: String| {
                let object = TypeObject { caller: caller.clone(), room: room.clone(), kind: kind.clone() };
                (kind, Node::object(object))
            };
            paged(kinds.into_iter().map(node).collect(), arguments)
        }
        _ => Node::Unknown,
    })
}

async fn place(caller: &Caller, room: &Room, name: Option<&str>) -> Result<Option<Place>> {
    let Some(name) = name else { return Ok(None) };
    let ArtifactName { collection, version } = ArtifactName::parse(name);
    match Shelf::find(&caller.door.service, room, collection).await? {
        Some(shelf) => Place::named(&caller.door.service, &shelf, version).await,
        None => Ok(None),
    }
}

async fn collection(caller: &Caller, room: &Room, kind: Option<&str>, arguments: &Arguments) -> Result<Node> {
    let name = arguments.filled("name").unwrap_or_default();
    let found = Shelf::find(&caller.door.service, room, name).await?;
    let found = found.filter(|shelf| kind.is_none_or(|kind| shelf.kind() == kind));
    Ok(Node::optional(found.map(|shelf| CollectionObject::new(caller, shelf))))
}

async fn collections(caller: &Caller, room: &Room, kind: Option<&str>, arguments: &Arguments) -> Result<Node> {
    let shelves = Shelf::all(&caller.door.service, room, kind).await?;
    let node = |shelf: Shelf| (shelf.name().to_owned(), Node::object(CollectionObject::new(caller, shelf)));
    Ok(paged(shelves.into_iter().map(node).collect(), arguments))
}

/// A page of what is sorted by its cursors.
fn paged(all: Vec<(String, Node)>, arguments: &Arguments) -> Node {
    let (total, limit) = (all.len(), arguments.size("first", PAGE, MOST));
    let after = arguments.filled("after").unwrap_or_default();
    let mut rest: Vec<_> = all.into_iter().filter(|(cursor, _)| cursor.as_str() > after).collect();
    let has_next = rest.len() > limit;
    rest.truncate(limit);
    connection(rest, has_next, Some(total))
}

/// A type of artifacts of a project.
#[derive(Debug)]
struct TypeObject {
    caller: Caller,
    room: Room,
    kind: String,
}

#[async_trait]
impl Object for TypeObject {
    fn type_name(&self) -> &'static str {
        "ArtifactType"
    }

    async fn field(&self, name: &str, arguments: &Arguments) -> Result<Node> {
        let (caller, room, kind) = (&self.caller, &self.room, Some(self.kind.as_str()));
        Ok(match name {
            // Clients before 0.20 ask so.
            "artifactCollection" | "artifactSequence" => collection(caller, room, kind, arguments).await?,
            "artifactCollections" | "artifactSequences" => collections(caller, room, kind, arguments).await?,
            "artifact" => field(caller, room, name, arguments).await?,
            _ => match artifact::artifact_type(&self.kind).get_mut(name) {
                Some(value) => value.take().into(),
                None => Node::Unknown,
            },
        })
    }
}
