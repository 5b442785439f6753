//! Stages, aliases and tags of model versions, changed by somebody for a reason.

use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};
use trackside_core::{Clock, Result};
use trackside_http_client::{Auth, HeaderName, Method, Secret};

use crate::{Server, server::ROOT};

/// Where Trackside reads why something is changed, percent-encoded; others pass it over.
pub const REASON: HeaderName = HeaderName::from_static("x-trackside-reason");

/// What no header may hold, and what is read as the beginning of it.
const HIDDEN: &AsciiSet = &CONTROLS.add(b'%');

/// A reason as the header has it.
pub fn reason_header(reason: &str) -> String {
    utf8_percent_encode(reason, HIDDEN).to_string()
}

/// A server, and who asks it to change something.
#[derive(Debug, Clone)]
pub struct Registrar {
    server: Server,
    reason: Option<String>,
}

impl Registrar {
    /// With the API key of whoever it is, and why it is done. Connects to nothing.
    pub fn at(url: &str, key: Option<&str>, reason: Option<&str>, clock: Arc<dyn Clock>) -> Result<Self> {
        let auth = key.map_or(Auth::None, |key| Auth::Bearer(Secret::new(key)));
        let reason = reason.map(reason_header);
        Ok(Self { server: Server::with(url, auth, clock)?, reason })
    }

    /// The same server, to read from.
    pub const fn server(&self) -> &Server {
        &self.server
    }

    /// Moves a version to a stage; others of that stage to `Archived`, if asked for.
    pub async fn move_to(&self, model: &str, version: &str, stage: &str, archive_others: bool) -> Result<()> {
        let body =
            json!({"name": model, "version": version, "stage": stage, "archive_existing_versions": archive_others});
        self.post("model-versions/transition-stage", &body).await
    }

    /// Points an alias at a version.
    pub async fn point(&self, model: &str, alias: &str, version: &str) -> Result<()> {
        let body = json!({"name": model, "alias": alias, "version": version});
        self.post("registered-models/alias", &body).await
    }

    /// Sets a tag of a version.
    pub async fn tag(&self, model: &str, version: &str, key: &str, value: &str) -> Result<()> {
        let body = json!({"name": model, "version": version, "key": key, "value": value});
        self.post("model-versions/set-tag", &body).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<()> {
        let call = self.server.client.call(Method::POST, &format!("{ROOT}/{path}")).json(body);
        let call = match &self.reason {
            Some(reason) => call.header(REASON, reason),
            None => call,
        };
        call.send().await.map(drop)
    }
}
