use serde::{Deserialize, Serialize};
use trackside_core::{Timestamp, store};

/// A page of deliveries to webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliveries {
    /// Newest first.
    pub deliveries: Vec<Delivery>,
    /// The `before` of the next page, when there may be one.
    pub next_before: Option<u64>,
}

/// Something that a webhook is told, or was to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its number.
    pub id: u64,
    /// The `X-MLflow-Delivery-Id` of its messages.
    pub delivery_id: String,
    /// The id of the webhook.
    pub webhook_id: String,
    /// The name of the webhook.
    pub webhook: String,
    /// What happened, e.g. `model_version.created`.
    pub event: String,
    /// The registered model or prompt it happened to.
    pub model: String,
    /// When it happened, in milliseconds since the epoch.
    pub at_ms: i64,
    /// `waiting`, `delivered` or `failed`.
    pub state: String,
    /// Tries so far.
    pub attempts: u32,
    /// When it is tried next, in milliseconds since the epoch.
    pub due_ms: Option<i64>,
    /// When it was delivered or given up, in milliseconds since the epoch.
    pub ended_ms: Option<i64>,
    /// The HTTP status of the last answer.
    pub status: Option<u16>,
    /// What went wrong at the last try.
    pub error: Option<String>,
}

impl From<store::Delivery> for Delivery {
    fn from(delivery: store::Delivery) -> Self {
        Self {
            id: delivery.id,
            delivery_id: delivery.key,
            webhook_id: delivery.webhook.as_str().to_owned(),
            webhook: delivery.webhook_name,
            event: delivery.event.as_str().to_owned(),
            model: delivery.model.as_str().to_owned(),
            at_ms: delivery.happened_at.millis(),
            state: delivery.state.as_str().to_owned(),
            attempts: delivery.attempts,
            due_ms: delivery.due_at.map(Timestamp::millis),
            ended_ms: delivery.ended_at.map(Timestamp::millis),
            status: delivery.status,
            error: delivery.error,
        }
    }
}
