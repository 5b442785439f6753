//! What queries ask for.

mod artifact;
mod artifact_collection;
mod artifact_files;
mod artifact_membership;
mod connection;
mod console;
mod entity;
mod history;
mod history_keys;
mod organization;
mod payload;
mod project;
mod queries;
mod registry;
mod registry_search;
mod room_artifacts;
mod run;
mod run_artifacts;
mod run_files;
mod run_list;
mod server_info;
mod sweep;
mod user;

pub(crate) use artifact::{ArtifactObject, tags};
pub(crate) use artifact_collection::CollectionObject;
pub(crate) use artifact_membership::MembershipObject;
pub(crate) use connection::{connection, page_info};
pub(crate) use entity::EntityObject;
pub(crate) use organization::OrganizationObject;
pub(crate) use payload::Payload;
pub(crate) use project::{DESCRIPTION, ProjectObject};
pub(crate) use queries::Queries;
pub(crate) use registry::RegistryObject;
pub(crate) use run::RunObject;
pub(crate) use run_files::of_id as file_of_id;
pub(crate) use sweep::SweepObject;
