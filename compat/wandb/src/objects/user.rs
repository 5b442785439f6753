//! The one user there is.

use serde_json::{Value, json};

use trackside_wandb_wire::run_name::DEFAULT_ENTITY;

/// Who asks, whatever their key.
pub(crate) fn viewer() -> Value {
    named(DEFAULT_ENTITY)
}

/// A user of this name.
pub(crate) fn named(name: &str) -> Value {
    json!({
        "__typename": "User",
        "id": "VXNlcjpsb2NhbA==",
        "name": name,
        "username": name,
        "email": "",
        "entity": DEFAULT_ENTITY,
        "admin": true,
        "flags": "{}",
        "photoUrl": null,
        "deletedAt": null,
        "apiKeys": { "edges": [] },
        "organizations": [],
        "teams": { "edges": [{ "node": { "id": DEFAULT_ENTITY, "name": DEFAULT_ENTITY } }] },
    })
}
