//! Evaluation datasets: shapes of `/mlflow/datasets/*` and their conversions.
//!
//! What is an object elsewhere is a JSON text here. Elsewhere: records (`evaluation_record.rs`).

use std::fmt::Write;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use trackside_core::{
    self as core, ExperimentId, Json, Key, KeyValue, Object, Page, PageRequest, Query, fault,
    query::{EvaluationDatasetField, View},
};

use crate::{
    Failure, Int, Texts, experiment_id, page,
    request::required,
    search::{self, python},
};

/// Datasets of a page when the client does not say.
pub const DEFAULT_EVALUATION_DATASETS: i64 = 1000;
/// Most datasets of a page.
pub const MAX_EVALUATION_DATASETS: i64 = 50_000;
/// The tag that says who made something.
pub(crate) const USER_TAG: &str = "mlflow.user";

/// `POST datasets/create`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CreateEvaluationDataset {
    /// Required.
    pub name: Option<String>,
    /// Where it belongs.
    #[serde(alias = "experimentIds")]
    pub experiment_ids: Texts,
    /// A JSON object as a text.
    pub tags: Option<String>,
}

/// An evaluation dataset to be created.
#[derive(Debug, PartialEq)]
pub struct NewEvaluationDataset {
    /// Label.
    pub name: Key,
    /// Where it belongs.
    pub experiments: Vec<ExperimentId>,
    /// First tags.
    pub tags: Vec<core::Tag>,
    /// Who creates it.
    pub by: Option<String>,
}

impl CreateEvaluationDataset {
    /// What to create.
    pub fn checked(self) -> Result<NewEvaluationDataset, Failure> {
        let name = Key::new(required(self.name, "name")?)?;
        let tags = match self.tags.filter(|tags| !tags.is_empty()) {
            Some(tags) => object(&tags, "tags")?,
            None => Object::default(),
        };
        let by = tags.get(USER_TAG).and_then(Json::as_text).map(str::to_owned);
        Ok(NewEvaluationDataset { name, experiments: existing(&self.experiment_ids.0)?, tags: dataset_tags(tags)?, by })
    }
}

/// `PATCH datasets/<id>/tags`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SetEvaluationDatasetTags {
    /// Required: a JSON object as a text.
    pub tags: Option<String>,
}

impl SetEvaluationDatasetTags {
    /// The tags; those without a value are passed over.
    pub fn checked(self) -> Result<Vec<core::Tag>, Failure> {
        dataset_tags(object(&required(self.tags, "tags")?, "tags")?)
    }
}

/// `POST datasets/<id>/add-experiments` and `remove-experiments`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EvaluationDatasetExperiments {
    /// Which.
    #[serde(alias = "experimentIds")]
    pub experiment_ids: Texts,
}

impl EvaluationDatasetExperiments {
    /// Experiments that must exist.
    pub fn existing(self) -> Result<Vec<ExperimentId>, Failure> {
        existing(&self.experiment_ids.0)
    }

    /// Experiments that may exist.
    pub fn possible(self) -> Vec<ExperimentId> {
        possible(&self.experiment_ids.0)
    }
}

/// `GET` and `POST datasets/search`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SearchEvaluationDatasets {
    /// Only of these experiments.
    #[serde(alias = "experimentIds")]
    pub experiment_ids: Texts,
    /// See `search::evaluation_datasets`.
    #[serde(alias = "filterString")]
    pub filter_string: Option<String>,
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

/// A search for evaluation datasets.
#[derive(Debug)]
pub struct EvaluationDatasetSearch {
    /// Only of these experiments.
    pub experiments: Option<Vec<ExperimentId>>,
    /// Which, in which order.
    pub query: Query<EvaluationDatasetField>,
    /// Which page.
    pub page: PageRequest,
}

