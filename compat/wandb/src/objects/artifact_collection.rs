//! A collection of artifacts.

use async_trait::async_trait;
use trackside_core::Result;
use trackside_wandb_wire::{
    artifact_name::LATEST,
    executor::{Arguments, Node, Object},
};

use super::{
    ArtifactObject, MembershipObject, Payload, ProjectObject, RegistryObject, artifact, connection, page_info,
};
use crate::{
    artifacts::{Place, Room, Shelf},
    caller::Caller,
};

/// Artifacts of a page where the client does not say, and at most.
const PAGE: usize = 50;
const MOST: usize = 1_000;

/// A collection.
#[derive(Debug)]
pub(crate) struct CollectionObject {
    caller: Caller,
    shelf: Shelf,
    type_name: &'static str,
}

impl CollectionObject {
    pub(crate) fn new(caller: &Caller, shelf: Shelf) -> Self {
        Self { caller: caller.clone(), type_name: shelf.type_name(), shelf }
    }

    /// The collection that artifacts were made for, which clients know as a sequence.
    pub(crate) fn home(caller: &Caller, shelf: Shelf) -> Self {
        Self { caller: caller.clone(), type_name: "ArtifactSequence", shelf }
    }

    async fn place(&self, version: Option<&str>) -> Result<Option<Place>> {
        Place::named(&self.caller.door.service, &self.shelf, version.unwrap_or(LATEST)).await
    }

    async fn page(&self, arguments: &Arguments) -> Result<(Vec<Place>, bool)> {
        let before = arguments.filled("after").and_then(|cursor| cursor.parse().ok());
        let limit = arguments.size("first", PAGE, MOST);
        let mut places = Place::page(&self.caller.door.service, &self.shelf, before, limit + 1).await?;
        let has_next = places.len() > limit;
        places.truncate(limit);
        Ok((places, has_next))
    }

    async fn artifacts(&self, arguments: &Arguments) -> Result<Node> {
        let total = Place::count(&self.caller.door.service, &self.shelf).await?;
        let (places, has_next) = self.page(arguments).await?;
        let end = places.last().map(|place| place.number.to_string());
        let edges = places.into_iter().map(|place| {
            let (cursor, version) = (place.number.to_string(), format!("v{}", place.number));
            let node = Node::object(ArtifactObject::new(&self.caller, place));
            Payload::node("ArtifactEdge", [("cursor", cursor.into()), ("version", version.into()), ("node", node)])
        });
        let info = page_info(end.as_deref(), has_next);
        let edges = Node::List(edges.collect());
        let fields = [("edges", edges), ("pageInfo", info.into()), ("totalCount", total.into())];
        Ok(Payload::node("ArtifactConnection", fields))
    }

    async fn memberships(&self, arguments: &Arguments) -> Result<Node> {
        let total = Place::count(&self.caller.door.service, &self.shelf).await?;
        let (places, has_next) = self.page(arguments).await?;
        let edges = places
            .into_iter()
            .map(|place| (place.number.to_string(), Node::object(MembershipObject::new(&self.caller, place))));
        Ok(connection(edges.collect(), has_next, Some(total)))
    }

    async fn aliases(&self) -> Result<Node> {
        let mut edges = Vec::new();
        for place in Place::page(&self.caller.door.service, &self.shelf, None, MOST).await? {
            edges.extend(artifact::alias_nodes(&place, None));
        }
        let edges = edges.into_iter().enumerate().map(|(number, node)| (number.to_string(), node));
        Ok(connection(edges.collect(), false, None))
    }
}

#[async_trait]
impl Object for CollectionObject {
    fn type_name(&self) -> &'static str {
        self.type_name
    }

    async fn field(&self, name: &str, arguments: &Arguments) -> Result<Node> {
        let shelf = &self.shelf;
        Ok(match name {
            "id" => shelf.id().into(),
            "name" => shelf.name().into(),
            "description" => shelf.description().into(),
            "state" => "READY".into(),
            "createdAt" => shelf.created_at().rfc3339().into(),
            "updatedAt" => shelf.updated_at().rfc3339().into(),
            "project" => match &shelf.room {
                Room::Project(project) => {
                    Node::object(ProjectObject { caller: self.caller.clone(), project: project.clone() })
                }
                Room::Registry(name) => Node::object(RegistryObject::new(&self.caller, name.clone())),
            },
            "type" | "defaultArtifactType" => artifact::artifact_type(shelf.kind()).into(),
            "tags" => {
                let tags = shelf.labels().into_iter().map(|label| (label.clone(), artifact::tag(&label).into()));
                connection(tags.collect(), false, None)
            }
            "digestAlgorithm" => "MANIFEST_MD5".into(),
            "aliases" => self.aliases().await?,
            "artifacts" => self.artifacts(arguments).await?,
            "artifactMemberships" => self.memberships(arguments).await?,
            "artifactMembership" => {
                let place = self.place(arguments.filled("aliasName")).await?;
                Node::optional(place.map(|place| MembershipObject::new(&self.caller, place)))
            }
            "latestArtifact" => {
                let place = self.place(None).await?;
                Node::optional(place.map(|place| ArtifactObject::new(&self.caller, place)))
            }
            _ => Node::Unknown,
        })
    }
}
