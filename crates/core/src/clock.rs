//! Time and fresh ids, passed in so that tests are exact.

use std::{fmt, time::UNIX_EPOCH};

use crate::{Error, Result, Timestamp};

/// Where the present instant comes from.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Where fresh ids come from.
pub trait IdSource: fmt::Debug + Send + Sync + 'static {
    /// 128 fresh bits.
    fn fresh(&self) -> Result<u128>;
}

/// Ids from the operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn fresh(&self) -> Result<u128> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|error| Error::internal("the system's random source failed").with_context("cause", error))?;
        Ok(u128::from_le_bytes(bytes))
    }
}
