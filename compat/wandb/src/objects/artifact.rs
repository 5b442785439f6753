//! An artifact: a bundle, or a version of a registered model that was never one.

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use trackside_core::{Bundle, ModelVersion, Result, RunId};
use trackside_wandb_wire::{
    executor::{Arguments, Node, Object},
    node_id,
};

use super::{CollectionObject, MembershipObject, Payload, RunObject, artifact_files, connection};
use crate::{
    artifacts::{self, Holds, Place, Shelf},
    caller::Caller,
    contents,
    project::Project,
    runs,
};

/// The lifetime of what has none.
const FOR_GOOD: i64 = -1;

/// An artifact.
#[derive(Debug)]
pub(crate) struct ArtifactObject {
    pub(super) caller: Caller,
    /// Where it was found.
    place: Place,
    places: OnceCell<Vec<Place>>,
}

impl ArtifactObject {
    pub(crate) fn new(caller: &Caller, place: Place) -> Self {
        Self { caller: caller.clone(), place, places: OnceCell::new() }
    }

    /// By its id; null when there is none.
    pub(crate) async fn by_id(caller: &Caller, id: &str) -> Result<Node> {
        let service = &caller.door.service;
        let Ok(bundle) = artifacts::bundle_id(id) else { return Ok(Node::null()) };
        let mut places = Place::all_of(service, bundle).await?.into_iter();
        match places.next() {
            Some(place) => Ok(Node::object(Self::new(caller, place))),
            None => pending(caller, bundle).await,
        }
    }

    /// Where it is, its home first.
    async fn places(&self) -> Result<&[Place]> {
        let read = || async {
            match &self.place.holds {
                Holds::Bundle(bundle) => Place::all_of(&self.caller.door.service, bundle.id).await,
                Holds::Version(_) => Ok(vec![self.place.clone()]),
            }
        };
        self.places.get_or_try_init(read).await.map(Vec::as_slice)
    }

    /// The collection that it was made for.
    async fn home(&self) -> Result<Shelf> {
        let places = self.places().await?;
        Ok(places.first().unwrap_or(&self.place).shelf.clone())
    }

    async fn aliases(&self) -> Result<Node> {
        let mut aliases = Vec::new();
        for place in self.places().await? {
            let collection = || Node::object(CollectionObject::new(&self.caller, place.shelf.clone()));
            aliases.extend(alias_nodes(place, Some(&collection)));
        }
        Ok(Node::List(aliases))
    }

    async fn run(&self, id: Option<&RunId>) -> Result<Node> {
        let Some(id) = id else { return Ok(Node::null()) };
        let service = &self.caller.door.service;
        let Some(run) = runs::by_id(service, id).await?.filter(runs::is_active) else { return Ok(Node::null()) };
        let project = Project::of(service.experiment(run.info.experiment).await?);
        Ok(Node::object(RunObject::new(&self.caller, &project, run)))
    }

    async fn users(&self, bundle: &Bundle) -> Result<Node> {
        let mut edges = Vec::new();
        for id in self.caller.door.service.users_of_bundle(bundle.id).await? {
            edges.push((id.as_str().to_owned(), self.run(Some(&id)).await?));
        }
        edges.retain(|(_, node)| matches!(node, Node::Object(_)));
        Ok(connection(edges, false, None))
    }

    async fn memberships(&self) -> Result<Node> {
        let places = self.places().await?.iter();
        let edges = places.enumerate().map(|(number, place)| {
            (number.to_string(), Node::object(MembershipObject::new(&self.caller, place.clone())))
        });
        Ok(connection(edges.collect(), false, None))
    }

    async fn of_bundle(&self, bundle: &Bundle, name: &str, arguments: &Arguments) -> Result<Node> {
        Ok(match name {
            "id" => artifacts::id(bundle.id).into(),
            "versionIndex" => bundle.number.into(),
            "digest" => bundle.digest.as_str().into(),
            "state" => bundle.state.as_str().into(),
            "description" => bundle.description.as_deref().into(),
            "metadata" => bundle.metadata.as_deref().into(),
            "historyStep" => bundle.step.into(),
            "createdAt" => bundle.created_at.rfc3339().into(),
            "updatedAt" => bundle.updated_at.rfc3339().into(),
            "size" => bundle.size.into(),
            "fileCount" => bundle.n_files.into(),
            "tags" => tags(&bundle.labels).into(),
            "currentManifest" => {
                let file = json!({ "directUrl": contents::manifest_url(&self.caller, bundle.id) });
                json!({ "__typename": "ArtifactManifest", "id": artifacts::id(bundle.id), "file": file }).into()
            }
            "files" => artifact_files::page(&self.caller, bundle, arguments).await?,
            "filesByManifestEntries" => artifact_files::of_entries(&self.caller, arguments)?,
            "createdBy" => self.run(bundle.run.as_ref()).await?,
            "usedBy" => self.users(bundle).await?,
            _ => Node::Unknown,
        })
    }

