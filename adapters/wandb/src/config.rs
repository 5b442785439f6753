//! What a user sets.

use std::{path::PathBuf, time::Duration};

use trackside_http_client::Secret;

/// Settings of this destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Name of the sink.
    pub name: String,
    /// Server or directories.
    pub mode: Mode,
    /// User or team; `None` for the default one of the API key.
    pub entity: Option<String>,
    /// Project of all runs; `None` for one project per experiment.
    pub project: Option<String>,
}

/// Where runs go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// To a server.
    Online {
        /// Its address, e.g. `https://api.wandb.ai`.
        base_url: String,
        /// The API key.
        api_key: Secret,
        /// For a whole call; for an upload, how long nothing may move.
        timeout: Duration,
        /// PEM file with further certificates to trust.
        ca_file: Option<PathBuf>,
    },
    /// Into run directories that `wandb sync` reads: sync a run once it has ended. When a run grows after that, its
    /// directory counts as not synced again, and syncing it repeats its rows.
    Offline {
        /// Where the run directories are made.
        directory: PathBuf,
    },
}
