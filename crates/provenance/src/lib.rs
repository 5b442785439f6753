//! Captures how a run came to be: `data/` what it read, `git/` its code, `environment/` what it ran in.
//!
//! Nothing here fails a run: what cannot be learnt is a [`trackside_evidence::Gap`].

#![warn(missing_docs)]

mod child;
pub mod data;
pub mod environment;
pub mod git;
