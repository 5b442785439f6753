//! What queries ask for.

mod connection;
mod console;
mod entity;
mod history;
mod history_keys;
mod payload;
mod project;
mod queries;
mod run;
mod run_files;
mod run_list;
mod server_info;
mod user;

pub(crate) use connection::{connection, page_info};
pub(crate) use payload::Payload;
pub(crate) use project::{DESCRIPTION, ProjectObject};
pub(crate) use queries::Queries;
pub(crate) use run::RunObject;
pub(crate) use run_files::of_id as file_of_id;
