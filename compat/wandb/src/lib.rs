//! W&B's protocol: GraphQL, the file stream, and files of runs. A handler parses, calls the service and renders; shapes
//! and conversions live in `trackside-wandb-wire`.
//!
//! What a query asks for are `objects/`, one per noun of the schema; what changes something are `mutations/`, one per
//! call. `/graphql` is MLflow's address as well: [`graphql`] looks at what is asked for and passes the rest on.
//! Below `/wb` all of this is W&B's alone.

#![warn(missing_docs)]

mod address;
mod body;
mod caller;
mod error;
mod graphql;
mod mutations;
mod objects;
mod router;

use trackside_service::Service;

pub use body::Bodies;
pub use graphql::graphql;
pub use router::router;

/// Whose everything is that names no entity.
pub const DEFAULT_ENTITY: &str = "local";

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct Door {
    /// The use cases.
    pub service: Service,
    /// Memory for bodies; files are not bounded by it.
    pub bodies: Bodies,
}
