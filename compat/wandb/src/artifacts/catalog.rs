//! The registries of the organisation, and what is in each.
//!
//! A registry is there from when something is linked into it; the one for models always is. What MLflow's clients have
//! registered is found by name in every registry, and listed in that one.

use std::collections::BTreeMap;

use trackside_core::{PageRequest, Query, Result, is_prompt, query::RegisteredModelField};
use trackside_service::Service;
use trackside_wandb_wire::{
    artifact_name::{MODEL_REGISTRY, is_registry_of_organization},
    run_name::ProjectName,
};

use super::{
    Room, Shelf,
    shelf::{Kind, registry_of},
};

/// Whose registries are.
pub(crate) const ORGANIZATION: &str = "organization";

/// Registered models that are looked at.
const MOST: usize = 10_000;
/// How many are read at once.
const PAGE: usize = 500;

/// Registries with their collections, both by name.
#[derive(Debug)]
pub(crate) struct Catalog(BTreeMap<String, Vec<Shelf>>);

impl Catalog {
    /// As it is now.
    pub(crate) async fn read(service: &Service) -> Result<Self> {
        let mut registries = BTreeMap::from([(MODEL_REGISTRY.to_owned(), Vec::new())]);
        let (mut page, mut n_read) = (PageRequest::first(PAGE), 0);
        while n_read < MOST {
            let models = service.search_registered_models(Query::<RegisteredModelField>::default(), page).await?;
            n_read += models.items.len();
            for model in models.items.into_iter().filter(|model| !is_prompt(&model.tags)) {
                let registry = registry_of(&model).unwrap_or(MODEL_REGISTRY).to_owned();
                if is_registry_of_organization(&registry) {
                    let room = Room::Registry(named(&registry));
                    registries.entry(registry).or_default().push(Shelf { room, of: Kind::Model(model) });
                }
            }
            let Some(next) = models.next else { break };
            page = PageRequest { limit: PAGE, after: Some(next) };
        }
        for shelves in registries.values_mut() {
            shelves.sort_by(|a, b| a.name().cmp(b.name()));
        }
        Ok(Self(registries))
    }

    /// Names of the registries.
    pub(crate) fn registries(&self) -> impl Iterator<Item = ProjectName> {
        self.0.keys().map(|name| named(name))
    }

    /// What is in those registries that pass, by registry and name.
    pub(crate) fn shelves(&self, passes: impl Fn(&str) -> bool) -> impl Iterator<Item = &Shelf> {
        self.0.iter().filter(move |(name, _)| passes(name)).flat_map(|(_, shelves)| shelves)
    }

    /// Whether there is a registry of this name.
    pub(crate) fn has(&self, registry: &str) -> bool {
        self.0.contains_key(registry)
    }
}

fn named(registry: &str) -> ProjectName {
    ProjectName::new(Some(ORGANIZATION), Some(registry))
}
