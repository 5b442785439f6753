//! Registered models.

use serde::Deserialize;
use trackside_core::Result;
use trackside_mlflow_wire::ModelVersion;

use crate::Server;

#[derive(Debug, Deserialize)]
struct Found {
    model_version: ModelVersion,
}

#[derive(Debug, Deserialize)]
struct Place {
    artifact_uri: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page {
    model_versions: Vec<ModelVersion>,
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ModelFound {
    registered_model: Model,
}

#[derive(Debug, Deserialize)]
struct Model {
    /// Servers before 2.3 have none.
    #[serde(default)]
    aliases: Vec<Alias>,
}

#[derive(Debug, Deserialize)]
struct Alias {
    alias: String,
    version: String,
}

impl Server {
    /// The aliases of a model, and the numbers of the versions they name. `NotFound` when there is no such model.
    pub async fn aliases(&self, model: &str) -> Result<Vec<(String, String)>> {
        let found: ModelFound = self.get("registered-models/get", &[("name", model)]).await?;
        Ok(found.registered_model.aliases.into_iter().map(|alias| (alias.alias, alias.version)).collect())
    }

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

    /// The artifact URI below which the files of a version are. `NotFound` when there is no such version.
    pub async fn place_of_version(&self, name: &str, version: &str) -> Result<String> {
        let query = [("name", name), ("version", version)];
        let found: Place = self.get("model-versions/get-download-uri", &query).await?;
        Ok(found.artifact_uri)
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
