//! `GET model-versions/search`, and lists of versions.

use serde::{Deserialize, Serialize};
use trackside_core::{
    self as core, Page, PageRequest, Query,
    query::{ModelVersionField, View},
};

use crate::{Failure, Int, ModelVersion, Texts, page, registered_model::registry_limit, search};

/// Most versions of one page, and as many as there are when the client does not say.
pub const MAX_MODEL_VERSIONS: i64 = 200_000;

/// `GET model-versions/search`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SearchModelVersions {
    /// See `search::model_versions`.
    pub filter: Option<String>,
    /// At most so many.
    #[serde(alias = "maxResults")]
    pub max_results: Option<Int>,
    /// One clause per item.
    #[serde(alias = "orderBy")]
    pub order_by: Texts,
    /// Where to go on.
    #[serde(alias = "pageToken")]
    pub page_token: Option<String>,
}

impl SearchModelVersions {
    /// What to search and which page.
    pub fn checked(self) -> Result<(Query<ModelVersionField>, PageRequest), Failure> {
        let limit = self.max_results.map_or(MAX_MODEL_VERSIONS, |Int(limit)| limit);
        let query = Query {
            filter: search::parse_model_version_filter(self.filter.as_deref().unwrap_or_default())?,
            order: search::parse_model_version_order(&self.order_by.0)?,
            view: View::default(),
        };
        let limit = registry_limit(limit, MAX_MODEL_VERSIONS)?;
        Ok((query, PageRequest { limit, after: page::parse(self.page_token.as_deref())? }))
    }
}

/// Answer of `model-versions/search` and `registered-models/get-latest-versions`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ModelVersionsFound {
    /// Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub model_versions: Vec<ModelVersion>,
    /// Absent when nothing follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

impl From<Page<core::ModelVersion>> for ModelVersionsFound {
    fn from(found: Page<core::ModelVersion>) -> Self {
        let next_page_token = page::render(found.next.as_ref());
        Self { next_page_token, ..found.items.into() }
    }
}

impl From<Vec<core::ModelVersion>> for ModelVersionsFound {
    fn from(found: Vec<core::ModelVersion>) -> Self {
        Self { model_versions: found.into_iter().map(ModelVersion::from).collect(), next_page_token: None }
    }
}
