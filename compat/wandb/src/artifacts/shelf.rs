//! Collections as clients see them.

use trackside_core::{
    Collection, CollectionId, CollectionRole, ErrorKind, PageRequest, Query, RegisteredModel, Result, Timestamp,
    is_prompt, query::RegisteredModelField,
};
use trackside_service::Service;
use trackside_wandb_wire::{artifact_name::OWN_REGISTRY, node_id, run_name::ProjectName, run_tag::LABELS};

use super::{REGISTRY, Room, room::key};

/// Collections of a room that are looked at: far more than one has.
const MOST: usize = 10_000;
/// How many are read at once.
const PAGE: usize = 500;
/// What registered models hold.
const MODEL: &str = "model";

/// A collection.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    pub(crate) room: Room,
    pub(crate) of: Kind,
}

/// What it is with us.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Bundles(Collection),
    Model(RegisteredModel),
}

impl Shelf {
    /// By name.
    pub(crate) async fn find(service: &Service, room: &Room, name: &str) -> Result<Option<Self>> {
        let Some(key) = key(name) else { return Ok(None) };
        let of = match room {
            Room::Project(project) => service.collection_named(project.experiment.id, &key).await?.map(Kind::Bundles),
            Room::Registry(registry) => match service.registered_model(&key).await {
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                found => Some(found?).filter(|model| is_in(model, &registry.project)).map(Kind::Model),
            },
        };
        Ok(of.map(|of| Self { room: room.clone(), of }))
    }

    /// All of a room, by name; those of a type where one is named.
    pub(crate) async fn all(service: &Service, room: &Room, kind: Option<&str>) -> Result<Vec<Self>> {
        let mut found = Vec::new();
        match room {
            Room::Project(project) => {
                let mut after = None;
                while found.len() < MOST {
                    let page = service.collections(project.experiment.id, after, PAGE).await?;
                    let Some(last) = page.last() else { break };
                    after = Some(last.id);
                    found.extend(page.into_iter().map(Kind::Bundles));
                }
            }
            Room::Registry(registry) => {
                let mut page = PageRequest::first(PAGE);
                while found.len() < MOST {
                    let models =
                        service.search_registered_models(Query::<RegisteredModelField>::default(), page).await?;
                    let shown = models.items.into_iter().filter(|model| is_in(model, &registry.project));
                    found.extend(shown.map(Kind::Model));
                    let Some(next) = models.next else { break };
                    page = PageRequest { limit: PAGE, after: Some(next) };
                }
            }
        }
        let mut shelves: Vec<_> = found.into_iter().map(|of| Self { room: room.clone(), of }).collect();
        shelves.retain(|shelf| kind.is_none_or(|kind| shelf.kind() == kind));
        shelves.sort_by(|a, b| a.name().cmp(b.name()));
        Ok(shelves)
    }

    /// The collection that has an id of the store's.
    pub(crate) async fn of_collection(service: &Service, collection: Collection) -> Result<Self> {
        let experiment = service.experiment(collection.experiment).await?;
        let room = Room::Project(crate::project::Project::of(experiment));
        Ok(Self { room, of: Kind::Bundles(collection) })
    }

    pub(crate) fn name(&self) -> &str {
        match &self.of {
            Kind::Bundles(collection) => collection.name.as_str(),
            Kind::Model(model) => model.name.as_str(),
        }
    }

    /// The type of what it holds.
    pub(crate) fn kind(&self) -> &str {
        match &self.of {
            Kind::Bundles(collection) => collection.kind.as_str(),
            Kind::Model(_) => MODEL,
        }
    }

    /// Its type in the schema.
    pub(crate) fn type_name(&self) -> &'static str {
        match &self.of {
            Kind::Bundles(collection) if collection.role == CollectionRole::Versions => "ArtifactSequence",
            _ => "ArtifactPortfolio",
        }
    }

    pub(crate) fn id(&self) -> String {
        match &self.of {
            Kind::Bundles(collection) => node_id::encode("ArtifactCollection", &collection.id.to_string()),
            Kind::Model(model) => node_id::encode("RegisteredModel", model.name.as_str()),
        }
    }

    pub(crate) fn description(&self) -> Option<&str> {
        match &self.of {
            Kind::Bundles(collection) => collection.description.as_deref(),
            Kind::Model(model) => model.description.as_deref(),
        }
    }

    /// Its tags, sorted.
    pub(crate) fn labels(&self) -> Vec<String> {
        match &self.of {
            Kind::Bundles(collection) => collection.labels.clone(),
            Kind::Model(model) => labels(tag(model, LABELS)),
        }
    }

    pub(crate) fn created_at(&self) -> Timestamp {
        match &self.of {
            Kind::Bundles(collection) => collection.created_at,
            Kind::Model(model) => model.created_at,
        }
    }

    pub(crate) fn updated_at(&self) -> Timestamp {
        match &self.of {
            Kind::Bundles(collection) => collection.updated_at,
            Kind::Model(model) => model.updated_at,
        }
    }

    /// Its id in the store, where it is a collection of bundles.
    pub(crate) fn collection(&self) -> Option<CollectionId> {
        match &self.of {
            Kind::Bundles(collection) => Some(collection.id),
            Kind::Model(_) => None,
        }
    }

    /// By the id that clients were given; none when there is no such.
    pub(crate) async fn by_id(service: &Service, id: &str) -> Result<Option<Self>> {
        if let Ok(name) = node_id::decode("RegisteredModel", id) {
            let registry = ProjectName::new(None, Some(OWN_REGISTRY));
            let Some(key) = key(&name) else { return Ok(None) };
            let model = match service.registered_model(&key).await {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                model => model?,
            };
            let project = tag(&model, REGISTRY).map_or_else(|| registry.project.clone(), str::to_owned);
            return Ok(Some(Self {
                room: Room::Registry(ProjectName { project, ..registry }),
                of: Kind::Model(model),
            }));
        }
        let number = node_id::decode("ArtifactCollection", id)?;
        let Ok(number) = number.parse() else { return Ok(None) };
        match service.collection(CollectionId::new(number)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            collection => Self::of_collection(service, collection?).await.map(Some),
        }
    }
}

/// Whether a model is in a registry: in the one it was linked into, or in all when nobody said.
fn is_in(model: &RegisteredModel, registry: &str) -> bool {
    !is_prompt(&model.tags) && tag(model, REGISTRY).is_none_or(|known| known == registry)
}

/// The registry that a model was linked into; none where nobody said.
pub(super) fn registry_of(model: &RegisteredModel) -> Option<&str> {
    tag(model, REGISTRY)
}

/// Labels as they stand in the tag [`LABELS`].
pub(crate) fn labels(text: Option<&str>) -> Vec<String> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn tag<'a>(model: &'a RegisteredModel, key: &str) -> Option<&'a str> {
    model.tags.iter().find(|tag| tag.key.as_str() == key).map(|tag| tag.value.as_str())
}
