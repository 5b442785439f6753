//! Evidence that others can check: in-toto Statements in signed DSSE envelopes.
//!
//! What is attested is what we saw ourselves. That is no level of SLSA; the builder's id says who speaks.
//!
//! Sources: in-toto Statement v1, SLSA Provenance v1, DSSE 1.0.2.

mod envelope;
mod key;
mod statement;
#[cfg(test)]
mod tests;

pub use envelope::{Envelope, Signature, VerifyError};
pub(crate) use envelope::{decoded, signed};
pub use key::{KeyFileError, SigningKey, VerifyingKey};
pub use statement::{Builder, Statement, Subject};
