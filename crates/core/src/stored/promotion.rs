//! What happens to a promotion that waits for approval.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::list::Stored;
use crate::{Error, Key, PromotionEvent, PromotionId, PromotionStep, Result, Target, Timestamp, VersionNumber};

/// One step of a promotion.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PromotionForm<'a> {
    id: PromotionId,
    version: VersionNumber,
    to: Cow<'a, str>,
    step: Cow<'a, str>,
    by: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    at: i64,
}

impl Stored for PromotionEvent {
    type Form<'a> = PromotionForm<'a>;

    fn form(&self) -> Self::Form<'_> {
        PromotionForm {
            id: self.promotion,
            version: self.version,
            to: self.target.to_string().into(),
            step: self.step.as_str().into(),
            by: self.by.form(),
            reason: self.reason.as_deref().map(Cow::Borrowed),
            at: self.at.millis(),
        }
    }

    fn from_form(form: Self::Form<'_>) -> Result<Self> {
        let unknown = |what: &str, text: &str| Error::invalid(format!("'{text}' is no {what}"));
        Ok(Self {
            promotion: form.id,
            version: form.version,
            target: Target::parse(&form.to).ok_or_else(|| unknown("stage or alias", &form.to))?,
            step: PromotionStep::parse(&form.step).ok_or_else(|| unknown("step of a promotion", &form.step))?,
            by: Key::new(form.by)?,
            reason: form.reason.map(Cow::into_owned),
            at: Timestamp::from_millis(form.at),
        })
    }
}
