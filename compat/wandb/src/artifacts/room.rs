//! Where collections are.

use trackside_core::{Key, Result};
use trackside_service::Service;
use trackside_wandb_wire::{artifact_name::is_registry, run_name::ProjectName};

use crate::project::Project;

/// A project, or a registry.
#[derive(Debug, Clone)]
pub(crate) enum Room {
    Project(Project),
    /// There is one of each name; whose it is does not matter.
    Registry(ProjectName),
}

impl Room {
    /// By name; none when there is no such project.
    pub(crate) async fn find(service: &Service, name: ProjectName) -> Result<Option<Self>> {
        if is_registry(&name.project) {
            return Ok(Some(Self::Registry(name)));
        }
        Ok(Project::find(service, name).await?.map(Self::Project))
    }

    /// By name; a project is made when there is none.
    pub(crate) async fn find_or_create(service: &Service, name: ProjectName) -> Result<Self> {
        if is_registry(&name.project) {
            return Ok(Self::Registry(name));
        }
        Ok(Self::Project(Project::find_or_create(service, name).await?.0))
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &ProjectName {
        match self {
            Self::Project(project) => &project.name,
            Self::Registry(name) => name,
        }
    }
}

/// A name as a key; what can be none names nothing.
pub(super) fn key(name: &str) -> Option<Key> {
    Key::new(name).ok()
}
