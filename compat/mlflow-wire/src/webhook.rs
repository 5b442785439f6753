//! Webhooks: shapes of `/mlflow/webhooks*` and their conversions.
//!
//! Source: `entities/webhook.py`, `utils/validation.py` and `protos/webhooks.proto` at 3.17.2. Elsewhere: where a URL's host
//! may be (whoever sends), what is sent (`webhook_message.rs`).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use trackside_core::{
    self as core, HookEvent, Page, PageRequest, WebhookSecret, WebhookStatus, WebhookUpdate as Update,
};

use crate::{
    Choice, Failure, Int,
    object::{object, objects},
    page,
    request::required,
    search::python,
    webhook_event::WebhookEvent,
    webhook_url::WebhookUrl,
};

/// Most webhooks of one page.
pub const MAX_WEBHOOKS: i64 = 1000;
/// Webhooks of a page when the client does not say.
pub const DEFAULT_WEBHOOKS: i64 = 100;

/// Longest name, in characters.
const MAX_NAME_CHARS: usize = 63;

/// `POST webhooks`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateWebhook {
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Required.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<WebhookEvent>>,
    /// Free text; empty is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What messages are signed with; empty is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Active unless it says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Choice>,
}

/// A webhook to create, valid in itself.
#[derive(Debug, PartialEq, Eq)]
pub struct NewWebhook {
    /// A label.
    pub name: String,
    /// Where messages go; whether they may go there is yet to be seen.
    pub url: WebhookUrl,
    /// What it asks for.
    pub events: Vec<HookEvent>,
    /// Free text.
    pub description: Option<String>,
    /// What messages are signed with.
    pub secret: Option<WebhookSecret>,
    /// Whether it is told.
    pub status: WebhookStatus,
}

impl CreateWebhook {
    /// What to create.
    pub fn checked(self, schemes: &[String]) -> Result<NewWebhook, Failure> {
        let name = required(self.name, "name")?;
        let url = required(self.url, "url")?;
        let events = required(self.events, "events")?;
        let events = events.iter().map(WebhookEvent::checked).collect::<Result<Vec<_>, _>>()?;
        check_name(&name)?;
        let url = WebhookUrl::checked(url, schemes)?;
        if events.is_empty() {
            return Err(Failure::invalid("Webhook events must be a non-empty list of WebhookEvent objects: []."));
        }
        Ok(NewWebhook {
            name,
            url,
            events: once(events),
            description: self.description.filter(|text| !text.is_empty()),
            secret: self.secret.and_then(WebhookSecret::new),
            status: self.status.as_ref().and_then(status).unwrap_or_default(),
        })
    }
}

/// `PATCH webhooks/<id>`: what is absent stays.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateWebhook {
    /// Empty is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Empty clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Empty is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Empty is absent.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<WebhookEvent>>,
    /// Empty clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// An unknown word is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Choice>,
}

impl UpdateWebhook {
    /// What it asks for from now on, which MLflow looks at before it looks for the webhook.
    pub fn checked_events(&self) -> Result<Option<Vec<HookEvent>>, Failure> {
        let events = self.events.as_ref().filter(|events| !events.is_empty());
        let events = events.map(|events| events.iter().map(WebhookEvent::checked).collect::<Result<_, _>>());
        Ok(events.transpose()?.map(once))
    }

    /// What changes, and where messages are to go, which is yet to be looked at.
    pub fn checked(self, schemes: &[String]) -> Result<(Update, Option<WebhookUrl>), Failure> {
        let events = self.checked_events()?;
        let name = self.name.filter(|name| !name.is_empty());
        name.as_deref().map(check_name).transpose()?;
        let url = self.url.filter(|url| !url.is_empty());
        let url = url.map(|url| WebhookUrl::checked(url, schemes)).transpose()?;
        let update = Update {
            name,
            description: self.description.map(|text| Some(text).filter(|text| !text.is_empty())),
            url: url.as_ref().map(|url| url.text.clone()),
            events,
            status: self.status.as_ref().and_then(status),
            secret: self.secret.map(WebhookSecret::new),
        };
        Ok((update, url))
    }
}

