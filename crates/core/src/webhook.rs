//! Webhooks: who is told over HTTP when something happens in the model registry.

use std::fmt;

use crate::{ModelVersionChange, RegisteredModelChange, RegistryEvent, Tag, Timestamp};

/// The tag that makes a registered model a prompt when its value is `true`: MLflow's spelling, as clients set it.
pub const PROMPT_TAG: &str = "mlflow.prompt.is_prompt";

/// Whether these tags are those of a prompt. Of a tag given twice the last counts.
pub fn is_prompt(tags: &[Tag]) -> bool {
    let last = tags.iter().rfind(|tag| tag.key.as_str() == PROMPT_TAG);
    last.is_some_and(|tag| tag.value.eq_ignore_ascii_case("true"))
}

/// Id of a webhook: a random UUID when made here. Any other text is the id of none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebhookId(String);

impl WebhookId {
    /// The id that a client gave.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A UUID of version 4.
    pub fn fresh(bits: u128) -> Self {
        Self(uuid(bits))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A UUID of version 4 in its usual spelling, made of these random bits.
pub fn uuid(bits: u128) -> String {
    // RFC 9562: four bits say the version, two the variant.
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | 4 << 76 | 2 << 62;
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// What a webhook can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookEvent {
    /// A model was registered.
    RegisteredModelCreated,
    /// A version of a model was registered.
    ModelVersionCreated,
    /// A tag of a version was set.
    ModelVersionTagSet,
    /// A tag of a version was removed, or would have been.
    ModelVersionTagDeleted,
    /// An alias was pointed at a version.
    ModelVersionAliasCreated,
    /// An alias was removed, or would have been.
    ModelVersionAliasDeleted,
    /// A prompt was registered.
    PromptCreated,
    /// A version of a prompt was registered.
    PromptVersionCreated,
    /// A tag of a prompt was set.
    PromptTagSet,
    /// A tag of a prompt was removed, or would have been.
    PromptTagDeleted,
    /// A tag of a version of a prompt was set.
    PromptVersionTagSet,
    /// A tag of a version of a prompt was removed, or would have been.
    PromptVersionTagDeleted,
    /// An alias was pointed at a version of a prompt.
    PromptAliasCreated,
    /// An alias of a version of a prompt was removed, or would have been.
    PromptAliasDeleted,
    /// MLflow's gateway has spent a budget. It never happens here, but may be asked for.
    BudgetPolicyExceeded,
}

impl HookEvent {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 15] = [
        Self::BudgetPolicyExceeded,
        Self::ModelVersionCreated,
        Self::ModelVersionAliasCreated,
        Self::ModelVersionAliasDeleted,
        Self::ModelVersionTagDeleted,
        Self::ModelVersionTagSet,
        Self::PromptCreated,
        Self::PromptAliasCreated,
        Self::PromptAliasDeleted,
        Self::PromptTagDeleted,
        Self::PromptTagSet,
        Self::PromptVersionCreated,
        Self::PromptVersionTagDeleted,
        Self::PromptVersionTagSet,
        Self::RegisteredModelCreated,
    ];

    /// What happened to what, as stored and as MLflow writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RegisteredModelCreated => "registered_model.created",
            Self::ModelVersionCreated => "model_version.created",
            Self::ModelVersionTagSet => "model_version_tag.set",
            Self::ModelVersionTagDeleted => "model_version_tag.deleted",
            Self::ModelVersionAliasCreated => "model_version_alias.created",
            Self::ModelVersionAliasDeleted => "model_version_alias.deleted",
            Self::PromptCreated => "prompt.created",
            Self::PromptVersionCreated => "prompt_version.created",
            Self::PromptTagSet => "prompt_tag.set",
            Self::PromptTagDeleted => "prompt_tag.deleted",
            Self::PromptVersionTagSet => "prompt_version_tag.set",
            Self::PromptVersionTagDeleted => "prompt_version_tag.deleted",
            Self::PromptAliasCreated => "prompt_alias.created",
            Self::PromptAliasDeleted => "prompt_alias.deleted",
            Self::BudgetPolicyExceeded => "budget_policy.exceeded",
        }
    }

    /// The event of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == text)
    }

    /// The two halves of the name: what it happened to, and what happened.
    pub fn halves(self) -> (&'static str, &'static str) {
        self.as_str().split_once('.').unwrap_or((self.as_str(), ""))
    }

    /// What a change is for those who asked, if it is anything. `is_prompt` says whether the model is a prompt, which
    /// a creation says of itself.
    pub fn of(event: &RegistryEvent, is_prompt: bool) -> Option<Self> {
        use RegisteredModelChange as Model;

        Some(match (event, is_prompt) {
            (RegistryEvent::Created(_), false) => Self::RegisteredModelCreated,
            (RegistryEvent::Created(_), true) => Self::PromptCreated,
            (RegistryEvent::VersionCreated(..), false) => Self::ModelVersionCreated,
            (RegistryEvent::VersionCreated(..), true) => Self::PromptVersionCreated,
            (RegistryEvent::VersionChanged(_, ModelVersionChange::SetTag(_), _), false) => Self::ModelVersionTagSet,
            (RegistryEvent::VersionChanged(_, ModelVersionChange::SetTag(_), _), true) => Self::PromptVersionTagSet,
            (RegistryEvent::VersionChanged(_, ModelVersionChange::DeleteTag(_), _), false) => {
                Self::ModelVersionTagDeleted
            }
            (RegistryEvent::VersionChanged(_, ModelVersionChange::DeleteTag(_), _), true) => {
                Self::PromptVersionTagDeleted
            }
            (RegistryEvent::Changed(Model::SetTag(_), _), true) => Self::PromptTagSet,
            (RegistryEvent::Changed(Model::DeleteTag(_), _), true) => Self::PromptTagDeleted,
            (RegistryEvent::Changed(Model::SetAlias(..), _), false) => Self::ModelVersionAliasCreated,
            (RegistryEvent::Changed(Model::SetAlias(..), _), true) => Self::PromptAliasCreated,
            (RegistryEvent::Changed(Model::DeleteAlias(_), _), false) => Self::ModelVersionAliasDeleted,
            (RegistryEvent::Changed(Model::DeleteAlias(_), _), true) => Self::PromptAliasDeleted,
            (RegistryEvent::Changed(..) | RegistryEvent::VersionChanged(..) | RegistryEvent::Promotion(_), _) => {
                return None;
            }
        })
    }
}

