use std::fmt;

use async_trait::async_trait;

use crate::{
    Key, Result,
    ledger::{LedgerDigest, LedgerEntry},
};

/// Which entries of the ledger to read, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerQuery {
    /// Of a model of this name, or that was given this name; `None` for all.
    pub model: Option<Key>,
    /// Only behind this one; 0 for all.
    pub after: u64,
    /// At most so many.
    pub limit: usize,
}

/// The ledger of the registry. Whatever changes a registered model or a version adds an entry in the same transaction;
/// what changes nothing adds none. There is no other way to write to it, and none to take anything back.
#[async_trait]
pub trait Ledger: fmt::Debug + Send + Sync + 'static {
    /// Entries as they were written. They are not checked: that is for whoever wants to know whether they were changed.
    async fn ledger(&self, query: LedgerQuery) -> Result<Vec<LedgerEntry>>;

    /// Number and digest of the last entry; 0 and [`LedgerDigest::NONE`] while there is none.
    async fn ledger_end(&self) -> Result<(u64, LedgerDigest)>;

    /// Number of the last entry on a model of this name, or one that was given this name; 0 while there is none.
    async fn ledger_end_of(&self, model: &Key) -> Result<u64>;
}
