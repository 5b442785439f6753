//! The server's REST API, as one delivery uses it.

use serde::{Serialize, de::DeserializeOwned};
use trackside_core::{ArtifactBytes, Error, Result};
use trackside_http_client::{Answer, Call, Client, Method};

use crate::lane::Lane;

/// The prefix of nearly all routes; the same in all versions since 1.0.
const ROOT: &str = "/api/2.0/mlflow";
/// The store of artifacts that the server itself is.
const ARTIFACTS: &str = "/api/2.0/mlflow-artifacts/artifacts";

/// An answer that says nothing.
pub(crate) type Nothing = serde::de::IgnoredAny;

/// Calls the server, one at a time.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    client: Client,
    lane: Lane,
}

impl Api {
    pub(crate) const fn new(client: Client, lane: Lane) -> Self {
        Self { client, lane }
    }

    /// Scheme, host and port of the server.
    pub(crate) fn base(&self) -> &str {
        self.client.base()
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T> {
        let query: Vec<(String, String)> =
            query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.call(Method::GET, format!("{ROOT}/{path}"), |call| call.query(query)).await?.json()
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &(impl Serialize + Sync)) -> Result<T> {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn patch<T: DeserializeOwned>(&self, path: &str, body: &(impl Serialize + Sync)) -> Result<T> {
        self.send(Method::PATCH, path, body).await
    }

    /// `DELETE` with a body, which is where MLflow looks for parameters.
    pub(crate) async fn delete(&self, path: &str, body: &(impl Serialize + Sync)) -> Result<Nothing> {
        self.send(Method::DELETE, path, body).await
    }

    /// `DELETE` of what the path alone names; each segment may be any text.
    pub(crate) async fn delete_at(&self, path: &str, below: Vec<String>) -> Result<Nothing> {
        self.call(Method::DELETE, format!("{ROOT}/{path}"), |call| call.below(below)).await?.json()
    }

    /// Stores a file at this path below the root of the server's store.
    pub(crate) async fn put_artifact(&self, path: &str, bytes: ArtifactBytes) -> Result<()> {
        let path = segments(path);
        self.call(Method::PUT, ARTIFACTS.to_owned(), |call| call.below(path).stream(bytes)).await.map(drop)
    }

    /// Removes a file or directory there.
    pub(crate) async fn delete_artifact(&self, path: &str) -> Result<()> {
        let path = segments(path);
        self.call(Method::DELETE, ARTIFACTS.to_owned(), |call| call.below(path)).await.map(drop)
    }

    async fn send<T: DeserializeOwned>(&self, method: Method, path: &str, body: &(impl Serialize + Sync)) -> Result<T> {
        let body = serde_json::to_vec(body)
            .map_err(|error| Error::internal("a request cannot be written as JSON").with_source(error))?;
        self.call(method, format!("{ROOT}/{path}"), |call| call.json_text(body)).await?.json()
    }

    async fn call(
        &self,
        method: Method,
        path: String,
        build: impl for<'c> FnOnce(Call<'c>) -> Call<'c> + Send + 'static,
    ) -> Result<Answer> {
        let client = self.client.clone();
        self.lane.run(async move { build(client.call(method, &path)).send().await }).await
    }
}

fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
}
