//! What a webhook asks for, as clients write it.
//!
//! Source: `entities/webhook.py` and `protos/webhooks.proto` at 3.17.2.

use serde::{Deserialize, Serialize};
use trackside_core::HookEvent;

use crate::{Choice, Failure, search::python};

/// What it can happen to, in the order of the protocol's numbers.
const ENTITIES: [(&str, &str); 10] = [
    ("REGISTERED_MODEL", "registered_model"),
    ("MODEL_VERSION", "model_version"),
    ("MODEL_VERSION_TAG", "model_version_tag"),
    ("MODEL_VERSION_ALIAS", "model_version_alias"),
    ("PROMPT", "prompt"),
    ("PROMPT_VERSION", "prompt_version"),
    ("PROMPT_TAG", "prompt_tag"),
    ("PROMPT_VERSION_TAG", "prompt_version_tag"),
    ("PROMPT_ALIAS", "prompt_alias"),
    ("BUDGET_POLICY", "budget_policy"),
];
/// What can happen, in the same order.
const ACTIONS: [(&str, &str); 5] =
    [("CREATED", "created"), ("UPDATED", "updated"), ("DELETED", "deleted"), ("SET", "set"), ("EXCEEDED", "exceeded")];

/// What a webhook asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WebhookEvent {
    /// What it happens to.
    #[serde(default)]
    pub entity: Option<Choice>,
    /// What happens.
    #[serde(default)]
    pub action: Option<Choice>,
}

impl WebhookEvent {
    /// The event. MLflow answers 500 to an unknown word.
    pub fn checked(&self) -> Result<HookEvent, Failure> {
        let entity = word(self.entity.as_ref(), ENTITIES, "entity")?;
        let action = word(self.action.as_ref(), ACTIONS, "action")?;
        HookEvent::parse(&format!("{entity}.{action}")).ok_or_else(|| {
            let halves = HookEvent::ALL.map(HookEvent::halves);
            // They are in order.
            let valid = halves.into_iter().filter(|(of, _)| *of == entity).map(|(_, action)| action.to_owned());
            Failure::invalid(format!(
                "Invalid action '{action}' for entity '{entity}'. Valid actions are: {}",
                python::list(&valid.collect::<Vec<_>>())
            ))
        })
    }
}

impl From<HookEvent> for WebhookEvent {
    fn from(event: HookEvent) -> Self {
        let (entity, action) = event.halves();
        let choice = |text: &str| Some(Choice::Name(text.to_uppercase()));
        Self { entity: choice(entity), action: choice(action) }
    }
}

fn word<const N: usize>(
    choice: Option<&Choice>,
    words: [(&str, &'static str); N],
    what: &str,
) -> Result<&'static str, Failure> {
    choice.and_then(|choice| choice.among(words)).ok_or_else(|| {
        let known = words.map(|(name, _)| name).join(", ");
        Failure::invalid(format!("Invalid {what} of a webhook event. Valid ones are: {known}"))
    })
}
