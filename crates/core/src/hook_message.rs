//! Messages to webhooks, and who sends them.

use std::fmt;

use async_trait::async_trait;

use crate::{Result, Retry, WebhookSecret};

/// One message, ready to be signed and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookMessage {
    /// Where to.
    pub url: String,
    /// What it is signed with.
    pub secret: Option<WebhookSecret>,
    /// What the receiver knows it by: the same on every try.
    pub key: String,
    /// JSON.
    pub body: String,
}

/// What the receiver answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookAnswer {
    /// The HTTP status, any.
    pub status: u16,
    /// When it wants to be asked again, if it says so.
    pub retry: Retry,
    /// The beginning of the body.
    pub body: String,
}

/// Sends messages to webhooks: one try each, classified.
#[async_trait]
pub trait HookSender: fmt::Debug + Send + Sync + 'static {
    /// The schemes that URLs of webhooks may have.
    fn schemes(&self) -> &[String];

    /// Refuses (`Invalid`) the host of a URL that messages may not go to.
    async fn check_host(&self, host: &str) -> Result<()>;

    /// Sends a message. Any status is an answer. `Unavailable` when there is none; `Denied` or `Invalid` when the
    /// message may not go there, whatever was checked before.
    async fn send(&self, message: HookMessage) -> Result<HookAnswer>;
}
