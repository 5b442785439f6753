//! `/webhooks/deliveries`: what was sent to webhooks, or is to be.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::Deserialize;
use trackside_core::{
    Error, WebhookId,
    store::{DeliveryQuery, DeliveryState},
};

use crate::{Admin, refusal::Refusal, shape};

/// Deliveries on a page when the client does not say.
const DEFAULT_LIMIT: usize = 100;
/// Most deliveries on a page.
const MAX_LIMIT: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    webhook: Option<String>,
    state: Option<String>,
    before: Option<u64>,
    limit: Option<usize>,
}

/// Newest first.
pub(crate) async fn list(
    State(admin): State<Admin>,
    asked: Result<Query<Page>, QueryRejection>,
) -> Result<Json<shape::Deliveries>, Refusal> {
    let Query(page) = asked.map_err(|error| Refusal::unreadable(error.status(), error.body_text()))?;
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let query = DeliveryQuery {
        webhook: page.webhook.map(WebhookId::new),
        state: page.state.map(|text| state(&text)).transpose()?,
        before: page.before,
        limit,
    };
    let found = admin.deliveries.deliveries(query).await?;
    // A full page may have more behind it.
    let next = (found.len() == limit).then(|| found.last().map(|delivery| delivery.id)).flatten();
    let deliveries = found.into_iter().map(shape::Delivery::from).collect();
    Ok(Json(shape::Deliveries { deliveries, next_before: next }))
}

fn state(text: &str) -> Result<DeliveryState, Error> {
    let known = DeliveryState::ALL.map(DeliveryState::as_str).join(", ");
    DeliveryState::parse(text).ok_or_else(|| Error::invalid(format!("the state '{text}' is none of: {known}")))
}
