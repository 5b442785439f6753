//! Git: what a command ran from, kept exactly, and found again later.
//!
//! Two engines do the same: `library/` is libgit2, in this process; `program/` is the program `git`, for what libgit2
//! does not read (reftable, split and sparse indexes, SHA-256) or would read wrongly (clean filters such as LFS,
//! `working-tree-encoding`). Neither writes to index, branches, working tree or reflogs, and neither fetches.
//!
//! Uncommitted state becomes a commit with the tree that `git add --all` would make (`selection.rs` says which files);
//! `refs/trackside/runs/<run id>` names it.

mod capture;
mod checkout;
mod excluded;
mod fault;
mod find;
mod ignored;
mod library;
mod limits;
mod name;
mod program;
mod reading;
mod selection;
mod submodules;
mod tags;

pub use capture::capture;
pub use checkout::{Checkout, CheckoutKind, checkout, discard};
pub use fault::Fault;
pub use find::{Found, find};
pub use ignored::is_ignored;
pub use limits::Limits;
pub use name::name;
pub use tags::{AnnotatedTag, TagLock, TagRepository};
