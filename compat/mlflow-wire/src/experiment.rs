//! Experiments: shapes of `/mlflow/experiments/*` and their conversions.

use std::collections::HashSet;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use trackside_core::{self as core, ExperimentId, Key, Page, PageRequest, Query, fault, query::ExperimentField};

use crate::{
    Choice, Failure, Int, Tag, Texts, names,
    object::objects,
    page,
    request::required,
    search::{self, python},
    view::view,
};

/// Longest name, in characters.
pub const MAX_EXPERIMENT_NAME_CHARS: usize = 500;
/// Longest tag value, in characters.
pub const MAX_EXPERIMENT_TAG_CHARS: usize = 20_000;
/// Most experiments and runs of one page.
pub const MAX_SEARCH_RESULTS: i64 = 50_000;
/// Experiments of a page when the client does not say.
pub const DEFAULT_SEARCH_RESULTS: i64 = 1000;

/// `POST experiments/create`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateExperiment {
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where its artifacts lie; empty is none.
    #[serde(alias = "artifactLocation", skip_serializing_if = "Option::is_none")]
    pub artifact_location: Option<String>,
    /// First tags.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Tag>>,
}

impl CreateExperiment {
    /// Name, location and tags.
    pub fn checked(self) -> Result<(Key, Option<String>, Vec<core::Tag>), Failure> {
        let name = experiment_name(required(self.name, "name")?)?;
        let tags = experiment_tags(self.tags.unwrap_or_default())?;
        Ok((name, self.artifact_location.filter(|location| !location.is_empty()), tags))
    }
}

/// Answer of `experiments/create`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExperimentCreated {
    /// A decimal number.
    pub experiment_id: String,
}

/// `GET experiments/get`, `POST experiments/delete`, `POST experiments/restore`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ExperimentById {
    /// Required.
    #[serde(alias = "experimentId")]
    pub experiment_id: Option<String>,
}

impl ExperimentById {
    /// The id.
    pub fn checked(self) -> Result<ExperimentId, Failure> {
        experiment_id(&required(self.experiment_id, "experiment_id")?)
    }
}

/// `GET experiments/get-by-name`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ExperimentByName {
    /// Required.
    #[serde(alias = "experimentName", skip_serializing_if = "Option::is_none")]
    pub experiment_name: Option<String>,
}

/// `POST experiments/update`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct UpdateExperiment {
    /// Required.
    #[serde(alias = "experimentId")]
    pub experiment_id: Option<String>,
    /// Required.
    #[serde(alias = "newName")]
    pub new_name: Option<String>,
}

impl UpdateExperiment {
    /// The id and the new name.
    pub fn checked(self) -> Result<(ExperimentId, Key), Failure> {
        let id = required(self.experiment_id, "experiment_id")?;
        let name = required(self.new_name, "new_name")?;
        Ok((experiment_id(&id)?, experiment_name(name)?))
    }
}

/// `POST experiments/set-experiment-tag`, and without a value `POST experiments/delete-experiment-tag`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ExperimentTag {
    /// Required.
    #[serde(alias = "experimentId")]
    pub experiment_id: Option<String>,
    /// Required.
    pub key: Option<CompactString>,
    /// Absent counts as empty.
    pub value: Option<String>,
}

impl ExperimentTag {
    /// The id and the tag.
    pub fn checked(self) -> Result<(ExperimentId, core::Tag), Failure> {
        let id = required(self.experiment_id, "experiment_id")?;
        let key = required(self.key, "key")?;
        let tag = Tag { key: Some(key), value: self.value }.checked("key", MAX_EXPERIMENT_TAG_CHARS)?;
        Ok((experiment_id(&id)?, tag))
    }
}

/// `GET` and `POST experiments/search`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchExperiments {
    /// At most so many; MLflow demands it, here the default is 1000.
    #[serde(alias = "maxResults", skip_serializing_if = "Option::is_none")]
    pub max_results: Option<Int>,
    /// Where to go on.
    #[serde(alias = "pageToken", skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
    /// See `search::experiments`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// One clause per item.
    #[serde(alias = "orderBy")]
    pub order_by: Texts,
    /// `ACTIVE_ONLY`, `DELETED_ONLY` or `ALL`.
    #[serde(alias = "viewType", skip_serializing_if = "Option::is_none")]
    pub view_type: Option<Choice>,
}

impl SearchExperiments {
    /// What to search and which page.
    pub fn checked(self) -> Result<(Query<ExperimentField>, PageRequest), Failure> {
        let limit = self.max_results.map_or(DEFAULT_SEARCH_RESULTS, |Int(limit)| limit);
        if limit <= 0 {
            return Err(Failure::invalid(format!(
                "Invalid value {limit} for parameter 'max_results' supplied. It must be a positive integer"
            )));
        }
        if limit > MAX_SEARCH_RESULTS {
            return Err(Failure::invalid(format!(
                "Invalid value {limit} for parameter 'max_results' supplied. It must be at most {MAX_SEARCH_RESULTS}"
            )));
        }
        let query = Query {
            filter: search::parse_experiment_filter(self.filter.as_deref().unwrap_or_default())?,
            order: search::parse_experiment_order(&self.order_by.0)?,
            view: view(self.view_type.as_ref()),
        };
        Ok((
            query,
            PageRequest {
                limit: usize::try_from(limit).unwrap_or_default(),
                after: page::parse(self.page_token.as_deref())?,
            },
        ))
    }
}

