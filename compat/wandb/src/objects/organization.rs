//! The organisation that all entities belong to, and whose the registries are.

use async_trait::async_trait;
use serde_json::{Value, json};
use trackside_core::Result;
use trackside_wandb_wire::executor::{Arguments, Node, Object};

use super::EntityObject;
use crate::{artifacts::ORGANIZATION, caller::Caller};

/// The organisation.
#[derive(Debug)]
pub(crate) struct OrganizationObject(pub(crate) Caller);

#[async_trait]
impl Object for OrganizationObject {
    fn type_name(&self) -> &'static str {
        "Organization"
    }

    async fn field(&self, name: &str, _: &Arguments) -> Result<Node> {
        Ok(match name {
            "orgEntity" => Node::object(EntityObject::of_organization(&self.0)),
            _ => match node().get_mut(name) {
                Some(value) => value.take().into(),
                None => Node::Unknown,
            },
        })
    }
}

/// The same as JSON. An id for Weave would make clients look for a cloud.
pub(super) fn node() -> Value {
    json!({
        "__typename": "Organization",
        "id": ORGANIZATION,
        "name": ORGANIZATION,
        "coreWeaveOrganizationId": null,
        "advancedRegistryFeatures": { "advancedSearch": false },
        "orgEntity": { "__typename": "Entity", "id": ORGANIZATION, "name": ORGANIZATION, "entityType": ORGANIZATION },
    })
}
