//! Registered models: shapes of `/mlflow/registered-models/*` and their conversions.
//!
//! Elsewhere: aliases (`alias.rs`), versions (`model_version.rs`).

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use trackside_core::{
    self as core, Key, Page, PageRequest, Query, Stage, fault,
    query::{RegisteredModelField, View},
};

use crate::{
    Failure, Int, ModelAlias, ModelVersion, Tag, Texts, names,
    object::objects,
    page,
    request::{required, wrong_type},
    search,
};

/// Longest tag value of a registered model or version, in characters.
pub const MAX_REGISTRY_TAG_CHARS: usize = 100_000;
/// Most registered models of one page.
pub const MAX_REGISTERED_MODELS: i64 = 1000;
/// Registered models of a page when the client does not say.
pub const DEFAULT_REGISTERED_MODELS: i64 = 100;

/// `POST registered-models/create`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateRegisteredModel {
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Free text; empty is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// First tags; a key given twice keeps the last value.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Tag>>,
}

impl CreateRegisteredModel {
    /// Name, description and tags.
    pub fn checked(self) -> Result<(Key, Option<String>, Vec<core::Tag>), Failure> {
        let name = model_name(required(self.name, "name")?, "name")?;
        let tags = registry_tags(self.tags.unwrap_or_default())?;
        Ok((name, self.description.filter(|text| !text.is_empty()), tags))
    }
}

/// `GET registered-models/get` and `DELETE registered-models/delete`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RegisteredModelByName {
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl RegisteredModelByName {
    /// The name.
    pub fn checked(self) -> Result<Key, Failure> {
        model_name(required(self.name, "name")?, "name")
    }
}

/// `POST registered-models/rename`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RenameRegisteredModel {
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Required.
    #[serde(alias = "newName", skip_serializing_if = "Option::is_none")]
    pub new_name: Option<String>,
}

impl RenameRegisteredModel {
    /// The present name and the new one.
    pub fn checked(self) -> Result<(Key, Key), Failure> {
        let name = required(self.name, "name")?;
        let new_name = model_name(required(self.new_name, "new_name")?, "new_name")?;
        Ok((model_name(name, "name")?, new_name))
    }
}

/// `PATCH registered-models/update`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateRegisteredModel {
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Absent or empty clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl UpdateRegisteredModel {
    /// The name and the new description.
    pub fn checked(self) -> Result<(Key, Option<String>), Failure> {
        let name = model_name(required(self.name, "name")?, "name")?;
        Ok((name, self.description.filter(|text| !text.is_empty())))
    }
}

/// `POST registered-models/set-tag`, and without a value `DELETE registered-models/delete-tag`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RegisteredModelTag {
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<CompactString>,
    /// Absent counts as empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl RegisteredModelTag {
    /// The name and the tag.
    pub fn checked(self) -> Result<(Key, core::Tag), Failure> {
        let name = required(self.name, "name")?;
        let key = required(self.key, "key")?;
        let name = model_name(name, "name")?;
        Ok((name, Tag { key: Some(key), value: self.value }.checked("key", MAX_REGISTRY_TAG_CHARS)?))
    }
}

/// `GET` and `POST registered-models/search`, and `GET registered-models/list` of clients before 2.0.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SearchRegisteredModels {
    /// See `search::registered_models`.
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

impl SearchRegisteredModels {
    /// What to search and which page.
    pub fn checked(self) -> Result<(Query<RegisteredModelField>, PageRequest), Failure> {
        let limit = self.max_results.map_or(DEFAULT_REGISTERED_MODELS, |Int(limit)| limit);
        let query = Query {
            filter: search::parse_registered_model_filter(self.filter.as_deref().unwrap_or_default())?,
            order: search::parse_registered_model_order(&self.order_by.0)?,
            view: View::default(),
        };
        let limit = registry_limit(limit, MAX_REGISTERED_MODELS)?;
        Ok((query, PageRequest { limit, after: page::parse(self.page_token.as_deref())? }))
    }
}

/// `GET` and `POST registered-models/get-latest-versions`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LatestVersions {
    /// Required.
    pub name: Option<String>,
    /// None means all.
    pub stages: Texts,
}

impl LatestVersions {
    /// The name and the stages.
    pub fn checked(self) -> Result<(Key, Vec<Stage>), Failure> {
        let name = model_name(required(self.name, "name")?, "name")?;
        let stages = self.stages.0.iter().map(|text| stage(text)).collect::<Result<_, _>>()?;
        Ok((name, stages))
    }
}

/// A registered model.
#[derive(Debug, Serialize, Deserialize)]
pub struct RegisteredModel {
    /// Unique.
    pub name: String,
    /// ms since the epoch.
    pub creation_timestamp: Int,
    /// ms since the epoch.
    pub last_updated_timestamp: Int,
    /// Absent when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The highest of each stage, without aliases. Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latest_versions: Vec<ModelVersion>,
    /// Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<ModelAlias>,
}

