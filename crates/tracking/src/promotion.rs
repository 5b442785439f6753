//! Model versions, their stages, aliases and tags, changed by somebody for a reason.

use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};
use trackside_core::{Clock, Result};
use trackside_http_client::{Answer, Auth, HeaderName, Method, Secret};
use trackside_mlflow_wire::ModelVersion;

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
        Ok(Self { server: Server::with(url, auth, clock)?, reason: reason.map(reason_header) })
    }

    /// The same for another reason.
    #[must_use]
    pub fn because(&self, reason: &str) -> Self {
        Self { server: self.server.clone(), reason: Some(reason_header(reason)) }
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

    /// Takes an alias away.
    pub async fn withdraw(&self, model: &str, alias: &str) -> Result<()> {
        self.send(Method::DELETE, "registered-models/alias", &json!({"name": model, "alias": alias})).await.map(drop)
    }

    /// Registers a model.
    pub async fn register_model(&self, model: &str) -> Result<()> {
        self.post("registered-models/create", &json!({"name": model})).await
    }

    /// Registers a version with these tags.
    pub async fn register_version(
        &self,
        model: &str,
        source: &str,
        run: Option<&str>,
        tags: &[(&str, &str)],
    ) -> Result<ModelVersion> {
        let tags: Vec<_> = tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        let body = json!({"name": model, "source": source, "run_id": run, "tags": tags});
        let created: Created = self.send(Method::POST, "model-versions/create", &body).await?.json()?;
        Ok(created.model_version)
    }

    /// Deletes a version.
    pub async fn delete_version(&self, model: &str, version: &str) -> Result<()> {
        self.send(Method::DELETE, "model-versions/delete", &json!({"name": model, "version": version})).await.map(drop)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<()> {
        self.send(Method::POST, path, body).await.map(drop)
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Answer> {
        let call = self.server.client.call(method, &format!("{ROOT}/{path}")).json(body);
        let call = match &self.reason {
            Some(reason) => call.header(REASON, reason),
            None => call,
        };
        call.send().await
    }
}

#[derive(Debug, Deserialize)]
struct Created {
    model_version: ModelVersion,
}
