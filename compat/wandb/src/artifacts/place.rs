//! What is in collections.

use trackside_core::{
    Bundle, BundleId, BundleState, ErrorKind, Member, ModelVersion, PageRequest, RegisteredModel, Result, Timestamp,
    VersionNumber,
};
use trackside_service::Service;
use trackside_wandb_wire::artifact_name::{self, LATEST};

use super::{MARKER, Shelf, shelf::Kind};

/// Versions of a registered model that are looked at.
const MOST: usize = 10_000;

/// Something in a collection.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) shelf: Shelf,
    /// From 0.
    pub(crate) number: u32,
    pub(crate) aliases: Vec<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) holds: Holds,
}

/// What it is with us.
#[derive(Debug, Clone)]
pub(crate) enum Holds {
    Bundle(Bundle),
    /// A version that no artifact was linked as.
    Version(ModelVersion),
}

impl Place {
    /// By version: `v` and a number, an alias or a digest.
    pub(crate) async fn named(service: &Service, shelf: &Shelf, version: &str) -> Result<Option<Self>> {
        match &shelf.of {
            Kind::Bundles(collection) => {
                for which in artifact_name::meanings(version) {
                    if let Some(member) = service.member(collection.id, which).await? {
                        return Ok(Some(Self::of_member(shelf.clone(), member)));
                    }
                }
                Ok(None)
            }
            Kind::Model(model) => {
                let number = match artifact_name::number(version) {
                    Some(number) => number.checked_add(1),
                    None => Self::aliased(model, version),
                };
                match number {
                    Some(number) => Self::of_number(service, shelf, model, number).await,
                    None => Ok(None),
                }
            }
        }
    }

    /// A page of those with lower numbers than this, the highest first.
    pub(crate) async fn page(service: &Service, shelf: &Shelf, before: Option<u32>, limit: usize) -> Result<Vec<Self>> {
        match &shelf.of {
            Kind::Bundles(collection) => {
                let members = service.members(collection.id, before, limit).await?;
                Ok(members.into_iter().map(|member| Self::of_member(shelf.clone(), member)).collect())
            }
            Kind::Model(model) => {
                let versions = versions(service, model).await?;
                let highest = versions.last().map(|version| version.number);
                let below =
                    versions.into_iter().rev().filter(|version| before.is_none_or(|before| version.number <= before));
                let mut found = Vec::new();
                for version in below.take(limit) {
                    found.push(Self::of_version(service, shelf, version, highest).await?);
                }
                Ok(found)
            }
        }
    }

    /// How many there are.
    pub(crate) async fn count(service: &Service, shelf: &Shelf) -> Result<usize> {
        Ok(match &shelf.of {
            Kind::Bundles(collection) => usize::try_from(collection.n_members).unwrap_or(usize::MAX),
            Kind::Model(model) => versions(service, model).await?.len(),
        })
    }

    /// Where a bundle is, its home first, then registered models.
    pub(crate) async fn all_of(service: &Service, bundle: BundleId) -> Result<Vec<Self>> {
        let mut places = Vec::new();
        for member in service.memberships(bundle).await? {
            let collection = service.collection(member.collection).await?;
            places.push(Self::of_member(Shelf::of_collection(service, collection).await?, member));
        }
        for version in service.versions_marked(&super::marker(bundle)?).await? {
            let id = trackside_wandb_wire::node_id::encode("RegisteredModel", version.model.as_str());
            if let Some(shelf) = Shelf::by_id(service, &id).await?
                && let Kind::Model(model) = &shelf.of
            {
                places.extend(Self::of_number(service, &shelf, model, version.number).await?);
            }
        }
        Ok(places)
    }

    /// A member as it stands in its collection.
    pub(crate) fn of_member(shelf: Shelf, member: Member) -> Self {
        let Member { number, aliases, created_at, bundle, .. } = member;
        Self { shelf, number, aliases, created_at, holds: Holds::Bundle(bundle) }
    }

    /// A version of a model.
    pub(crate) async fn of_number(
        service: &Service,
        shelf: &Shelf,
        model: &RegisteredModel,
        number: VersionNumber,
    ) -> Result<Option<Self>> {
        let version = match service.model_version(&model.name, number).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            version => version?,
        };
        Self::of_version(service, shelf, version, highest(model)).await.map(Some)
    }

    async fn of_version(
        service: &Service,
        shelf: &Shelf,
        version: ModelVersion,
        highest: Option<VersionNumber>,
    ) -> Result<Self> {
        let mut aliases: Vec<_> = version.aliases.iter().map(|alias| alias.as_str().to_owned()).collect();
        // It can be given to none there, and has always been the highest.
        aliases.extend((highest == Some(version.number)).then(|| LATEST.to_owned()));
        let (number, created_at) = (version.number.saturating_sub(1), version.created_at);
        let holds = match bundle_of(service, &version).await? {
            Some(bundle) => Holds::Bundle(bundle),
            None => Holds::Version(version),
        };
        Ok(Self { shelf: shelf.clone(), number, aliases, created_at, holds })
    }

    fn aliased(model: &RegisteredModel, alias: &str) -> Option<VersionNumber> {
        if alias == LATEST {
            return highest(model);
        }
        model.aliases.iter().find(|(known, _)| known.as_str() == alias).map(|(_, number)| *number)
    }

    /// For how many seconds from its creation it is kept.
    pub(crate) fn lifetime_secs(&self) -> Option<u64> {
        self.bundle().and_then(|bundle| bundle.lifetime_secs)
    }

    /// The bundle, if it is one.
    pub(crate) fn bundle(&self) -> Option<&Bundle> {
        match &self.holds {
            Holds::Bundle(bundle) => Some(bundle),
            Holds::Version(_) => None,
        }
    }
}

/// The versions of a model, by number.
async fn versions(service: &Service, model: &RegisteredModel) -> Result<Vec<ModelVersion>> {
    let mut versions: Vec<ModelVersion> = Vec::new();
    let mut page = PageRequest::first(1_000);
    while versions.len() < MOST {
        let found = service.versions_of_model(&model.name, None, page).await?;
        versions.extend(found.items);
        let Some(next) = found.next else { break };
        page = PageRequest { limit: 1_000, after: Some(next) };
    }
    versions.sort_unstable_by_key(|version| version.number);
    // A search finds them without.
    for (alias, number) in &model.aliases {
        if let Ok(place) = versions.binary_search_by_key(number, |version| version.number)
            && let Some(version) = versions.get_mut(place)
        {
            version.aliases.push(alias.clone());
        }
    }
    Ok(versions)
}

/// The highest there is, which is the highest of some stage.
fn highest(model: &RegisteredModel) -> Option<VersionNumber> {
    model.latest_versions.iter().map(|version| version.number).max()
}

async fn bundle_of(service: &Service, version: &ModelVersion) -> Result<Option<Bundle>> {
    let tag = version.tags.iter().find(|tag| tag.key.as_str() == MARKER);
    let Some(id) = tag.and_then(|tag| tag.value.parse().ok()) else { return Ok(None) };
    match service.bundle(BundleId::new(id)).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        bundle => Ok(Some(bundle?).filter(|bundle| bundle.state == BundleState::Committed)),
    }
}