impl From<core::RegisteredModel> for RegisteredModel {
    fn from(model: core::RegisteredModel) -> Self {
        Self {
            name: model.name.as_str().to_owned(),
            creation_timestamp: Int(model.created_at.millis()),
            last_updated_timestamp: Int(model.updated_at.millis()),
            description: model.description.filter(|text| !text.is_empty()),
            latest_versions: model.latest_versions.into_iter().map(ModelVersion::from).collect(),
            tags: model.tags.into_iter().map(Tag::from).collect(),
            aliases: model.aliases.into_iter().map(ModelAlias::from).collect(),
        }
    }
}

/// Answer of `registered-models/create`, `get`, `rename` and `update`.
#[derive(Debug, Serialize, Deserialize)]
pub struct RegisteredModelFound {
    /// As it is now.
    pub registered_model: RegisteredModel,
}

/// Answer of `registered-models/search`.
#[derive(Debug, Serialize, Deserialize)]
pub struct RegisteredModelsFound {
    /// Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registered_models: Vec<RegisteredModel>,
    /// Absent when nothing follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

impl From<Page<core::RegisteredModel>> for RegisteredModelsFound {
    fn from(found: Page<core::RegisteredModel>) -> Self {
        Self {
            next_page_token: page::render(found.next.as_ref()),
            registered_models: found.items.into_iter().map(RegisteredModel::from).collect(),
        }
    }
}

/// Reads the name of a registered model.
pub(crate) fn model_name(text: String, parameter: &str) -> Result<Key, Failure> {
    if text.trim().is_empty() {
        return Err(Failure::invalid(format!("Missing value for required parameter '{parameter}'.")));
    }
    if text.contains(['/', ':']) {
        return Err(Failure::invalid(format!("Invalid model name '{text}'. Names cannot contain '/' or ':'.")));
    }
    names::refuse_path(&text, "name")?;
    Ok(Key::new(text)?)
}

/// Reads the name of a stage. Whether there is one of that name is for the service to say.
pub(crate) fn stage(text: &str) -> Result<Stage, Failure> {
    Stage::parse(text).ok_or_else(|| fault::unknown_stage(text, &[]).into())
}

pub(crate) fn registry_tags(tags: Vec<Tag>) -> Result<Vec<core::Tag>, Failure> {
    tags.into_iter().map(|tag| tag.checked("key", MAX_REGISTRY_TAG_CHARS)).collect()
}

/// Checks the size of a page. MLflow calls one that is too large a wrong type, and a text as in the query it came in.
pub(crate) fn registry_limit(limit: i64, max: i64) -> Result<usize, Failure> {
    if limit > max {
        return Err(wrong_type(&limit.to_string().into(), "max_results"));
    }
    usize::try_from(limit).ok().filter(|limit| *limit > 0).ok_or_else(|| {
        Failure::invalid(format!("Invalid value for max_results. It must be a positive integer, but got {limit}"))
    })
}

#[cfg(test)]
mod tests {
    use trackside_core::Timestamp;

    use super::*;

    fn refused(name: &str) -> String {
        RegisteredModelByName { name: Some(name.to_owned()) }.checked().unwrap_err().message
    }

    #[test]
    fn names_are_neither_blank_nor_paths() {
        assert!(refused("").starts_with("Missing value for required parameter 'name'. See"));
        assert_eq!(refused("  "), "Missing value for required parameter 'name'.");
        assert_eq!(refused("a/b"), "Invalid model name 'a/b'. Names cannot contain '/' or ':'.");
        assert!(refused("..").ends_with("This name would resolve to '..'"));
        for good in ["with space", "é漢", "100%", ".hidden", "a?b*", "quote's\""] {
            RegisteredModelByName { name: Some(good.to_owned()) }.checked().unwrap();
        }
    }

    #[test]
    fn renaming_names_the_name_that_is_missing() {
        let rename = |name: &str, new: &str| {
            let request = RenameRegisteredModel { name: Some(name.into()), new_name: Some(new.into()) };
            request.checked().unwrap_err().message
        };
        assert!(rename("a", "").starts_with("Missing value for required parameter 'new_name'. See"));
        assert_eq!(rename("a", " "), "Missing value for required parameter 'new_name'.");
        assert_eq!(rename("a", "b:c"), "Invalid model name 'b:c'. Names cannot contain '/' or ':'.");
    }

    #[test]
    fn pages_are_bounded() {
        assert_eq!(registry_limit(1000, 1000).unwrap(), 1000);
        assert!(registry_limit(1001, 1000).unwrap_err().message.starts_with("Invalid value \"1001\" for parameter"));
        for bad in [0, -1, i64::MIN] {
            assert!(registry_limit(bad, 1000).unwrap_err().message.ends_with(&format!("but got {bad}")));
        }
    }

    #[test]
    fn what_is_empty_is_absent() {
        let model = core::RegisteredModel {
            name: Key::new("m").unwrap(),
            created_at: Timestamp::from_millis(1),
            updated_at: Timestamp::from_millis(2),
            description: Some(String::new()),
            tags: Vec::new(),
            aliases: Vec::new(),
            latest_versions: Vec::new(),
        };
        let json = serde_json::to_string(&RegisteredModel::from(model)).unwrap();
        assert_eq!(json, r#"{"name":"m","creation_timestamp":1,"last_updated_timestamp":2}"#);
    }
}
