//! Artifacts that a run has made or used.

use trackside_core::{BundleId, BundleRelation, Result};
use trackside_wandb_wire::executor::{Arguments, Node};

use super::{ArtifactObject, RunObject, connection};
use crate::artifacts::{Place, Shelf};

/// Artifacts of a page where the client does not say, and at most.
const PAGE: usize = 50;
const MOST: usize = 1_000;

/// A page of them.
pub(super) async fn page(run: &RunObject, relation: BundleRelation, arguments: &Arguments) -> Result<Node> {
    let (service, id) = (&run.caller.door.service, &run.run.info.id);
    let limit = arguments.size("first", PAGE, MOST);
    let after = arguments.filled("after").and_then(|cursor| cursor.parse().ok()).map(BundleId::new);
    let mut members = service.bundles_of_run(id, relation, after, limit + 1).await?;
    let has_next = members.len() > limit;
    members.truncate(limit);
    // Clients want to know, but nothing depends on it being right beyond a page of the largest size.
    let total = service.bundles_of_run(id, relation, None, MOST).await?.len();
    let mut edges = Vec::with_capacity(members.len());
    for member in members {
        let shelf = Shelf::of_collection(service, service.collection(member.collection).await?).await?;
        let cursor = member.bundle.id.to_string();
        let place = Place::of_member(shelf, member);
        edges.push((cursor, Node::object(ArtifactObject::new(&run.caller, place))));
    }
    Ok(connection(edges, has_next, Some(total)))
}
