//! What cases of the suite share.

use trackside_core::{
    HookEvent, NewWebhook, Store, Timestamp, WebhookId, WebhookStatus,
    ledger::Origin,
    store::{Deliveries, Delivery, DeliveryAttempt, DeliveryQuery, DueDelivery},
};

use crate::fixture::{at, new_registered_model};

/// Later than anything that a clock says.
pub(super) const FAR: Timestamp = Timestamp::from_millis(i64::MAX / 2);

/// Webhook number `n`, which asks for these.
pub(super) async fn hook(store: &dyn Store, n: u128, events: &[HookEvent]) -> WebhookId {
    let new = NewWebhook {
        id: WebhookId::fresh(n),
        name: format!("hook-{n}"),
        description: None,
        url: format!("https://hooks.example/{n}"),
        events: events.to_vec(),
        status: WebhookStatus::Active,
        secret: None,
        created_at: at(1_000),
    };
    store.create_webhook(new).await.unwrap().id
}

/// A webhook that asks for new models.
pub(super) async fn model_hook(store: &dyn Store, n: u128) -> WebhookId {
    hook(store, n, &[HookEvent::RegisteredModelCreated]).await
}

/// Registers models of these names.
pub(super) async fn models(store: &dyn Store, names: &[&str]) {
    for name in names {
        store.create_registered_model(new_registered_model(name), &Origin::NOBODY).await.unwrap();
    }
}

/// All deliveries, oldest first.
pub(super) async fn all(deliveries: &dyn Deliveries) -> Vec<Delivery> {
    let mut all = list(deliveries, DeliveryQuery::default()).await;
    all.reverse();
    all
}

/// Deliveries as they are listed.
pub(super) async fn list(deliveries: &dyn Deliveries, query: DeliveryQuery) -> Vec<Delivery> {
    deliveries.deliveries(DeliveryQuery { limit: query.limit.max(1_000), ..query }).await.unwrap()
}

/// What is due in the far future to webhooks other than these.
pub(super) async fn due(deliveries: &dyn Deliveries, except: &[&WebhookId]) -> Vec<DueDelivery> {
    let except = except.iter().map(|id| (*id).clone()).collect();
    deliveries.due_deliveries(FAR, except, 100).await.unwrap().now
}

/// The receiver took it.
pub(super) fn taken(time: i64) -> DeliveryAttempt {
    DeliveryAttempt { at: at(time), status: Some(200), error: None, again_at: None }
}

/// The receiver refused it; it is tried again at that time, if at all.
pub(super) fn refused(time: i64, again_at: Option<Timestamp>) -> DeliveryAttempt {
    DeliveryAttempt { at: at(time), status: Some(503), error: Some("status 503".to_owned()), again_at }
}