/// `GET webhooks`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ListWebhooks {
    /// Zero is absent.
    #[serde(alias = "maxResults", skip_serializing_if = "Option::is_none")]
    pub max_results: Option<Int>,
    /// Where to go on.
    #[serde(alias = "pageToken", skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

impl ListWebhooks {
    /// Which page.
    pub fn checked(self) -> Result<PageRequest, Failure> {
        let limit = self.max_results.map(|Int(n)| n).filter(|n| *n != 0).unwrap_or(DEFAULT_WEBHOOKS);
        let limit = Some(limit).filter(|n| (1..=MAX_WEBHOOKS).contains(n)).and_then(|n| usize::try_from(n).ok());
        let limit = limit.ok_or_else(|| Failure::invalid("max_results must be between 1 and 1000."))?;
        Ok(PageRequest { limit, after: page::parse(self.page_token.as_deref())? })
    }
}

/// `GET` and `DELETE webhooks/<id>`, which take nothing else.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct WebhookById {}

/// `POST webhooks/<id>/test`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TestWebhook {
    /// Which example is sent; the first that the webhook asks for when absent.
    #[serde(deserialize_with = "object", skip_serializing_if = "Option::is_none")]
    pub event: Option<WebhookEvent>,
}

impl TestWebhook {
    /// Which example was asked for.
    pub fn checked(self) -> Result<Option<HookEvent>, Failure> {
        self.event.map(|event| event.checked()).transpose()
    }
}

/// A webhook in answers, which never show the secret.
#[derive(Debug, Serialize, Deserialize)]
pub struct Webhook {
    /// Unique.
    pub webhook_id: String,
    /// A label.
    pub name: String,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where messages go.
    pub url: String,
    /// What it asks for.
    pub events: Vec<WebhookEvent>,
    /// `ACTIVE` or `DISABLED`.
    pub status: String,
    /// Milliseconds since the epoch.
    pub creation_timestamp: Int,
    /// Milliseconds since the epoch.
    pub last_updated_timestamp: Int,
}

impl From<core::Webhook> for Webhook {
    fn from(webhook: core::Webhook) -> Self {
        Self {
            webhook_id: webhook.id.as_str().to_owned(),
            name: webhook.name,
            description: webhook.description,
            url: webhook.url,
            events: webhook.events.into_iter().map(Into::into).collect(),
            status: webhook.status.as_str().to_owned(),
            creation_timestamp: Int(webhook.created_at.millis()),
            last_updated_timestamp: Int(webhook.updated_at.millis()),
        }
    }
}

/// Answer with one webhook.
#[derive(Debug, Serialize, Deserialize)]
pub struct WebhookFound {
    /// The webhook.
    pub webhook: Webhook,
}

impl From<core::Webhook> for WebhookFound {
    fn from(webhook: core::Webhook) -> Self {
        Self { webhook: webhook.into() }
    }
}

/// Answer of `GET webhooks`.
#[derive(Debug, Serialize, Deserialize)]
pub struct WebhooksFound {
    /// Newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhooks: Vec<Webhook>,
    /// Where to go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

impl From<Page<core::Webhook>> for WebhooksFound {
    fn from(found: Page<core::Webhook>) -> Self {
        let next_page_token = page::render(found.next.as_ref());
        Self { webhooks: found.items.into_iter().map(Into::into).collect(), next_page_token }
    }
}

/// Answer of `POST webhooks/<id>/test`.
#[derive(Debug, Serialize, Deserialize)]
pub struct WebhookTested {
    /// What came of it.
    pub result: WebhookTestResult,
}

/// What came of a test.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct WebhookTestResult {
    /// Whether the receiver took it.
    pub success: bool,
    /// The status it answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_status: Option<u16>,
    /// The body it answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body: Option<String>,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
}

impl From<core::Result<core::HookAnswer>> for WebhookTested {
    fn from(answer: core::Result<core::HookAnswer>) -> Self {
        let result = match answer {
            Ok(answer) => WebhookTestResult {
                success: answer.status < 400,
                response_status: Some(answer.status),
                response_body: Some(answer.body),
                error_message: None,
            },
            Err(error) => WebhookTestResult {
                error_message: Some(format!("Failed to test webhook: {}", error.message())),
                ..WebhookTestResult::default()
            },
        };
        Self { result }
    }
}

