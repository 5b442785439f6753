//! Entities are but names here: any is taken, and all belong to one organisation.

use async_trait::async_trait;
use serde_json::{Value, json};
use trackside_core::Result;
use trackside_wandb_wire::{
    artifact_name::is_registry_of_organization,
    executor::{Arguments, Node, Object},
    run_name::ProjectName,
};

use super::{OrganizationObject, ProjectObject, RegistryObject, organization, registry_search, user};
use crate::{
    artifacts::{Catalog, ORGANIZATION, Room},
    caller::Caller,
};

/// An entity, and what is asked of it.
#[derive(Debug)]
pub(crate) struct EntityObject {
    caller: Caller,
    name: String,
    kind: &'static str,
}

impl EntityObject {
    /// By name.
    pub(crate) fn new(caller: &Caller, name: &str) -> Self {
        let kind = if name == ORGANIZATION { ORGANIZATION } else { "user" };
        Self { caller: caller.clone(), name: name.to_owned(), kind }
    }

    /// That of the organisation.
    pub(crate) fn of_organization(caller: &Caller) -> Self {
        Self::new(caller, ORGANIZATION)
    }

    async fn project(&self, name: &str) -> Result<Node> {
        let service = &self.caller.door.service;
        // One that is nowhere told of is not there, whatever may be linked into it.
        if is_registry_of_organization(name) && !Catalog::read(service).await?.has(name) {
            return Ok(Node::null());
        }
        let name = ProjectName::new(Some(&self.name), Some(name));
        Ok(match Room::find(service, name).await? {
            Some(Room::Project(project)) => Node::object(ProjectObject { caller: self.caller.clone(), project }),
            Some(Room::Registry(name)) => Node::object(RegistryObject::new(&self.caller, name)),
            None => Node::null(),
        })
    }
}

#[async_trait]
impl Object for EntityObject {
    fn type_name(&self) -> &'static str {
        "Entity"
    }

    async fn field(&self, name: &str, arguments: &Arguments) -> Result<Node> {
        Ok(match name {
            "organization" => Node::object(OrganizationObject(self.caller.clone())),
            "project" => match arguments.filled("name") {
                Some(name) => self.project(name).await?,
                None => Node::null(),
            },
            "projects" => registry_search::registries(&self.caller, arguments).await?,
            "artifactCollections" => registry_search::collections(&self.caller, arguments).await?,
            "artifactMemberships" => registry_search::versions(&self.caller, arguments).await?,
            _ => match entity(&self.name, self.kind).get_mut(name) {
                Some(value) => value.take().into(),
                None => Node::Unknown,
            },
        })
    }
}

/// An entity of this name, of which only names are asked.
pub(crate) fn node(name: &str) -> Node {
    entity(name, "user").into()
}

fn entity(name: &str, kind: &str) -> Value {
    json!({
        "__typename": "Entity",
        "id": name,
        "name": name,
        "isTeam": false,
        "entityType": kind,
        "available": true,
        "photoUrl": null,
        "readOnly": false,
        "readOnlyAdmin": false,
        "privateOnly": false,
        "storageBytes": 0,
        "codeSavingEnabled": false,
        "defaultAccess": "USER_WRITE",
        "isPaid": false,
        "members": [],
        "organization": organization::node(),
        "user": user::named(name),
        "settings": {},
        "xxhashDigestsEnabled": false,
    })
}
