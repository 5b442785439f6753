//! The beginning of a registered model and its changes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    list::{List, Stored},
    run::True,
};
use crate::{Key, NewRegisteredModel, RegisteredModelChange, Result, Tag, Timestamp, VersionNumber};

/// A new registered model.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelForm<'a> {
    name: Cow<'a, str>,
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Cow<'a, str>>,
    tags: List<'a, Tag>,
}

/// A change and its time.
#[derive(Serialize, Deserialize)]
pub(super) struct ModelChangeForm<'a> {
    at: i64,
    #[serde(flatten)]
    what: WhatForm<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WhatForm<'a> {
    Renamed(Cow<'a, str>),
    Description(Option<Cow<'a, str>>),
    Tag((Cow<'a, str>, Cow<'a, str>)),
    TagDeleted(Cow<'a, str>),
    Alias((Cow<'a, str>, VersionNumber)),
    AliasDeleted(Cow<'a, str>),
    Deleted(True),
}

impl<'a> ModelForm<'a> {
    pub(super) fn of(new: &'a NewRegisteredModel) -> Self {
        Self {
            name: new.name.form(),
            created_at: new.created_at.millis(),
            description: new.description.as_deref().map(Cow::Borrowed),
            tags: List::of(&new.tags),
        }
    }

    pub(super) fn into_new(self) -> Result<NewRegisteredModel> {
        Ok(NewRegisteredModel {
            name: Key::new(self.name)?,
            created_at: Timestamp::from_millis(self.created_at),
            description: self.description.map(Cow::into_owned),
            tags: self.tags.into_vec(),
        })
    }
}

impl<'a> ModelChangeForm<'a> {
    pub(super) fn of(change: &'a RegisteredModelChange, at: Timestamp) -> Self {
        let what = match change {
            RegisteredModelChange::Rename(name) => WhatForm::Renamed(name.form()),
            RegisteredModelChange::Describe(text) => WhatForm::Description(text.as_deref().map(Cow::Borrowed)),
            RegisteredModelChange::SetTag(tag) => WhatForm::Tag(tag.form()),
            RegisteredModelChange::DeleteTag(key) => WhatForm::TagDeleted(key.form()),
            RegisteredModelChange::SetAlias(alias, version) => WhatForm::Alias((alias.form(), *version)),
            RegisteredModelChange::DeleteAlias(alias) => WhatForm::AliasDeleted(alias.form()),
            RegisteredModelChange::Delete => WhatForm::Deleted(True),
        };
        Self { at: at.millis(), what }
    }

    pub(super) fn into_change(self) -> Result<(RegisteredModelChange, Timestamp)> {
        let change = match self.what {
            WhatForm::Renamed(name) => RegisteredModelChange::Rename(Key::new(name)?),
            WhatForm::Description(text) => RegisteredModelChange::Describe(text.map(Cow::into_owned)),
            WhatForm::Tag(tag) => RegisteredModelChange::SetTag(Tag::from_form(tag)?),
            WhatForm::TagDeleted(key) => RegisteredModelChange::DeleteTag(Key::new(key)?),
            WhatForm::Alias((alias, version)) => RegisteredModelChange::SetAlias(Key::new(alias)?, version),
            WhatForm::AliasDeleted(alias) => RegisteredModelChange::DeleteAlias(Key::new(alias)?),
            WhatForm::Deleted(True) => RegisteredModelChange::Delete,
        };
        Ok((change, Timestamp::from_millis(self.at)))
    }
}
