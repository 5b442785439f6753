use trackside_core::{
    HookAnswer, HookEvent, HookMessage, NewWebhook, Page, PageRequest, Result, Timestamp, Webhook, WebhookChange,
    WebhookId, WebhookSecret, WebhookStatus, WebhookUpdate, fault, uuid,
};

use crate::Service;

/// What a client says of a webhook it creates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRequest {
    /// A label.
    pub name: String,
    /// Where messages go.
    pub url: String,
    /// The host in it.
    pub host: String,
    /// What it asks for.
    pub events: Vec<HookEvent>,
    /// Free text.
    pub description: Option<String>,
    /// What messages are signed with.
    pub secret: Option<WebhookSecret>,
    /// Whether it is told.
    pub status: WebhookStatus,
}

impl Service {
    /// The schemes that URLs of webhooks may have.
    pub fn webhook_schemes(&self) -> &[String] {
        self.parts.hooks.schemes()
    }

    /// Creates a webhook with a fresh id. `Invalid` when messages may not go to that host.
    pub async fn create_webhook(&self, request: WebhookRequest) -> Result<Webhook> {
        self.parts.hooks.check_host(&request.host).await?;
        let new = NewWebhook {
            id: WebhookId::fresh(self.parts.ids.fresh()?),
            name: request.name,
            description: request.description,
            url: request.url,
            events: request.events,
            status: request.status,
            secret: request.secret,
            created_at: self.parts.clock.now(),
        };
        self.store().create_webhook(new).await
    }

    /// By id. `NotFound` when there is none.
    pub async fn webhook(&self, id: &WebhookId) -> Result<Webhook> {
        self.store().webhook(id).await?.ok_or_else(|| fault::webhook_not_found(id))
    }

    /// One page of the webhooks, newest first.
    pub async fn webhooks(&self, page: PageRequest) -> Result<Page<Webhook>> {
        self.store().list_webhooks(page).await
    }

    /// Changes what is given, and leaves the rest; `host` is that of a new URL.
    pub async fn update_webhook(&self, id: &WebhookId, update: WebhookUpdate, host: Option<&str>) -> Result<Webhook> {
        if let Some(host) = host {
            self.parts.hooks.check_host(host).await?;
        }
        self.store().change_webhook(id, WebhookChange::Update(update), self.parts.clock.now()).await?;
        self.webhook(id).await
    }

    /// Removes a webhook, and what was to be delivered to it.
    pub async fn delete_webhook(&self, id: &WebhookId) -> Result<()> {
        self.store().change_webhook(id, WebhookChange::Delete, self.parts.clock.now()).await
    }

    /// Sends a webhook a text, made of the present instant, in one try, and returns what it answered.
    pub async fn test_webhook(&self, webhook: Webhook, body: impl FnOnce(Timestamp) -> String) -> Result<HookAnswer> {
        let key = uuid(self.parts.ids.fresh()?);
        self.parts
            .hooks
            .send(HookMessage { url: webhook.url, secret: webhook.secret, key, body: body(self.parts.clock.now()) })
            .await
    }
}
