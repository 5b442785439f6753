//! Artifact bytes: streamed both ways, published atomically, confined to configured roots.
//!
//! [`ArtifactStore`] is one root on the `object_store` crate; [`Artifacts`] maps the artifact URIs of runs and
//! models to roots. Bytes of local files go past `object_store`, in `local_upload.rs` and `read_ahead.rs`. A struct and no trait: `object_store` is the seam, and its in-memory store serves tests.

#![warn(missing_docs)]

mod artifacts;
mod blob_removal;
mod blobs;
mod error;
mod file;
mod local_links;
mod local_upload;
mod read_ahead;
mod store;

pub use artifacts::{Artifacts, PROXY_ROOT};
pub use blob_removal::HeldContent;
pub use blobs::{Blobs, ContentDigest, is_reserved};
pub use file::ArtifactFile;
pub use store::ArtifactStore;
