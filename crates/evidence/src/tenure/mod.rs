//! Proofs that a model version held a stage or an alias, for how long, and by whose doing.
//!
//! A *tenure* is that a version held a stage or an alias from one entry of the registry's ledger to another. All tenures, in the
//! order in which they began, are the leaves of a Merkle tree; a *checkpoint* is a signed statement of its root and of where
//! the ledger ended. A *proof* is a tenure, its path to the root and the checkpoint, and needs nothing else to be checked
//! but the public key: it says what the signer found in the ledger, all of it, at that time.
//!
//! Stored form `trackside-tenure-proof`, version 1. Tree and paths are those of RFC 9162 (2.1.1, 2.1.3), with SHA-256; a leaf is the
//! JSON of its tenure. The checkpoint is an in-toto Statement in a DSSE envelope, its subject the last entry of the ledger.

mod history;
mod merkle;
mod proof;
#[cfg(test)]
mod tests;

pub use history::{Held, Tenure, Tenures};
pub use proof::{Checkpoint, Proof, ProofError};
