//! The model registry: registered models and their numbered versions.

use crate::{Key, LoggedModelId, RunId, Tag, Timestamp};

/// Number of a model version, from 1. Never used twice within a registered model.
pub type VersionNumber = u32;

/// Stage of a model version: one of MLflow's four, or one of a team's own. Several versions may share one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// No stage.
    None,
    /// Under test.
    Staging,
    /// In use.
    Production,
    /// No longer in use.
    Archived,
    /// One that a team has configured, in its spelling.
    Own(Key),
}

impl Stage {
    /// Those of MLflow, in its order.
    pub const ALL: [Self; 4] = [Self::None, Self::Staging, Self::Production, Self::Archived];

    /// The name, as stored and as MLflow writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::None => "None",
            Self::Staging => "Staging",
            Self::Production => "Production",
            Self::Archived => "Archived",
            Self::Own(name) => name.as_str(),
        }
    }

    /// The stage of that name, which for those of MLflow may be in any case. Whether a team has one of its own of this name
    /// is for others to say. `None` for no name at all.
    pub fn parse(text: &str) -> Option<Self> {
        let known = Self::ALL.into_iter().find(|stage| stage.as_str().eq_ignore_ascii_case(text));
        known.or_else(|| Key::new(text).ok().filter(|name| !name.as_str().trim().is_empty()).map(Self::Own))
    }

    /// Whether a version that comes to it may send the others of it to the archive.
    pub const fn is_active(&self) -> bool {
        !matches!(self, Self::None | Self::Archived)
    }
}

/// A registered model.
#[derive(Debug, Clone, PartialEq)]
pub struct RegisteredModel {
    /// Unique name.
    pub name: Key,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it or one of its versions last changed.
    pub updated_at: Timestamp,
    /// Free text.
    pub description: Option<String>,
    /// Sorted by key.
    pub tags: Vec<Tag>,
    /// Sorted by alias.
    pub aliases: Vec<(Key, VersionNumber)>,
    /// The highest version of each stage that has one, without aliases, in order of stage.
    pub latest_versions: Vec<ModelVersion>,
}

/// A version of a registered model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelVersion {
    /// Of the registered model.
    pub model: Key,
    /// Its number.
    pub number: VersionNumber,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Free text.
    pub description: Option<String>,
    /// Its stage.
    pub stage: Stage,
    /// Where it came from, as the client said.
    pub source: String,
    /// Where its files are, when that is not `source`.
    pub storage_location: Option<String>,
    /// The run that made it, as the client said.
    pub run: Option<RunId>,
    /// Any text.
    pub run_link: Option<String>,
    /// Sorted by key.
    pub tags: Vec<Tag>,
    /// Sorted.
    pub aliases: Vec<Key>,
}

impl ModelVersion {
    /// Where its files are.
    pub fn download_uri(&self) -> &str {
        self.storage_location.as_deref().unwrap_or(&self.source)
    }
}

/// What is needed to create a registered model.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRegisteredModel {
    /// Unique name (`AlreadyExists`).
    pub name: Key,
    /// When.
    pub created_at: Timestamp,
    /// Free text.
    pub description: Option<String>,
    /// First tags; a key given twice keeps the last value.
    pub tags: Vec<Tag>,
}

/// What is needed to create a model version.
#[derive(Debug, Clone, PartialEq)]
pub struct NewModelVersion {
    /// Must exist (`NotFound`).
    pub model: Key,
    /// Its number, which must be free (`AlreadyExists`), for those who repeat what happened elsewhere; a number
    /// that was given up by a deletion is free for them. `None` for the next one.
    pub number: Option<VersionNumber>,
    /// When.
    pub created_at: Timestamp,
    /// Free text.
    pub description: Option<String>,
    /// Where it came from.
    pub source: String,
    /// Where its files are, when that is not `source`.
    pub storage_location: Option<String>,
    /// The run that made it; need not exist.
    pub run: Option<RunId>,
    /// Any text.
    pub run_link: Option<String>,
    /// The logged model it was made from; its tags are the caller's business.
    pub logged_model: Option<LoggedModelId>,
    /// First tags; a key given twice keeps the last value.
    pub tags: Vec<Tag>,
}

/// One change of a registered model.
#[derive(Debug, Clone, PartialEq)]
pub enum RegisteredModelChange {
    /// Versions, tags and aliases follow; the new name must be free (`AlreadyExists`).
    Rename(Key),
    /// Sets or clears the description.
    Describe(Option<String>),
    /// Sets a tag.
    SetTag(Tag),
    /// Removes a tag; harmless when it is absent.
    DeleteTag(Key),
    /// Points an alias at a version, which must exist (`NotFound`), away from any other.
    SetAlias(Key, VersionNumber),
    /// Removes an alias; harmless when it is absent.
    DeleteAlias(Key),
    /// Removes the model, its versions, tags and aliases for good.
    Delete,
}

/// One change of a model version.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelVersionChange {
    /// Sets or clears the description.
    Describe(Option<String>),
    /// Moves it to a stage.
    Stage {
        /// The new stage.
        stage: Stage,
        /// Whether other versions in that stage move to `Archived`.
        archive_others: bool,
    },
    /// Sets a tag.
    SetTag(Tag),
    /// Removes a tag; harmless when it is absent.
    DeleteTag(Key),
    /// Removes it and its aliases. Its number is never used again.
    Delete,
}
