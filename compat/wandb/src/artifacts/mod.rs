//! Artifacts: bundles in collections, and versions of registered models.
//!
//! A project has collections of bundles. A registry is a project whose collections are the registered models, and whose
//! artifacts are their versions: what MLflow's clients register is there as well, without a manifest.

mod catalog;
mod place;
mod room;
mod shelf;

pub(crate) use catalog::{Catalog, ORGANIZATION};
pub(crate) use place::{Holds, Place};
pub(crate) use room::Room;
pub(crate) use shelf::{Shelf, labels};
use trackside_core::{BundleId, Key, Result, Tag};
use trackside_wandb_wire::node_id;

/// Kind of the ids of artifacts in GraphQL.
const KIND: &str = "Artifact";
/// Kind of the ids of versions that no artifact was linked as.
const VERSION_KIND: &str = "ModelVersion";
/// The tag by which a model version is known to be an artifact.
pub const MARKER: &str = "wandb.artifact";
/// The tag of a registered model that says of which registry it is.
pub(crate) const REGISTRY: &str = "wandb.registry";

/// The id of an artifact.
pub(crate) fn id(bundle: BundleId) -> String {
    node_id::encode(KIND, &bundle.to_string())
}

/// The artifact that has an id. `Invalid` for what is none.
pub(crate) fn bundle_id(id: &str) -> Result<BundleId> {
    let number = node_id::decode(KIND, id)?;
    let number = number.parse().ok();
    number.map(BundleId::new).ok_or_else(|| trackside_core::Error::invalid(format!("'{id}' is no artifact's id")))
}

/// The tag by which the versions of a bundle are known.
pub(crate) fn marker(bundle: BundleId) -> Result<Tag> {
    Ok(Tag { key: Key::new(MARKER)?, value: bundle.to_string() })
}

/// The id of a version that no artifact was linked as.
pub(crate) fn version_id(version: &trackside_core::ModelVersion) -> String {
    node_id::encode(VERSION_KIND, &format!("{}/{}", version.number, version.model))
}
