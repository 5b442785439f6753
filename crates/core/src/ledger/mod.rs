//! The ledger of the model registry: who changed what, when, and from what to what. Entries are only ever added, each names
//! the digest of the one before it, and applied from the first one they are the registry as it was at any time.
//!
//! Stored form `trackside-ledger`, version 1. An entry is one line of JSON with these fields in this order:
//!
//! | | |
//! | --- | --- |
//! | `v` | version of the form |
//! | `seq` | number of the entry, from 1 without a gap |
//! | `previous` | SHA-256 of the line before it, in hex; of the first entry 64 zeros |
//! | `at` | milliseconds since the epoch, UTC |
//! | `model` | name of the registered model before the change |
//! | `action` | what was done, see [`Action`] |
//! | `by` | `name` of the API key, `address` and `client`: what is known of who did it |
//! | `reason` | why, if it was said |
//! | `evidence` | what the change was allowed by, if a policy asked: any JSON |
//! | `effects` | list of `version` (absent for the model itself), `what`, `key`, `before`, `after` |
//!
//! The digest of an entry is that of its line without the line feed, so nothing has to be put in a canonical form.
//! A line with a field that its version lacks is `Corrupt`. `tests/golden/ledger-v1.jsonl` has one of each.

mod action;
mod effect;
mod entry;
mod origin;
mod state;

pub use action::Action;
pub use effect::{Effect, Facet};
pub use entry::{LedgerDigest, LedgerEntry, NewLedgerEntry};
pub use origin::{Origin, Warrant};
pub use state::{ModelState, RegistryState, VersionState};
