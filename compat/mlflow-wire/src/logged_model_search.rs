//! `POST logged-models/search`, whose page tokens belong to one search.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use trackside_core::{
    self as core, ExperimentId, Page, PageRequest, PageToken, Query, fault,
    query::{LoggedModelField, View},
};

use crate::{
    Failure, Flag, Int, LoggedModel, MAX_SEARCH_RESULTS,
    experiment::experiment_id,
    object::objects,
    request::required,
    search::{self, LoggedModelOrder, MeasuredOn},
};

/// Models of a page when the client does not say, or says 0.
pub const DEFAULT_LOGGED_MODELS: i64 = 50;

/// `POST logged-models/search`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchLoggedModels {
    /// Required; none find none.
    #[serde(alias = "experimentIds", skip_serializing_if = "Option::is_none")]
    pub experiment_ids: Option<Vec<String>>,
    /// See `search::logged_models`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Narrows conditions on metrics.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub datasets: Option<Vec<MeasuredDataset>>,
    /// At most so many.
    #[serde(alias = "maxResults", skip_serializing_if = "Option::is_none")]
    pub max_results: Option<Int>,
    /// Criteria.
    #[serde(alias = "orderBy")]
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub order_by: Option<Vec<OrderLoggedModels>>,
    /// Where to go on.
    #[serde(alias = "pageToken", skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

/// A dataset that metrics were measured on.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MeasuredDataset {
    /// Required.
    #[serde(alias = "datasetName")]
    pub dataset_name: Option<String>,
    /// Absent or empty means any.
    #[serde(alias = "datasetDigest")]
    pub dataset_digest: Option<String>,
}

/// A criterion of the order.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderLoggedModels {
    /// An attribute, or `metrics.` and a key. Required.
    #[serde(alias = "fieldName")]
    pub field_name: Option<String>,
    /// Smallest first, unless it is false.
    pub ascending: Option<Flag>,
    /// Only points measured on a dataset of that name.
    #[serde(alias = "datasetName")]
    pub dataset_name: Option<String>,
    /// And of that digest.
    #[serde(alias = "datasetDigest")]
    pub dataset_digest: Option<String>,
}

/// A search, valid in itself.
#[derive(Debug)]
pub struct LoggedModelSearch {
    /// Where to look.
    pub experiments: Vec<ExperimentId>,
    /// What for.
    pub query: Query<LoggedModelField>,
    /// Which page.
    pub page: PageRequest,
    /// What the tokens of this search carry.
    pub scope: SearchScope,
}

/// What makes a search another one, so that its tokens do not fit.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchScope {
    experiment_ids: Vec<String>,
    filter: String,
    datasets: Vec<MeasuredDataset>,
    order_by: Vec<OrderLoggedModels>,
}

/// A page token within its base64.
#[derive(Serialize, Deserialize)]
struct ScopedToken<S> {
    scope: S,
    after: String,
}

impl SearchLoggedModels {
    /// What to search.
    pub fn checked(self) -> Result<LoggedModelSearch, Failure> {
        let scope = SearchScope {
            experiment_ids: required(self.experiment_ids, "experiment_ids")?,
            filter: self.filter.unwrap_or_default(),
            datasets: self.datasets.unwrap_or_default(),
            order_by: self.order_by.unwrap_or_default(),
        };
        let limit = match self.max_results.unwrap_or_default().0 {
            0 => DEFAULT_LOGGED_MODELS,
            limit => limit.min(MAX_SEARCH_RESULTS),
        };
        let limit = usize::try_from(limit).map_err(|_| {
            Failure::invalid(format!(
                "Invalid value {limit} for parameter 'max_results' supplied. It must be a positive integer"
            ))
        })?;
        let query = Query {
            filter: search::parse_logged_model_filter(&scope.filter, &scope.measured_on())?,
            order: search::parse_logged_model_order(&scope.order())?,
            view: View::default(),
        };
        let experiments = scope.experiment_ids.iter().map(|id| experiment_id(id)).collect::<Result<_, _>>()?;
        let after = scope.token(self.page_token.as_deref())?;
        Ok(LoggedModelSearch { experiments, query, page: PageRequest { limit, after }, scope })
    }
}

impl SearchScope {
    fn measured_on(&self) -> Vec<MeasuredOn> {
        let one = |dataset: &MeasuredDataset| {
            let digest = dataset.dataset_digest.clone().filter(|digest| !digest.is_empty());
            (dataset.dataset_name.clone().unwrap_or_default(), digest)
        };
        self.datasets.iter().map(one).collect()
    }

    fn order(&self) -> Vec<LoggedModelOrder> {
        let one = |order: &OrderLoggedModels| LoggedModelOrder {
            field_name: order.field_name.clone().unwrap_or_default(),
            ascending: order.ascending.is_none_or(|Flag(ascending)| ascending),
            dataset_name: order.dataset_name.clone(),
            dataset_digest: order.dataset_digest.clone(),
        };
        self.order_by.iter().map(one).collect()
    }

    /// The store's token in one that came; an empty one is none.
    fn token(&self, text: Option<&str>) -> Result<Option<PageToken>, Failure> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
        let bytes = STANDARD.decode(text).map_err(|_| fault::invalid_page_token())?;
        let token: ScopedToken<Self> = serde_json::from_slice(&bytes).map_err(|_| fault::invalid_page_token())?;
        if token.scope != *self {
            return Err(Failure::invalid(
                "The page token belongs to a search with another filter, order or experiments",
            ));
        }
        Ok(Some(PageToken::new(token.after)))
    }

    /// The token to send.
    fn render(&self, token: &PageToken) -> String {
        let token = ScopedToken { scope: self, after: token.as_str().to_owned() };
        STANDARD.encode(serde_json::to_vec(&token).expect("all keys are texts"))
    }
}

/// Answer of `logged-models/search`.
#[derive(Debug, Serialize, Deserialize)]
pub struct LoggedModelsFound {
    /// Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<LoggedModel>,
    /// Absent when nothing follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

impl LoggedModelsFound {
    /// What a search found.
    pub fn of(scope: &SearchScope, found: Page<core::LoggedModel>) -> Self {
        Self {
            next_page_token: found.next.as_ref().map(|token| scope.render(token)),
            models: found.items.into_iter().map(LoggedModel::from).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(filter: &str, page_token: Option<String>) -> SearchLoggedModels {
        SearchLoggedModels {
            experiment_ids: Some(vec!["1".to_owned()]),
            filter: Some(filter.to_owned()),
            page_token,
            ..SearchLoggedModels::default()
        }
    }

    #[test]
    fn a_token_belongs_to_its_search() {
        let first = request("name = 'a'", None).checked().unwrap();
        assert_eq!(first.page, PageRequest::first(50));
        let token = first.scope.render(&PageToken::new("2"));
        let next = request("name = 'a'", Some(token.clone())).checked().unwrap();
        assert_eq!(next.page.after, Some(PageToken::new("2")));
        assert!(request("name = 'b'", Some(token)).checked().unwrap_err().message.contains("another filter"));
        for bad in ["abc", "!", "bm9wZQ=="] {
            assert!(request("", Some(bad.to_owned())).checked().is_err(), "{bad}");
        }
    }

    #[test]
    fn pages_are_bounded() {
        let limit = |limit| SearchLoggedModels { max_results: Some(Int(limit)), ..request("", None) }.checked();
        assert_eq!(limit(0).unwrap().page.limit, 50);
        assert_eq!(limit(i64::MAX).unwrap().page.limit, 50_000);
        assert!(limit(-1).is_err());
    }
}