impl SearchEvaluationDatasets {
    /// What to search and which page.
    pub fn checked(self) -> Result<EvaluationDatasetSearch, Failure> {
        let limit = match self.max_results {
            None => DEFAULT_EVALUATION_DATASETS,
            Some(Int(limit)) if limit > MAX_EVALUATION_DATASETS => {
                return Err(refused_limit(limit, &format!("at most {MAX_EVALUATION_DATASETS}")));
            }
            // MLflow takes zero for nothing.
            Some(Int(0)) => return Err(refused_limit("None", "a positive integer")),
            Some(Int(limit)) => limit,
        };
        let limit = usize::try_from(limit).map_err(|_| refused_limit(limit, "a positive integer"))?;
        let after = page::parse(self.page_token.as_deref())?;
        let query = Query {
            filter: search::parse_evaluation_dataset_filter(self.filter_string.as_deref().unwrap_or_default())?,
            order: search::parse_evaluation_dataset_order(&self.order_by.0)?,
            view: View::default(),
        };
        let Texts(ids) = self.experiment_ids;
        let experiments = (!ids.is_empty()).then(|| possible(&ids));
        Ok(EvaluationDatasetSearch { experiments, query, page: PageRequest { limit, after } })
    }
}

fn refused_limit(limit: impl std::fmt::Display, rule: &str) -> Failure {
    Failure::invalid(format!("Invalid value {limit} for parameter 'max_results' supplied. It must be {rule}"))
}

/// An evaluation dataset.
#[derive(Debug, Serialize)]
pub struct EvaluationDataset {
    /// Unique.
    pub dataset_id: String,
    /// Need not be unique.
    pub name: String,
    /// A JSON object as a text.
    pub tags: String,
    /// A JSON object as a text; absent until there was a record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// A JSON object as a text, `null` when all records are gone; absent until there was a record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Changes whenever records are written.
    pub digest: String,
    /// ms since the epoch.
    pub created_time: Int,
    /// ms since the epoch.
    pub last_update_time: Int,
    /// Absent when nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Absent when nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_updated_by: Option<String>,
    /// Only in the answer to a creation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub experiment_ids: Vec<String>,
}

impl From<core::EvaluationDataset> for EvaluationDataset {
    fn from(dataset: core::EvaluationDataset) -> Self {
        let tags: Object =
            dataset.tags.into_iter().map(|tag| (tag.key.as_str().to_owned(), Json::Text(tag.value))).collect();
        let profile = dataset.schema.is_some().then(|| match dataset.n_records {
            0 => "null".to_owned(),
            n => format!("{{\"num_records\": {n}}}"),
        });
        Self {
            dataset_id: dataset.id.as_str().to_owned(),
            tags: tags.to_string(),
            schema: dataset.schema.map(|schema| schema.to_string()),
            profile,
            digest: dataset_digest(dataset.name.as_str(), dataset.written_at),
            name: dataset.name.as_str().to_owned(),
            created_time: Int(dataset.created_at.millis()),
            last_update_time: Int(dataset.updated_at.millis()),
            created_by: dataset.created_by,
            last_updated_by: dataset.updated_by,
            experiment_ids: Vec::new(),
        }
    }
}

/// Answer of most requests.
#[derive(Debug, Serialize)]
pub struct EvaluationDatasetFound {
    /// As it is now.
    pub dataset: EvaluationDataset,
}

impl EvaluationDatasetFound {
    /// A dataset that was just created.
    pub fn created(dataset: core::EvaluationDataset, experiments: &[ExperimentId]) -> Self {
        let experiment_ids = experiments.iter().map(ExperimentId::to_string).collect();
        Self { dataset: EvaluationDataset { experiment_ids, ..dataset.into() } }
    }
}

impl From<core::EvaluationDataset> for EvaluationDatasetFound {
    fn from(dataset: core::EvaluationDataset) -> Self {
        Self { dataset: dataset.into() }
    }
}

/// Answer of `datasets/search`.
#[derive(Debug, Serialize)]
pub struct EvaluationDatasetsFound {
    /// Absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub datasets: Vec<EvaluationDataset>,
    /// Absent when nothing follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

impl From<Page<core::EvaluationDataset>> for EvaluationDatasetsFound {
    fn from(found: Page<core::EvaluationDataset>) -> Self {
        Self {
            next_page_token: page::render(found.next.as_ref()),
            datasets: found.items.into_iter().map(EvaluationDataset::from).collect(),
        }
    }
}

/// Answer of `datasets/<id>/experiment-ids`.
#[derive(Debug, Serialize)]
pub struct ExperimentIdsFound {
    /// Absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub experiment_ids: Vec<String>,
}

impl From<Vec<ExperimentId>> for ExperimentIdsFound {
    fn from(found: Vec<ExperimentId>) -> Self {
        Self { experiment_ids: found.iter().map(ExperimentId::to_string).collect() }
    }
}

/// Reads an object that came as a text.
pub(crate) fn object(text: &str, parameter: &str) -> Result<Object, Failure> {
    match Json::parse(text) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err(Failure::invalid(format!("Parameter '{parameter}' must be a JSON object, as a text"))),
        Err(error) => Err(Failure::invalid(format!("Parameter '{parameter}' is {}", error.message()))),
    }
}

