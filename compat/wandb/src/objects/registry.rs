//! A registry: a project whose collections are the registered models.

use async_trait::async_trait;
use trackside_core::Result;
use trackside_wandb_wire::{
    artifact_name::registry_number,
    executor::{Arguments, Node, Object},
    node_id,
    run_name::ProjectName,
};

use super::{connection, entity, room_artifacts, user};
use crate::{artifacts::Room, caller::Caller};

/// A registry.
#[derive(Debug)]
pub(crate) struct RegistryObject {
    caller: Caller,
    room: Room,
}

impl RegistryObject {
    pub(crate) fn new(caller: &Caller, name: ProjectName) -> Self {
        Self { caller: caller.clone(), room: Room::Registry(name) }
    }
}

#[async_trait]
impl Object for RegistryObject {
    fn type_name(&self) -> &'static str {
        "Project"
    }

    async fn field(&self, name: &str, arguments: &Arguments) -> Result<Node> {
        let names = self.room.name();
        Ok(match name {
            "id" => node_id::encode("Registry", &names.project).into(),
            // Clients want it so, and filter by the number in it.
            "internalId" => node_id::encode("ProjectInternalId", &registry_number(&names.project).to_string()).into(),
            "name" => names.project.as_str().into(),
            "entityName" => names.entity.as_str().into(),
            "entity" => entity::node(&names.entity),
            "access" => "PRIVATE".into(),
            // It was always there.
            "createdAt" | "updatedAt" => "1970-01-01T00:00:00Z".into(),
            "isBenchmark" | "readOnly" => false.into(),
            "allowAllArtifactTypesInRegistry" => true.into(),
            "user" => user::viewer().into(),
            "runCount" | "totalSweeps" => 0.into(),
            "runs" | "sweeps" | "allViews" => connection(Vec::new(), false, Some(0)),
            "description" | "run" | "bucket" => Node::null(),
            _ => room_artifacts::field(&self.caller, &self.room, name, arguments).await?,
        })
    }
}
