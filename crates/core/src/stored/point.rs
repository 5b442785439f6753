//! Metric points: by far the most frequent thing in the log, hence a tuple.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{list::Stored, number::Number};
use crate::{Key, LoggedModelId, MetricPoint, MetricSubject, Point, Result, Timestamp};

/// `[key, step, time, value]`, and what it measures if it says so.
#[derive(Serialize, Deserialize)]
pub(super) struct PointForm<'a>(
    Cow<'a, str>,
    i64,
    i64,
    Number,
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<SubjectForm<'a>>,
);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectForm<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset: Option<(Cow<'a, str>, Cow<'a, str>)>,
}

impl Stored for MetricPoint {
    type Form<'a> = PointForm<'a>;

    fn form(&self) -> Self::Form<'_> {
        let Point { step, time, value } = self.point;
        let subject = self.subject.as_deref().map(|subject| SubjectForm {
            model: subject.model.as_ref().map(|id| id.as_str().into()),
            dataset: subject.dataset.as_ref().map(|(name, digest)| (name.into(), digest.into())),
        });
        PointForm(self.key.as_str().into(), step, time.millis(), Number(value), subject)
    }

    fn from_form(form: Self::Form<'_>) -> Result<Self> {
        let PointForm(key, step, time, Number(value), subject) = form;
        let subject = subject
            .map(|subject| {
                let model = subject.model.map(|id| LoggedModelId::parse(&id)).transpose()?;
                let dataset = subject.dataset.map(|(name, digest)| (name.into_owned(), digest.into_owned()));
                Ok(Box::new(MetricSubject { model, dataset }))
            })
            .transpose()?;
        Ok(Self { key: Key::new(key)?, point: Point { step, time: Timestamp::from_millis(time), value }, subject })
    }
}
