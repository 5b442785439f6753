//! Artifact bytes: streamed both ways, published atomically, confined to configured roots.
//!
//! [`ArtifactStore`] is one root on the `object_store` crate; [`Artifacts`] maps the artifact URIs of runs and
//! models to roots. A struct and no trait: `object_store` is the seam, and its in-memory store serves tests.

#![warn(missing_docs)]

mod artifacts;
mod error;
mod file;
mod store;

pub use artifacts::{Artifacts, PROXY_ROOT};
pub use file::ArtifactFile;
pub use store::ArtifactStore;
