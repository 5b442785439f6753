//! What happens to a registered model and its versions.

use serde::{Deserialize, Serialize};

use super::{
    list::Stored,
    model_version::{VersionChangeForm, VersionForm},
    promotion::PromotionForm,
    registered_model::{ModelChangeForm, ModelForm},
};
use crate::{PromotionEvent, RegistryEvent, Result};

/// One event, under its name.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RegistryEventForm<'a> {
    Created(ModelForm<'a>),
    Changed(ModelChangeForm<'a>),
    VersionCreated(VersionForm<'a>),
    VersionChanged(VersionChangeForm<'a>),
    Promotion(PromotionForm<'a>),
}

impl Stored for RegistryEvent {
    type Form<'a> = RegistryEventForm<'a>;

    fn form(&self) -> Self::Form<'_> {
        match self {
            Self::Created(new) => RegistryEventForm::Created(ModelForm::of(new)),
            Self::Changed(change, at) => RegistryEventForm::Changed(ModelChangeForm::of(change, *at)),
            Self::VersionCreated(number, new) => RegistryEventForm::VersionCreated(VersionForm::of(*number, new)),
            Self::VersionChanged(number, change, at) => {
                RegistryEventForm::VersionChanged(VersionChangeForm::of(*number, change, *at))
            }
            Self::Promotion(event) => RegistryEventForm::Promotion(event.form()),
        }
    }

    fn from_form(form: Self::Form<'_>) -> Result<Self> {
        Ok(match form {
            RegistryEventForm::Created(form) => Self::Created(form.into_new()?),
            RegistryEventForm::Changed(form) => {
                let (change, at) = form.into_change()?;
                Self::Changed(change, at)
            }
            RegistryEventForm::VersionCreated(form) => {
                let (number, new) = form.into_new()?;
                Self::VersionCreated(number, new)
            }
            RegistryEventForm::VersionChanged(form) => {
                let (number, change, at) = form.into_change()?;
                Self::VersionChanged(number, change, at)
            }
            RegistryEventForm::Promotion(form) => Self::Promotion(PromotionEvent::from_form(form)?),
        })
    }
}