/// In the order of their names, each once.
fn once(events: Vec<HookEvent>) -> Vec<HookEvent> {
    let wanted: BTreeSet<&str> = events.into_iter().map(HookEvent::as_str).collect();
    HookEvent::ALL.into_iter().filter(|event| wanted.contains(event.as_str())).collect()
}

/// Numbered from one, in the order of the protocol.
fn status(choice: &Choice) -> Option<WebhookStatus> {
    choice.among([WebhookStatus::Active, WebhookStatus::Disabled].map(|status| (status.as_str(), status)))
}

fn check_name(name: &str) -> Result<(), Failure> {
    let word = |c: char| c.is_ascii_alphanumeric();
    let inside = |c: char| word(c) || matches!(c, '.' | '_' | '-');
    let ends = name.starts_with(word) && name.ends_with(word);
    if ends && name.chars().all(inside) && name.len() <= MAX_NAME_CHARS {
        return Ok(());
    }
    Err(Failure::invalid(format!(
        "Webhook name {} is invalid. It must start and end with a letter or digit, be less than 63 characters long, and \
         contain only letters, digits, dots (.), underscores (_), and hyphens (-).",
        python::text(name)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::from_json;

    fn https() -> Vec<String> {
        vec!["https".to_owned()]
    }

    fn create(json: &str) -> Result<NewWebhook, String> {
        let request = from_json::<CreateWebhook>(json.as_bytes()).and_then(|request| request.checked(&https()));
        request.map_err(|failure| failure.message)
    }

    #[test]
    fn events_come_by_name_or_number_and_count_once() {
        let new = create(
            r#"{"name": "n", "url": "https://h.example", "events": [{"entity": "REGISTERED_MODEL", "action": "CREATED"},
               {"entity": 4, "action": 3}, {"entity": "REGISTERED_MODEL", "action": "CREATED"}], "status": "DISABLED"}"#,
        )
        .unwrap();
        assert_eq!(new.events, [HookEvent::ModelVersionAliasDeleted, HookEvent::RegisteredModelCreated]);
        assert_eq!((new.status, new.secret), (WebhookStatus::Disabled, None));
    }

    #[test]
    fn an_action_must_suit_its_entity() {
        let refused = |event: &str| {
            create(&format!(r#"{{"name": "n", "url": "https://h.example", "events": [{event}]}}"#)).unwrap_err()
        };
        assert_eq!(
            refused(r#"{"entity": "REGISTERED_MODEL", "action": "DELETED"}"#),
            "Invalid action 'deleted' for entity 'registered_model'. Valid actions are: ['created']"
        );
        assert_eq!(
            refused(r#"{"entity": "PROMPT_TAG", "action": "CREATED"}"#),
            "Invalid action 'created' for entity 'prompt_tag'. Valid actions are: ['deleted', 'set']"
        );
        assert!(refused(r#"{"entity": "RUN", "action": "CREATED"}"#).starts_with("Invalid entity of a webhook event."));
        assert!(refused(r#"{"entity": "PROMPT"}"#).starts_with("Invalid action of a webhook event."));
    }

    #[test]
    fn names_are_words_of_at_most_63_characters() {
        for good in ["a", "A-b_c.d", &"a".repeat(63)] {
            check_name(good).unwrap();
        }
        for bad in ["", "-a", "a.", "a b", "é", "a\n", &"a".repeat(64)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
        assert!(check_name("it's").unwrap_err().message.starts_with("Webhook name \"it's\" is invalid. It must"));
    }

    #[test]
    fn what_an_update_leaves_out_stays_and_what_is_empty_is_cleared_or_ignored() {
        let update = |json: &str| from_json::<UpdateWebhook>(json.as_bytes()).unwrap().checked(&https()).unwrap();
        assert_eq!(update("{}"), (Update::default(), None));
        let ignored = r#"{"name": "", "url": "", "events": [], "status": "UNKNOWN"}"#;
        assert_eq!(update(ignored), (Update::default(), None));
        let (cleared, _) = update(r#"{"description": "", "secret": ""}"#);
        assert_eq!((cleared.description, cleared.secret), (Some(None), Some(None)));
    }
}