/// Whether a webhook is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WebhookStatus {
    /// It is.
    #[default]
    Active,
    /// It is not; what was to be delivered waits until it is again.
    Disabled,
}

impl WebhookStatus {
    /// The name, as stored and as MLflow writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Disabled => "DISABLED",
        }
    }

    /// The status of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Disabled].into_iter().find(|status| status.as_str() == text)
    }
}

/// What messages to a webhook are signed with. Its `Debug` form does not show it, and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// Takes a text into custody; an empty one is no secret.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        Some(Self(text.into())).filter(|secret| !secret.0.is_empty())
    }

    /// The text, to be stored or for a signature. Not for messages.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Unique.
    pub id: WebhookId,
    /// A label; others may have the same.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Where messages go.
    pub url: String,
    /// What it asks for, in the order of their names, each once; at least one.
    pub events: Vec<HookEvent>,
    /// Whether it is told.
    pub status: WebhookStatus,
    /// What messages are signed with.
    pub secret: Option<WebhookSecret>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What is needed to create a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWebhook {
    /// Unique (`AlreadyExists`).
    pub id: WebhookId,
    /// A label.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Where messages go.
    pub url: String,
    /// What it asks for, in any order; one given twice counts once.
    pub events: Vec<HookEvent>,
    /// Whether it is told.
    pub status: WebhookStatus,
    /// What messages are signed with.
    pub secret: Option<WebhookSecret>,
    /// When.
    pub created_at: Timestamp,
}

/// One change of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookChange {
    /// Sets what is given, and leaves the rest.
    Update(WebhookUpdate),
    /// Removes it, and what was to be delivered to it.
    Delete,
}

/// What changes of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebhookUpdate {
    /// Its label.
    pub name: Option<String>,
    /// Sets or clears the free text.
    pub description: Option<Option<String>>,
    /// Where messages go, those that wait included.
    pub url: Option<String>,
    /// What it asks for from now on.
    pub events: Option<Vec<HookEvent>>,
    /// Whether it is told.
    pub status: Option<WebhookStatus>,
    /// Sets or clears the secret.
    pub secret: Option<Option<WebhookSecret>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    #[test]
    fn names_of_events_are_in_order_and_read_back() {
        let names = HookEvent::ALL.map(HookEvent::halves);
        assert!(names.is_sorted(), "{names:?}");
        for event in HookEvent::ALL {
            assert_eq!(HookEvent::parse(event.as_str()), Some(event));
        }
        assert_eq!(HookEvent::parse("registered_model.deleted"), None);
    }

    #[test]
    fn a_uuid_says_its_version_and_variant() {
        assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn tags_of_models_are_nobodys_news_unless_it_is_a_prompt() {
        let set =
            RegistryEvent::Changed(RegisteredModelChange::DeleteTag(Key::new("k").unwrap()), Timestamp::from_millis(1));
        assert_eq!(HookEvent::of(&set, false), None);
        assert_eq!(HookEvent::of(&set, true), Some(HookEvent::PromptTagDeleted));
    }

    #[test]
    fn of_a_tag_given_twice_the_last_makes_a_prompt() {
        let tags =
            |values: &[&str]| values.iter().map(|value| Tag::new(PROMPT_TAG, *value).unwrap()).collect::<Vec<_>>();
        assert!(is_prompt(&tags(&["false", "True"])));
        assert!(!is_prompt(&tags(&["true", "false"])));
        assert!(!is_prompt(&[]));
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", WebhookSecret::new("hunter2")), "Some([hidden])");
        assert_eq!(WebhookSecret::new(""), None);
    }
}
