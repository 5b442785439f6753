//! What a user sets for the connection to a destination.

use std::{path::PathBuf, time::Duration};

use crate::Secret;

/// How to prove who we are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// `Authorization: Bearer`.
    Bearer(Secret),
    /// `Authorization: Basic`.
    Basic {
        /// Who.
        user: String,
        /// The password, or an API key.
        password: Secret,
    },
}

/// Settings of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Credentials, sent to the configured origin only.
    pub auth: Auth,
    /// Until a connection stands, TLS included.
    pub connect_timeout: Duration,
    /// For a whole call; for a streamed upload, how long nothing may move.
    pub timeout: Duration,
    /// PEM file with further certificates to trust, beside those of the system (or of `SSL_CERT_FILE`).
    pub ca_file: Option<PathBuf>,
}

impl Default for Config {
    /// No credentials. 10 s suffice for a connection across continents; 60 s for a server that is slow but alive.
    fn default() -> Self {
        Self {
            auth: Auth::None,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_mins(1),
            ca_file: None,
        }
    }
}