/// Values of tags are what Python prints; those that are `null` are none.
fn dataset_tags(tags: Object) -> Result<Vec<core::Tag>, Failure> {
    let tags = tags.into_iter().filter(|(_, value)| *value != Json::Null);
    tags.map(|(key, value)| Ok(KeyValue::new(key, python::printed(&value))?)).collect()
}

/// Ids of experiments that must exist: one that is no id is as unknown as any.
fn existing(ids: &[String]) -> Result<Vec<ExperimentId>, Failure> {
    ids.iter().map(|id| experiment_id(id).map_err(|_| fault::no_such_experiment(id).into())).collect()
}

/// Ids of experiments, without those that are none.
fn possible(ids: &[String]) -> Vec<ExperimentId> {
    ids.iter().filter_map(|id| experiment_id(id).ok()).collect()
}

/// Source: `_compute_dataset_digest` of `store/tracking/sqlalchemy_store.py` at 3.17.2.
fn dataset_digest(name: &str, written_at: core::Timestamp) -> String {
    let hash = digest(&SHA256, format!("{name}:{}", written_at.millis()).as_bytes());
    hash.as_ref().iter().take(4).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_mlflows() {
        // Read from a running server.
        assert_eq!(dataset_digest("a", core::Timestamp::from_millis(1_795_312_209_950)), "201cda36");
    }

    #[test]
    fn tags_are_printed_as_python_prints_them() {
        let tags = r#"{"a": "b", "i": 5, "b": true, "o": {"x": [1, null, "it's"]}, "f": 1.0, "n": null}"#;
        let tags = SetEvaluationDatasetTags { tags: Some(tags.to_owned()) }.checked().unwrap();
        let tags: Vec<_> = tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
        assert_eq!(tags, [("a", "b"), ("i", "5"), ("b", "True"), ("o", "{'x': [1, None, \"it's\"]}"), ("f", "1.0")]);
    }

    #[test]
    fn tags_are_an_object_in_a_text() {
        for bad in ["x", "[1]", "5", "{\"a\"}"] {
            let refused = SetEvaluationDatasetTags { tags: Some(bad.to_owned()) }.checked().unwrap_err();
            assert!(refused.message.starts_with("Parameter 'tags' "), "{}", refused.message);
        }
        assert!(SetEvaluationDatasetTags::default().checked().unwrap_err().message.starts_with("Missing value"));
    }

    #[test]
    fn pages_are_bounded() {
        let limit = |limit| {
            let search = SearchEvaluationDatasets { max_results: limit, ..SearchEvaluationDatasets::default() };
            search.checked().map(|search| search.page.limit).map_err(|failure| failure.message)
        };
        assert_eq!(limit(None), Ok(1000));
        assert_eq!(limit(Some(Int(50_000))), Ok(50_000));
        for (bad, told) in [
            (0, "Invalid value None for parameter 'max_results' supplied. It must be a positive integer"),
            (-1, "Invalid value -1 for parameter 'max_results' supplied. It must be a positive integer"),
            (50_001, "Invalid value 50001 for parameter 'max_results' supplied. It must be at most 50000"),
        ] {
            assert_eq!(limit(Some(Int(bad))), Err(told.to_owned()));
        }
    }

    #[test]
    fn experiments_that_are_none_are_unknown_or_passed_over() {
        let ids = || EvaluationDatasetExperiments { experiment_ids: Texts(vec!["1".to_owned(), "abc".to_owned()]) };
        assert_eq!(ids().existing().unwrap_err().message, "No Experiment with id=abc");
        assert_eq!(ids().possible(), [ExperimentId::new(1)]);
    }
}
