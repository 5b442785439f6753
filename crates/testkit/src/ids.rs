//! Ids that can be foretold.

use std::sync::atomic::{AtomicU64, Ordering};

use trackside_core::{IdSource, Result};

/// Ids 1, 2, 3 and so on: a test can write down the id a run is going to have.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl IdSource for SequentialIds {
    fn fresh(&self) -> Result<u128> {
        Ok(u128::from(self.0.fetch_add(1, Ordering::SeqCst)) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_count_from_one() {
        let ids = SequentialIds::default();
        assert_eq!([ids.fresh().unwrap(), ids.fresh().unwrap()], [1, 2]);
    }
}
