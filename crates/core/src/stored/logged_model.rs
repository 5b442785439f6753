//! The beginning of a logged model and its changes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    list::{List, Stored},
    run::True,
};
use crate::{
    Error, ExperimentId, Key, LoggedModelChange, LoggedModelCreated, LoggedModelId, LoggedModelStatus, NewLoggedModel,
    Param, Result, RunId, Tag, Timestamp,
};

/// How a logged model began.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreatedForm<'a> {
    id: Cow<'a, str>,
    experiment: Cow<'a, str>,
    experiment_id: i64,
    name: Cow<'a, str>,
    created_at: i64,
    artifact_uri: Cow<'a, str>,
    model_type: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_run: Option<Cow<'a, str>>,
    tags: List<'a, Tag>,
    params: List<'a, Param>,
}

/// One change and its time.
#[derive(Serialize, Deserialize)]
pub(super) struct ChangeForm<'a> {
    at: i64,
    #[serde(flatten)]
    what: WhatForm<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WhatForm<'a> {
    Status(Cow<'a, str>),
    Tags(List<'a, Tag>),
    TagDeleted(Cow<'a, str>),
    Params(List<'a, Param>),
    Deleted(True),
}

impl Stored for LoggedModelCreated {
    type Form<'a> = CreatedForm<'a>;

    fn form(&self) -> Self::Form<'_> {
        let new = &self.new;
        CreatedForm {
            id: new.id.as_str().into(),
            experiment: self.experiment.as_str().into(),
            experiment_id: new.experiment.get(),
            name: new.name.as_str().into(),
            created_at: new.created_at.millis(),
            artifact_uri: new.artifact_uri.as_str().into(),
            model_type: new.model_type.as_str().into(),
            source_run: new.source_run.as_ref().map(|run| run.as_str().into()),
            tags: List::of(&new.tags),
            params: List::of(&new.params),
        }
    }

    fn from_form(form: Self::Form<'_>) -> Result<Self> {
        let new = NewLoggedModel {
            id: LoggedModelId::parse(&form.id)?,
            experiment: ExperimentId::new(form.experiment_id),
            name: form.name.into_owned(),
            created_at: Timestamp::from_millis(form.created_at),
            artifact_uri: form.artifact_uri.into_owned(),
            model_type: form.model_type.into_owned(),
            source_run: form.source_run.map(|run| RunId::parse(&run)).transpose()?,
            tags: form.tags.into_vec(),
            params: form.params.into_vec(),
        };
        Ok(Self { experiment: Key::new(form.experiment)?, new })
    }
}

impl Stored for (LoggedModelChange, Timestamp) {
    type Form<'a> = ChangeForm<'a>;

    fn form(&self) -> Self::Form<'_> {
        let what = match &self.0 {
            LoggedModelChange::Status(status) => WhatForm::Status(status.as_str().into()),
            LoggedModelChange::SetTags(tags) => WhatForm::Tags(List::of(tags)),
            LoggedModelChange::DeleteTag(key) => WhatForm::TagDeleted(key.form()),
            LoggedModelChange::AddParams(params) => WhatForm::Params(List::of(params)),
            LoggedModelChange::Delete => WhatForm::Deleted(True),
        };
        ChangeForm { at: self.1.millis(), what }
    }

    fn from_form(form: Self::Form<'_>) -> Result<Self> {
        let unknown = |text: &str| Error::invalid(format!("no status of a logged model is called {text}"));
        let change = match form.what {
            WhatForm::Status(text) => {
                LoggedModelChange::Status(LoggedModelStatus::parse(&text).ok_or_else(|| unknown(&text))?)
            }
            WhatForm::Tags(tags) => LoggedModelChange::SetTags(tags.into_vec()),
            WhatForm::TagDeleted(key) => LoggedModelChange::DeleteTag(Key::new(key)?),
            WhatForm::Params(params) => LoggedModelChange::AddParams(params.into_vec()),
            WhatForm::Deleted(True) => LoggedModelChange::Delete,
        };
        Ok((change, Timestamp::from_millis(form.at)))
    }
}
