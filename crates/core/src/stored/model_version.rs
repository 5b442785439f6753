//! The beginning of a model version and its changes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    list::{List, Stored},
    run::True,
};
use crate::{
    Key, LoggedModelId, ModelVersionChange, NewModelVersion, Result, RunId, Stage, Tag, Timestamp, VersionNumber, fault,
};

/// A new model version.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VersionForm<'a> {
    version: VersionNumber,
    model: Cow<'a, str>,
    /// The number that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<VersionNumber>,
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Cow<'a, str>>,
    source: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_location: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_link: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logged_model: Option<Cow<'a, str>>,
    tags: List<'a, Tag>,
}

/// A change and its time.
#[derive(Serialize, Deserialize)]
pub(super) struct VersionChangeForm<'a> {
    version: VersionNumber,
    at: i64,
    #[serde(flatten)]
    what: WhatForm<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WhatForm<'a> {
    Description(Option<Cow<'a, str>>),
    Stage(StageForm<'a>),
    Tag((Cow<'a, str>, Cow<'a, str>)),
    TagDeleted(Cow<'a, str>),
    Deleted(True),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StageForm<'a> {
    to: Cow<'a, str>,
    archive_others: bool,
}

impl<'a> VersionForm<'a> {
    pub(super) fn of(number: VersionNumber, new: &'a NewModelVersion) -> Self {
        Self {
            version: number,
            model: new.model.form(),
            number: new.number,
            created_at: new.created_at.millis(),
            description: new.description.as_deref().map(Cow::Borrowed),
            source: new.source.as_str().into(),
            storage_location: new.storage_location.as_deref().map(Cow::Borrowed),
            run: new.run.as_ref().map(|run| run.as_str().into()),
            run_link: new.run_link.as_deref().map(Cow::Borrowed),
            logged_model: new.logged_model.as_ref().map(|id| id.as_str().into()),
            tags: List::of(&new.tags),
        }
    }

    pub(super) fn into_new(self) -> Result<(VersionNumber, NewModelVersion)> {
        let new = NewModelVersion {
            model: Key::new(self.model)?,
            number: self.number,
            created_at: Timestamp::from_millis(self.created_at),
            description: self.description.map(Cow::into_owned),
            source: self.source.into_owned(),
            storage_location: self.storage_location.map(Cow::into_owned),
            run: self.run.map(|run| RunId::parse(&run)).transpose()?,
            run_link: self.run_link.map(Cow::into_owned),
            logged_model: self.logged_model.map(|id| LoggedModelId::parse(&id)).transpose()?,
            tags: self.tags.into_vec(),
        };
        Ok((self.version, new))
    }
}

impl<'a> VersionChangeForm<'a> {
    pub(super) fn of(number: VersionNumber, change: &'a ModelVersionChange, at: Timestamp) -> Self {
        let what = match change {
            ModelVersionChange::Describe(text) => WhatForm::Description(text.as_deref().map(Cow::Borrowed)),
            ModelVersionChange::Stage { stage, archive_others } => {
                WhatForm::Stage(StageForm { to: stage.as_str().into(), archive_others: *archive_others })
            }
            ModelVersionChange::SetTag(tag) => WhatForm::Tag(tag.form()),
            ModelVersionChange::DeleteTag(key) => WhatForm::TagDeleted(key.form()),
            ModelVersionChange::Delete => WhatForm::Deleted(True),
        };
        Self { version: number, at: at.millis(), what }
    }

    pub(super) fn into_change(self) -> Result<(VersionNumber, ModelVersionChange, Timestamp)> {
        let change = match self.what {
            WhatForm::Description(text) => ModelVersionChange::Describe(text.map(Cow::into_owned)),
            WhatForm::Stage(StageForm { to, archive_others }) => {
                let stage = Stage::parse(&to).ok_or_else(|| fault::unknown_stage(&to, &[]))?;
                ModelVersionChange::Stage { stage, archive_others }
            }
            WhatForm::Tag(tag) => ModelVersionChange::SetTag(Tag::from_form(tag)?),
            WhatForm::TagDeleted(key) => ModelVersionChange::DeleteTag(Key::new(key)?),
            WhatForm::Deleted(True) => ModelVersionChange::Delete,
        };
        Ok((self.version, change, Timestamp::from_millis(self.at)))
    }
}
