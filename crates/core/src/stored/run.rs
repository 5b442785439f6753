//! The beginning of a run and what happens to it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::list::{List, Stored};
use crate::{
    ArtifactEntry, ArtifactPath, DatasetInput, Document, Error, Event, Key, Line, Lines, LoggedModelId, MetricPoint,
    ModelOutput, Param, Result, RunStarted, RunStatus, RunUpdate, Tag, Timestamp,
};

/// How a run began.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StartedForm<'a> {
    experiment: Cow<'a, str>,
    name: Cow<'a, str>,
    user: Cow<'a, str>,
    started_at: i64,
    tags: List<'a, Tag>,
}

/// One event, under its name.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EventForm<'a> {
    Params(List<'a, Param>),
    ParamsReplaced(List<'a, Param>),
    Points(List<'a, MetricPoint>),
    Tags(List<'a, Tag>),
    TagDeleted(Cow<'a, str>),
    DatasetInputs(List<'a, DatasetInput>),
    ModelInputs(List<'a, LoggedModelId>),
    ModelOutputs(List<'a, ModelOutput>),
    Updated(UpdateForm<'a>),
    Resumed(True),
    Document(DocumentForm<'a>),
    Lines(LinesForm<'a>),
    Deleted(i64),
    Restored(True),
    ArtifactStored(ArtifactForm<'a>),
    ArtifactDeleted(Cow<'a, str>),
}

/// New values of a run.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateForm<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
}

/// A document. It is never logged; the form is there so that every event has one.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DocumentForm<'a> {
    name: Cow<'a, str>,
    text: Cow<'a, str>,
}

/// Lines, each with its step. As above.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinesForm<'a> {
    stream: Cow<'a, str>,
    writer: Cow<'a, str>,
    first: u64,
    lines: Vec<(Option<i64>, Cow<'a, str>)>,
}

/// A file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArtifactForm<'a> {
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

/// The value of an event that has nothing to say.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
#[derive(Clone, Copy)]
pub(super) struct True;

impl TryFrom<bool> for True {
    type Error = &'static str;

    fn try_from(value: bool) -> Result<Self, &'static str> {
        if value { Ok(Self) } else { Err("`true` is the only value") }
    }
}

impl From<True> for bool {
    fn from(_: True) -> Self {
        true
    }
}

impl Stored for RunStarted {
    type Form<'a> = StartedForm<'a>;

    fn form(&self) -> Self::Form<'_> {
        StartedForm {
            experiment: self.experiment.as_str().into(),
            name: self.name.as_str().into(),
            user: self.user.as_str().into(),
            started_at: self.started_at.millis(),
            tags: List::of(&self.tags),
        }
    }

    fn from_form(form: Self::Form<'_>) -> Result<Self> {
        Ok(Self {
            experiment: Key::new(form.experiment)?,
            name: form.name.into_owned(),
            user: form.user.into_owned(),
            started_at: Timestamp::from_millis(form.started_at),
            tags: form.tags.into_vec(),
        })
    }
}

impl Stored for RunUpdate {
    type Form<'a> = UpdateForm<'a>;

    fn form(&self) -> Self::Form<'_> {
        UpdateForm {
            status: self.status.map(|status| status.as_str().into()),
            ended_at: self.ended_at.map(Timestamp::millis),
            name: self.name.as_deref().map(Cow::Borrowed),
        }
    }

    fn from_form(form: Self::Form<'_>) -> Result<Self> {
        let unknown = |text: &str| Error::invalid(format!("no status of a run is called {text}"));
        let status = form.status.map(|text| RunStatus::parse(&text).ok_or_else(|| unknown(&text))).transpose()?;
        let ended_at = form.ended_at.map(Timestamp::from_millis);
        Ok(Self { status, ended_at, name: form.name.map(Cow::into_owned) })
    }
}

impl Stored for Document {
    type Form<'a> = DocumentForm<'a>;

    fn form(&self) -> Self::Form<'_> {
        DocumentForm { name: self.name.as_str().into(), text: self.text.as_str().into() }
    }

    fn from_form(form: Self::Form<'_>) -> Result<Self> {
        Ok(Self { name: Key::new(form.name)?, text: form.text.into_owned() })
    }
}

impl Stored for Lines {
    type Form<'a> = LinesForm<'a>;

    fn form(&self) -> Self::Form<'_> {
        LinesForm {
            stream: self.stream.as_str().into(),
            writer: self.writer.as_str().into(),
            first: self.first,
            lines: self.lines.iter().map(|line| (line.step, line.text.as_str().into())).collect(),
        }
    }

    fn from_form(form: Self::Form<'_>) -> Result<Self> {
        let lines = form.lines.into_iter().map(|(step, text)| Line { step, text: text.into_owned() }).collect();
        Ok(Self { stream: Key::new(form.stream)?, writer: Key::new(form.writer)?, first: form.first, lines })
    }
}

impl Stored for ArtifactEntry {
    type Form<'a> = ArtifactForm<'a>;

    fn form(&self) -> Self::Form<'_> {
        ArtifactForm { path: self.path.as_str().into(), size: self.size }
    }

    fn from_form(form: Self::Form<'_>) -> Result<Self> {
        Ok(Self { path: ArtifactPath::parse(&form.path)?, size: form.size })
    }
}

impl Stored for Event {
    type Form<'a> = EventForm<'a>;

    fn form(&self) -> Self::Form<'_> {
        match self {
            Self::Params(params) => EventForm::Params(List::of(params)),
            Self::ParamsReplaced(params) => EventForm::ParamsReplaced(List::of(params)),
            Self::Resumed => EventForm::Resumed(True),
            Self::Document(document) => EventForm::Document(document.form()),
            Self::Lines(lines) => EventForm::Lines(lines.form()),
            Self::Points(points) => EventForm::Points(List::of(points)),
            Self::Tags(tags) => EventForm::Tags(List::of(tags)),
            Self::TagDeleted(key) => EventForm::TagDeleted(key.form()),
            Self::DatasetInputs(inputs) => EventForm::DatasetInputs(List::of(inputs)),
            Self::ModelInputs(models) => EventForm::ModelInputs(List::of(models)),
            Self::ModelOutputs(outputs) => EventForm::ModelOutputs(List::of(outputs)),
            Self::Updated(update) => EventForm::Updated(update.form()),
            Self::Deleted(at) => EventForm::Deleted(at.millis()),
            Self::Restored => EventForm::Restored(True),
            Self::ArtifactStored(entry) => EventForm::ArtifactStored(entry.form()),
            Self::ArtifactDeleted(path) => EventForm::ArtifactDeleted(path.as_str().into()),
        }
    }

    fn from_form(form: Self::Form<'_>) -> Result<Self> {
        Ok(match form {
            EventForm::Params(params) => Self::Params(params.into_vec()),
            EventForm::ParamsReplaced(params) => Self::ParamsReplaced(params.into_vec()),
            EventForm::Resumed(True) => Self::Resumed,
            EventForm::Document(document) => Self::Document(Document::from_form(document)?),
            EventForm::Lines(lines) => Self::Lines(Lines::from_form(lines)?),
            EventForm::Points(points) => Self::Points(points.into_vec()),
            EventForm::Tags(tags) => Self::Tags(tags.into_vec()),
            EventForm::TagDeleted(key) => Self::TagDeleted(Key::new(key)?),
            EventForm::DatasetInputs(inputs) => Self::DatasetInputs(inputs.into_vec()),
            EventForm::ModelInputs(models) => Self::ModelInputs(models.into_vec()),
            EventForm::ModelOutputs(outputs) => Self::ModelOutputs(outputs.into_vec()),
            EventForm::Updated(update) => Self::Updated(RunUpdate::from_form(update)?),
            EventForm::Deleted(at) => Self::Deleted(Timestamp::from_millis(at)),
            EventForm::Restored(True) => Self::Restored,
            EventForm::ArtifactStored(entry) => Self::ArtifactStored(ArtifactEntry::from_form(entry)?),
            EventForm::ArtifactDeleted(path) => Self::ArtifactDeleted(ArtifactPath::parse(&path)?),
        })
    }
}
