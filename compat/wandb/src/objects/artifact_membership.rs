//! An artifact as it is in one of its collections.

use async_trait::async_trait;
use trackside_core::Result;
use trackside_wandb_wire::{
    executor::{Arguments, Node, Object},
    node_id,
};

use super::{ArtifactObject, CollectionObject, artifact, artifact_files, connection};
use crate::{artifacts::Place, caller::Caller};

/// A membership.
#[derive(Debug)]
pub(crate) struct MembershipObject {
    caller: Caller,
    place: Place,
}

impl MembershipObject {
    pub(crate) fn new(caller: &Caller, place: Place) -> Self {
        Self { caller: caller.clone(), place }
    }
}

#[async_trait]
impl Object for MembershipObject {
    fn type_name(&self) -> &'static str {
        "ArtifactCollectionMembership"
    }

    async fn field(&self, name: &str, arguments: &Arguments) -> Result<Node> {
        let Place { shelf, number, created_at, .. } = &self.place;
        Ok(match name {
            "id" => node_id::encode("ArtifactMembership", &format!("{}/{number}", shelf.id())).into(),
            "versionIndex" => (*number).into(),
            "createdAt" => created_at.rfc3339().into(),
            "aliases" => Node::List(artifact::alias_nodes(&self.place, None)),
            "artifactCollection" => Node::object(CollectionObject::new(&self.caller, shelf.clone())),
            "artifact" => Node::object(ArtifactObject::new(&self.caller, self.place.clone())),
            "files" => match self.place.bundle() {
                Some(bundle) => artifact_files::page(&self.caller, bundle, arguments).await?,
                None => connection(Vec::new(), false, Some(0)),
            },
            _ => Node::Unknown,
        })
    }
}