    async fn of_version(&self, version: &ModelVersion, name: &str) -> Result<Node> {
        Ok(match name {
            "id" => artifacts::version_id(version).into(),
            "versionIndex" => self.place.number.into(),
            "digest" => version.download_uri().into(),
            "state" => "COMMITTED".into(),
            "description" => version.description.as_deref().into(),
            "metadata" | "historyStep" | "currentManifest" => Node::null(),
            "createdAt" => version.created_at.rfc3339().into(),
            "updatedAt" => version.updated_at.rfc3339().into(),
            "size" | "fileCount" => 0.into(),
            "tags" => Node::List(Vec::new()),
            "createdBy" => self.run(version.run.as_ref()).await?,
            "files" | "usedBy" => connection(Vec::new(), false, Some(0)),
            _ => Node::Unknown,
        })
    }

    /// Its home as clients want it: of a version that was never an artifact, the model itself.
    async fn sequence(&self) -> Result<Node> {
        Ok(Node::object(CollectionObject::home(&self.caller, self.home().await?)))
    }
}

#[async_trait]
impl Object for ArtifactObject {
    fn type_name(&self) -> &'static str {
        "Artifact"
    }

    async fn field(&self, name: &str, arguments: &Arguments) -> Result<Node> {
        Ok(match name {
            "artifactSequence" => self.sequence().await?,
            "artifactType" => artifact_type(self.home().await?.kind()).into(),
            "aliases" => self.aliases().await?,
            "artifactMemberships" => self.memberships().await?,
            "ttlDurationSeconds" => self.place.lifetime_secs().map_or(FOR_GOOD.into(), Node::from),
            // There is nothing to inherit one from.
            "ttlIsInherited" => self.place.lifetime_secs().is_none().into(),
            "digestAlgorithm" => "MANIFEST_MD5".into(),
            "commitHash" => Node::null(),
            _ => match &self.place.holds {
                Holds::Bundle(bundle) => self.of_bundle(bundle, name, arguments).await?,
                Holds::Version(version) => self.of_version(version, name).await?,
            },
        })
    }
}

/// One that is not in its collection yet, or not any more.
async fn pending(caller: &Caller, id: trackside_core::BundleId) -> Result<Node> {
    let service = &caller.door.service;
    let bundle = match service.bundle(id).await {
        Err(error) if error.kind() == trackside_core::ErrorKind::NotFound => return Ok(Node::null()),
        bundle => bundle?,
    };
    let shelf = Shelf::of_collection(service, service.collection(bundle.home).await?).await?;
    let place = Place {
        shelf,
        number: bundle.number.unwrap_or_default(),
        aliases: Vec::new(),
        created_at: bundle.created_at,
        holds: Holds::Bundle(bundle),
    };
    Ok(Node::object(ArtifactObject {
        places: OnceCell::from(vec![place.clone()]),
        ..ArtifactObject::new(caller, place)
    }))
}

/// A type of artifacts.
pub(super) fn artifact_type(kind: &str) -> Value {
    json!({
        "__typename": "ArtifactType",
        "id": node_id::encode("ArtifactType", kind),
        "name": kind,
        "description": null,
        "createdAt": "1970-01-01T00:00:00Z",
    })
}

/// Tags of artifacts and collections.
pub(crate) fn tags(labels: &[String]) -> Value {
    labels.iter().map(|label| tag(label)).collect()
}

/// A tag of an artifact or a collection.
pub(super) fn tag(label: &str) -> Value {
    json!({ "__typename": "Tag", "id": node_id::encode("Tag", label), "name": label })
}

/// Aliases of something in its collection, `v` and its number among them.
pub(super) fn alias_nodes(place: &Place, collection: Option<&dyn Fn() -> Node>) -> Vec<Node> {
    let number = format!("v{}", place.number);
    let node = |alias: &str| {
        let id = node_id::encode("ArtifactAlias", &format!("{}/{alias}", place.shelf.id()));
        let collection = collection.map_or_else(Node::null, |collection| collection());
        let fields = [("id", id.into()), ("alias", alias.into()), ("artifactCollection", collection)];
        Payload::node("ArtifactAlias", fields)
    };
    place.aliases.iter().map(String::as_str).chain([number.as_str()]).map(node).collect()
}
