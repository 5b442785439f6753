//! What an operator may tune.

use std::time::Duration;

use trackside_http_client::Reach;

/// Settings of deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Schemes that URLs may have. Default: `https`.
    pub schemes: Vec<String>,
    /// Which addresses may be reached. Default: those of the public internet.
    pub reach: Reach,
    /// For a whole message and its answer. Default 30 s, as MLflow's.
    pub timeout: Duration,
    /// Tries after the first before a delivery is given up. Default 9, which with the pauses between them last some nine
    /// minutes: long enough for a receiver to be restarted. MLflow's default is 3.
    pub retries: u32,
    /// Messages under way at once, each to another webhook. Default 32: enough that some silent receivers do not take all
    /// places, and a connection each.
    pub at_once: usize,
    /// Deliveries that are over and kept to be looked at. Default 10,000, some megabytes.
    pub kept: usize,
    /// For how long they are kept. Default 30 days.
    pub kept_for: Duration,
    /// Deliveries of one webhook that may wait; beyond that the oldest are given up. Default 10,000.
    pub waiting: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            schemes: vec!["https".to_owned()],
            reach: Reach::Public,
            timeout: Duration::from_secs(30),
            retries: 9,
            at_once: 32,
            kept: 10_000,
            kept_for: Duration::from_hours(30 * 24),
            waiting: 10_000,
        }
    }
}