/// An experiment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Experiment {
    /// A decimal number.
    pub experiment_id: String,
    /// Unique.
    pub name: String,
    /// URI.
    pub artifact_location: String,
    /// `active` or `deleted`.
    pub lifecycle_stage: String,
    /// ms since the epoch; servers before 1.29 do not say.
    #[serde(default)]
    pub last_update_time: Int,
    /// As above.
    #[serde(default)]
    pub creation_time: Int,
    /// Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Always `default`: the server has no workspaces.
    #[serde(default)]
    pub workspace: String,
}

impl From<core::Experiment> for Experiment {
    fn from(experiment: core::Experiment) -> Self {
        Self {
            experiment_id: experiment.id.to_string(),
            name: experiment.name.as_str().to_owned(),
            artifact_location: experiment.artifact_location,
            lifecycle_stage: experiment.lifecycle.as_str().to_owned(),
            last_update_time: Int(experiment.updated_at.millis()),
            creation_time: Int(experiment.created_at.millis()),
            tags: experiment.tags.into_iter().map(Tag::from).collect(),
            workspace: "default".to_owned(),
        }
    }
}

/// Answer of `experiments/get` and `experiments/get-by-name`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExperimentFound {
    /// The one asked for.
    pub experiment: Experiment,
}

/// Answer of `experiments/search`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExperimentsFound {
    /// Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<Experiment>,
    /// Absent when nothing follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

impl From<Page<core::Experiment>> for ExperimentsFound {
    fn from(found: Page<core::Experiment>) -> Self {
        Self {
            next_page_token: page::render(found.next.as_ref()),
            experiments: found.items.into_iter().map(Experiment::from).collect(),
        }
    }
}

/// Reads an experiment id.
pub fn experiment_id(text: &str) -> Result<ExperimentId, Failure> {
    let number = python::integer(text).and_then(|number| number.parse().ok());
    number.map(ExperimentId::new).ok_or_else(|| {
        Failure::invalid(format!("Invalid experiment ID '{text}'. Experiment ID must be a valid integer."))
    })
}

fn experiment_name(name: String) -> Result<Key, Failure> {
    names::max_chars(&name, MAX_EXPERIMENT_NAME_CHARS, "name")?;
    Ok(Key::new(name)?)
}

/// Checks first tags. MLflow claims that the experiment exists when a key comes twice.
fn experiment_tags(tags: Vec<Tag>) -> Result<Vec<core::Tag>, Failure> {
    let checked = tags.into_iter().map(|tag| tag.checked("key", MAX_EXPERIMENT_TAG_CHARS));
    let tags: Vec<core::Tag> = checked.collect::<Result<_, _>>()?;
    let mut seen = HashSet::new();
    match tags.iter().find(|tag| !seen.insert(&tag.key)) {
        Some(twice) => Err(fault::duplicate_key("The tag", &twice.key).into()),
        None => Ok(tags),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_python_reads_integers() {
        for (text, id) in [("7", 7), (" 7 ", 7), ("-1", -1), ("007", 7)] {
            assert_eq!(experiment_id(text).unwrap(), ExperimentId::new(id), "{text:?}");
        }
        for bad in ["", "abc", "1.5", "99999999999999999999"] {
            let message = format!("Invalid experiment ID '{bad}'. Experiment ID must be a valid integer.");
            assert_eq!(experiment_id(bad).unwrap_err().message, message);
        }
    }

    #[test]
    fn names_and_tags_are_bounded_and_keys_differ() {
        let create = |name: String, keys: &[&str]| {
            let tag = |key: &&str| Tag { key: Some((*key).into()), value: None };
            let tags = Some(keys.iter().map(tag).collect());
            CreateExperiment { name: Some(name), artifact_location: Some(String::new()), tags }.checked()
        };
        let (_, location, tags) = create("é".repeat(500), &["a", "b"]).unwrap();
        assert_eq!((location, tags.len()), (None, 2));
        let too_long = create("é".repeat(501), &[]).unwrap_err().message;
        assert_eq!(too_long, "'name' exceeds the maximum length of 500 characters");
        assert_eq!(
            create("n".to_owned(), &["a", "b", "a"]).unwrap_err().message,
            "The tag 'a' is given more than once"
        );
    }

    #[test]
    fn pages_are_bounded() {
        let limit =
            |limit: Option<i64>| SearchExperiments { max_results: limit.map(Int), ..Default::default() }.checked();
        assert_eq!(limit(None).unwrap().1.limit, 1000);
        assert_eq!(limit(Some(50_000)).unwrap().1.limit, 50_000);
        assert!(limit(Some(0)).unwrap_err().message.ends_with("It must be a positive integer"));
        assert!(limit(Some(50_001)).unwrap_err().message.ends_with("It must be at most 50000"));
    }
}
