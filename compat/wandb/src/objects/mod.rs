//! What queries ask for.

mod entity;
mod queries;
mod server_info;
mod user;

pub(crate) use queries::Queries;
