//! W&B's protocol: GraphQL, the file stream, and files of runs. A handler parses, calls the service and renders; shapes
//! and conversions live in `trackside-wandb-wire`.
//!
//! What a query asks for are `objects/`, one per noun of the schema; what changes something are `mutations/`, one per
//! call. `/graphql` is MLflow's address as well: [`graphql`] looks at what is asked for and passes the rest on.
//! Below `/wb` all of this is W&B's alone.

#![warn(missing_docs)]

mod address;
mod artifacts;
mod caller;
mod contents;
mod counts;
mod error;
mod file_stream;
mod files;
mod fork;
mod graphql;
mod keys;
mod mutations;
mod objects;
mod pages;
mod project;
mod pulse;
mod records;
mod router;
mod runs;
mod sweeps;

use trackside_core::{Key, Result};
use trackside_server::Bodies;
use trackside_service::Service;
use trackside_wandb_wire::signature::Signer;

use crate::{counts::Counts, pulse::Pulse, sweeps::Sweeps};
/// The tag of versions of registered models that are artifacts; its value is the artifact's id.
pub use artifacts::MARKER as ARTIFACT_TAG;
pub use graphql::graphql;
pub use router::router;

/// A client aims at 10 MiB of lines; escaping may inflate them.
const LEAST_MAX_BYTES: usize = 64 << 20;
/// How many bodies of the largest size may be held at once; who sends more tries again.
const LARGEST_AT_ONCE: usize = 4;

/// What the handlers share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Door {
    service: Service,
    /// Memory for bodies; files are not bounded by it.
    bodies: Bodies,
    signer: Signer,
    pulse: Pulse,
    counts: Counts,
    sweeps: Sweeps,
    /// Whether clients may come without a key while there is none.
    anonymous: bool,
}

impl Door {
    /// A door to this service, which takes bodies of at most so many bytes, or 64 MiB if that is more. `anonymous`: only this
    /// machine gets here, so nobody needs a key until one is made.
    pub async fn open(service: Service, max_body_bytes: usize, anonymous: bool) -> Result<Self> {
        let secret = service.secret(&Key::new("wandb.urls")?).await?;
        Ok(Self {
            service,
            bodies: Bodies::of_at_most(max_body_bytes.max(LEAST_MAX_BYTES), LARGEST_AT_ONCE),
            signer: Signer::new(&secret),
            pulse: Pulse::default(),
            counts: Counts::default(),
            sweeps: Sweeps::default(),
            anonymous,
        })
    }

    /// Ends runs that are not heard of any more, until it is dropped.
    pub async fn watch(&self) {
        self.pulse.watch(&self.service).await;
    }
}

#[cfg(test)]
mod tests;
