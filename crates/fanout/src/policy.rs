//! How patient a sink is.

use std::time::Duration;

/// The settings of one sink. The defaults suit a server in the same building.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// How long one call may take. Batches with artifacts get longer, by their size at [`Policy::min_bytes_per_sec`].
    pub timeout: Duration,
    /// How slow an upload may be.
    pub min_bytes_per_sec: u64,
    /// How long to gather events before they are sent, so that a busy run makes few calls.
    pub linger: Duration,
    /// How much of the log to take at once, in bytes of it; bounds the memory of a sink.
    pub window_bytes: u64,
    /// How many subjects to deliver at once.
    pub concurrency: usize,
    /// The first pause after a failure is random between nothing and this; each further one may be twice as long.
    pub retry_base: Duration,
    /// No pause is longer, unless the peer asks for it.
    pub retry_max: Duration,
    /// After so many failures in a row the breaker opens: nothing is sent until a probe succeeds.
    pub breaker_failures: u32,
    /// After so many temporary failures of one batch, while the peer answers probes, it is a dead letter.
    pub give_up_after: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            min_bytes_per_sec: 128 * 1024,
            linger: Duration::from_millis(500),
            window_bytes: 2 * 1024 * 1024,
            concurrency: 4,
            retry_base: Duration::from_millis(500),
            retry_max: Duration::from_mins(1),
            breaker_failures: 5,
            give_up_after: 20,
        }
    }
}

/// What happens when the log has reached its cap because a sink is far behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenFull {
    /// The sink furthest behind gives up its place in the log, loudly. Once it answers again it is sent the whole
    /// history of the runs concerned from the system of record, so nothing is lost and no client waits.
    #[default]
    Detach,
    /// Clients' writes are refused until there is room: for those who would rather stop than mirror late.
    Refuse,
}

/// The bounds of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of undelivered events.
    pub max_log_bytes: u64,
    /// What happens then.
    pub when_full: WhenFull,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_log_bytes: 4 * 1024 * 1024 * 1024, when_full: WhenFull::default() }
    }
}
