//! What a run read: files and directories with DVC's digests and SHA-256, and what DVC has on record of them.
//!
//! [`Survey`] is the way in. `walk.rs` finds files, `hashing.rs` spreads them over threads, `steady.rs` and `stream.rs`
//! hash one, `hash_cache.rs` remembers; `project.rs` and `dvc_file.rs` read DVC's files, `object_cache.rs` its cache and
//! remotes, `material.rs` takes data from there;
//! `subject.rs` puts what is named and what is on record together.

mod dos2unix;
mod dvc_file;
mod file_hash;
mod hash_cache;
mod hashing;
mod ignore_rules;
mod listing;
mod material;
mod measured;
mod object_cache;
mod place;
mod project;
mod steady;
mod stream;
mod subject;
mod survey;
mod walk;

pub use file_hash::FileHash;
pub use hashing::Progress;
pub use material::{Material, MaterialFile};
pub use measured::{Measured, MeasuredFile};
pub use survey::{Captured, Standing, Standings, Survey};
