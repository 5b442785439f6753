//! The model registry as git tags in the conventions of GTO 1.10: what tags say, what the registry says, and what has to be
//! done so that both say the same.
//!
//! Both sides are compared with the [`Base`], what they said when they last agreed. What moved on one side is carried to the
//! other; what moved on both, or cannot be read in one way only, is a [`Conflict`] and is left as it is. A crash between a
//! deed and the base that tells of it is harmless: then both sides moved to the same, which is no conflict, and tags that
//! were written here say so in their messages.
//!
//! `name.rs` spells names, `tag.rs` is the grammar of tags, `git_side.rs` and `trails.rs` are the sides, `pairing.rs` says
//! which version is which, `holding.rs` who holds what. `plan.rs` says what is to be done, of versions
//! by `presence.rs` and of what they hold by `moving.rs`; `draft.rs` makes tags of it. `docs/git-mirror.md` has the rules.

mod base;
mod conflict;
mod draft;
mod git_side;
mod holding;
mod message;
mod moving;
mod name;
mod pairing;
mod plan;
mod presence;
mod tag;
#[cfg(test)]
mod tests;
mod trails;

pub use base::Base;
pub use conflict::{Conflict, ConflictKind};
pub use git_side::{GitModel, GitTag, read_tags};
pub use message::Message;
pub use name::{artifact_name, label_of, model_name};
pub use plan::{GitDeed, Mirror, Plan, RegistryDeed, Standing};
pub use semver::Version;
pub use tag::{Deed, TagName};
pub use trails::{Mark, Trails};

/// Tag of a model version that says which semantic version it is.
pub const SEMVER_TAG: &str = "trackside.semver";
