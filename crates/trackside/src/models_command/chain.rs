//! A ledger, checked entry by entry.

use trackside_core::ledger::{LedgerDigest, LedgerEntry, NewLedgerEntry, RegistryState};

/// What has been read so far.
#[derive(Debug)]
pub(super) struct Chain {
    /// Number and digest of the last entry.
    pub(super) seq: u64,
    pub(super) end: LedgerDigest,
    /// The registry as entries leave it.
    pub(super) state: RegistryState,
    /// What is wrong with them.
    pub(super) faults: Vec<String>,
}

impl Chain {
    pub(super) fn new() -> Self {
        Self { seq: 0, end: LedgerDigest::NONE, state: RegistryState::default(), faults: Vec::new() }
    }

    /// Checks the next entry; what it says, if it can be believed.
    pub(super) fn take(&mut self, entry: &LedgerEntry) -> Option<NewLedgerEntry> {
        let told = entry.follows(self.seq, self.end).map_err(|error| error.message().to_owned()).and_then(|told| {
            let applied = self.state.apply(&told);
            applied.map(|()| told).map_err(|error| format!("entry {}: {}", entry.seq, error.message()))
        });
        (self.seq, self.end) = (entry.seq, entry.digest);
        match told {
            Ok(told) => Some(told),
            Err(fault) => {
                self.faults.push(fault);
                None
            }
        }
    }
}
