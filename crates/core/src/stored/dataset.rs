//! Inputs and outputs of runs.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::list::{List, Stored};
use crate::{Dataset, DatasetInput, Key, LoggedModelId, ModelOutput, Result, Tag};

/// A dataset and the tags of the input.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DatasetInputForm<'a> {
    name: Cow<'a, str>,
    digest: Cow<'a, str>,
    source_type: Cow<'a, str>,
    source: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Cow<'a, str>>,
    tags: List<'a, Tag>,
}

impl Stored for DatasetInput {
    type Form<'a> = DatasetInputForm<'a>;

    fn form(&self) -> Self::Form<'_> {
        let Dataset { name, digest, source_type, source, schema, profile } = &self.dataset;
        DatasetInputForm {
            name: name.as_str().into(),
            digest: digest.into(),
            source_type: source_type.into(),
            source: source.into(),
            schema: schema.as_deref().map(Cow::Borrowed),
            profile: profile.as_deref().map(Cow::Borrowed),
            tags: List::of(&self.tags),
        }
    }

    fn from_form(form: Self::Form<'_>) -> Result<Self> {
        let dataset = Dataset {
            name: Key::new(form.name)?,
            digest: form.digest.into_owned(),
            source_type: form.source_type.into_owned(),
            source: form.source.into_owned(),
            schema: form.schema.map(Cow::into_owned),
            profile: form.profile.map(Cow::into_owned),
        };
        Ok(Self { dataset, tags: form.tags.into_vec() })
    }
}

/// `[id, step]`.
impl Stored for ModelOutput {
    type Form<'a> = (Cow<'a, str>, i64);

    fn form(&self) -> Self::Form<'_> {
        (self.model.as_str().into(), self.step)
    }

    fn from_form((model, step): Self::Form<'_>) -> Result<Self> {
        Ok(Self { model: LoggedModelId::parse(&model)?, step })
    }
}
