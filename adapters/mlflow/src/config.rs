//! What a user sets for an MLflow destination.

use std::path::PathBuf;

use trackside_http_client::{Auth, Config as Http};

/// Settings of a destination.
#[derive(Debug, Clone)]
pub struct Config {
    /// Name of the sink.
    pub name: String,
    /// Where the server is, without `/api`; its static prefix, if it has one, is part of it.
    pub url: String,
    /// Put in front of the names of experiments, so that several sources can share a server.
    pub experiment_prefix: Option<String>,
    /// Whether to upload artifacts.
    pub artifacts: bool,
    /// Credentials, limits of time, further certificates.
    pub http: Http,
}

impl Config {
    /// A server that asks for nothing, with all defaults.
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self { name: name.into(), url: url.into(), experiment_prefix: None, artifacts: true, http: Http::default() }
    }

    /// With these credentials: MLflow's basic auth, or a token that a proxy in front of it checks.
    #[must_use]
    pub fn with_auth(mut self, auth: Auth) -> Self {
        self.http.auth = auth;
        self
    }

    /// With another certificate authority beside those of the system.
    #[must_use]
    pub fn with_ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.http.ca_file = Some(path.into());
        self
    }
}
