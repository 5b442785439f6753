//! Registered models.

use serde::Deserialize;
use trackside_core::Result;
use trackside_mlflow_wire::ModelVersion;

use crate::Server;

#[derive(Debug, Deserialize)]
struct Found {
    model_version: ModelVersion,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    model_versions: Vec<ModelVersion>,
    next_page_token: Option<String>,
}

impl Server {
    /// A version of a model. `NotFound` when there is none.
    pub async fn model_version(&self, name: &str, version: &str) -> Result<ModelVersion> {
        let found: Found = self.get("model-versions/get", &[("name", name), ("version", version)]).await?;
        Ok(found.model_version)
    }

    /// The version that an alias names. `NotFound` when there is none.
    pub async fn aliased_version(&self, name: &str, alias: &str) -> Result<ModelVersion> {
        let found: Found = self.get("registered-models/alias", &[("name", name), ("alias", alias)]).await?;
        Ok(found.model_version)
    }

    /// All versions of all models that pass a filter.
    pub async fn model_versions(&self, filter: &str) -> Result<Vec<ModelVersion>> {
        let (mut versions, mut token) = (Vec::new(), None::<String>);
        loop {
            let mut query = vec![("filter", filter), ("max_results", "1000")];
            query.extend(token.as_deref().map(|token| ("page_token", token)));
            let page: Page = self.get("model-versions/search", &query).await?;
            versions.extend(page.model_versions);
            token = page.next_page_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(versions);
            }
        }
    }
}
