//! Webhooks, and what is to be delivered to them.
//!
//! A delivery is written in the same transaction as the change of the registry that it tells of, for each active
//! webhook that asks for it; where none does, nothing is written.

use std::fmt;

use async_trait::async_trait;

use crate::{
    HookEvent, Key, NewWebhook, Page, PageRequest, Result, Timestamp, Webhook, WebhookChange, WebhookId, WebhookSecret,
};

/// Webhooks of the system of record.
#[async_trait]
pub trait Webhooks: fmt::Debug + Send + Sync + 'static {
    /// Creates a webhook. `AlreadyExists` when the id is taken.
    async fn create_webhook(&self, new: NewWebhook) -> Result<Webhook>;

    /// By id.
    async fn webhook(&self, id: &WebhookId) -> Result<Option<Webhook>>;

    /// Applies one change. `NotFound` when there is no such webhook.
    async fn change_webhook(&self, id: &WebhookId, change: WebhookChange, at: Timestamp) -> Result<()>;

    /// Newest first.
    async fn list_webhooks(&self, page: PageRequest) -> Result<Page<Webhook>>;
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is to be sent, now or later.
    Waiting,
    /// The receiver took it.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::Failed];

    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// The state of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A delivery in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number, unique in the store and growing.
    pub id: u64,
    /// What the receiver knows it by.
    pub key: String,
    /// To which webhook.
    pub webhook: WebhookId,
    /// The label of the webhook.
    pub webhook_name: String,
    /// What it tells of.
    pub event: HookEvent,
    /// The registered model or prompt it happened to.
    pub model: Key,
    /// When that was.
    pub happened_at: Timestamp,
    /// How it stands.
    pub state: DeliveryState,
    /// Tries so far.
    pub attempts: u32,
    /// When it is tried next, if it is.
    pub due_at: Option<Timestamp>,
    /// When it was delivered or given up.
    pub ended_at: Option<Timestamp>,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// What went wrong at the last try.
    pub error: Option<String>,
}

/// Which deliveries to list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryQuery {
    /// To this webhook alone.
    pub webhook: Option<WebhookId>,
    /// In this state alone.
    pub state: Option<DeliveryState>,
    /// Only those of lower numbers.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// A delivery to be sent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDelivery {
    /// Its number.
    pub id: u64,
    /// What the receiver knows it by.
    pub key: String,
    /// To which webhook.
    pub webhook: WebhookId,
    /// Where that is now.
    pub url: String,
    /// What to sign with.
    pub secret: Option<WebhookSecret>,
    /// What it tells of.
    pub event: HookEvent,
    /// When it happened.
    pub happened_at: Timestamp,
    /// What happened, in the stored form of batches (see [`crate::stored`]).
    pub change: String,
    /// Tries so far.
    pub attempts: u32,
}

/// What there is to send.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DueDeliveries {
    /// The one that waits longest of each webhook.
    pub now: Vec<DueDelivery>,
    /// When the first of the others is to be sent.
    pub next: Option<Timestamp>,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryAttempt {
    /// When.
    pub at: Timestamp,
    /// The status of the answer.
    pub status: Option<u16>,
    /// What went wrong; nothing when it was delivered.
    pub error: Option<String>,
    /// When to try again; `None` for never.
    pub again_at: Option<Timestamp>,
}

/// How many deliveries are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryBounds {
    /// Of those that are over, the latest so many.
    pub ended: usize,
    /// None that was over before.
    pub ended_since: Timestamp,
    /// Of those that wait, so many of each webhook; the oldest are given up.
    pub waiting: usize,
}

/// What is to be delivered to webhooks, and what became of it.
#[async_trait]
pub trait Deliveries: fmt::Debug + Send + Sync + 'static {
    /// What is to be sent at this instant to active webhooks other than these, at most so many, those first that
    /// wait longest.
    async fn due_deliveries(&self, now: Timestamp, except: Vec<WebhookId>, limit: usize) -> Result<DueDeliveries>;

    /// Writes down what came of a try. Harmless when the delivery is gone.
    async fn settle_delivery(&self, id: u64, attempt: DeliveryAttempt) -> Result<()>;

    /// Newest first.
    async fn deliveries(&self, query: DeliveryQuery) -> Result<Vec<Delivery>>;

    /// Brings what is kept within bounds, some hundred at a time; says whether there may be more to do.
    async fn trim_deliveries(&self, bounds: DeliveryBounds, now: Timestamp) -> Result<bool>;

    /// Returns once something may have changed in what is due since the last call. Others may have written the
    /// change: then it is not noticed. May be dropped at any time.
    async fn wait_deliveries(&self);
}
