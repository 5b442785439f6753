//! Entities are but names here: any is taken, and all belong to one organisation.

use serde_json::{Value, json};
use trackside_wandb_wire::executor::Node;

use super::user;

/// Name of the organisation, and of its own entity.
const ORGANIZATION: &str = "organization";

/// An entity of this name.
pub(crate) fn node(name: &str) -> Node {
    entity(name, "user").into()
}

/// An entity as JSON.
pub(crate) fn entity(name: &str, kind: &str) -> Value {
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
        "organization": organization(),
        "user": user::named(name),
        "settings": {},
        "xxhashDigestsEnabled": false,
    })
}

/// The organisation. An id for Weave would make clients look for a cloud.
pub(crate) fn organization() -> Value {
    json!({
        "__typename": "Organization",
        "id": ORGANIZATION,
        "name": ORGANIZATION,
        "coreWeaveOrganizationId": null,
        "orgEntity": { "__typename": "Entity", "id": ORGANIZATION, "name": ORGANIZATION, "entityType": "organization" },
    })
}
