//! What is kept of deliveries, and how it is found.

use trackside_core::{
    Store, Timestamp, WebhookChange,
    store::{Deliveries, DeliveryBounds, DeliveryQuery, DeliveryState},
};

use super::scene::{all, due, list, model_hook, models, refused, taken};
use crate::fixture::at;

/// Bounds that nothing here reaches.
const WIDE: DeliveryBounds = DeliveryBounds { ended: 1_000, ended_since: Timestamp::from_millis(0), waiting: 1_000 };

/// Brings what is kept within bounds.
async fn trim(deliveries: &dyn Deliveries, bounds: DeliveryBounds) {
    while deliveries.trim_deliveries(bounds, at(99_000)).await.unwrap() {}
}

/// Delivers what is due, one after the other, at 1,000, 2,000 and so on.
async fn deliver_all(deliveries: &dyn Deliveries) {
    for n in 1.. {
        let Some(next) = due(deliveries, &[]).await.into_iter().next() else { return };
        deliveries.settle_delivery(next.id, taken(n * 1_000)).await.unwrap();
    }
}

async fn names(deliveries: &dyn Deliveries) -> Vec<String> {
    all(deliveries).await.into_iter().map(|delivery| delivery.model.to_string()).collect()
}

pub async fn deliveries_are_listed_newest_first_by_webhook_state_and_page(
    store: &dyn Store,
    deliveries: &dyn Deliveries,
) {
    let [first, second] = [model_hook(store, 1).await, model_hook(store, 2).await];
    models(store, &["a", "b", "c"]).await;
    let next = due(deliveries, &[&second]).await.remove(0);
    deliveries.settle_delivery(next.id, taken(1_000)).await.unwrap();
    let next = due(deliveries, &[&second]).await.remove(0);
    deliveries.settle_delivery(next.id, refused(2_000, None)).await.unwrap();

    let everything = list(deliveries, DeliveryQuery::default()).await;
    assert_eq!(everything.len(), 6);
    assert!(everything.is_sorted_by(|a, b| a.id > b.id));
    assert_eq!(everything[0].webhook_name, "hook-2");
    for webhook in [&first, &second] {
        let own = list(deliveries, DeliveryQuery { webhook: Some(webhook.clone()), ..DeliveryQuery::default() }).await;
        assert_eq!(own.iter().map(|one| one.model.as_str()).collect::<Vec<_>>(), ["c", "b", "a"]);
        assert!(own.iter().all(|one| one.webhook == *webhook));
    }
    for (state, count) in [(DeliveryState::Waiting, 4), (DeliveryState::Delivered, 1), (DeliveryState::Failed, 1)] {
        let found = list(deliveries, DeliveryQuery { state: Some(state), ..DeliveryQuery::default() }).await;
        assert_eq!(found.len(), count, "{state:?}");
        assert!(found.iter().all(|one| one.state == state));
    }
    let page = DeliveryQuery { limit: 2, before: Some(everything[2].id), ..DeliveryQuery::default() };
    assert_eq!(deliveries.deliveries(page).await.unwrap(), everything[3..5]);
}

pub async fn a_deleted_webhook_takes_its_deliveries_along(store: &dyn Store, deliveries: &dyn Deliveries) {
    let [first, second] = [model_hook(store, 1).await, model_hook(store, 2).await];
    models(store, &["a"]).await;
    store.change_webhook(&first, WebhookChange::Delete, at(2_000)).await.unwrap();
    let left: Vec<_> = all(deliveries).await.into_iter().map(|delivery| delivery.webhook).collect();
    assert_eq!(left, [second]);
}

pub async fn what_is_over_is_kept_within_bounds(store: &dyn Store, deliveries: &dyn Deliveries) {
    model_hook(store, 1).await;
    models(store, &["a", "b", "c", "d", "e"]).await;
    deliver_all(deliveries).await;
    models(store, &["waits"]).await;

    trim(deliveries, WIDE).await;
    assert_eq!(names(deliveries).await.len(), 6);
    trim(deliveries, DeliveryBounds { ended_since: at(2_000), ..WIDE }).await;
    assert_eq!(names(deliveries).await, ["b", "c", "d", "e", "waits"]);
    trim(deliveries, DeliveryBounds { ended: 2, ..WIDE }).await;
    assert_eq!(names(deliveries).await, ["d", "e", "waits"]);
    trim(deliveries, DeliveryBounds { ended: 0, ended_since: at(i64::MAX), ..WIDE }).await;
    assert_eq!(names(deliveries).await, ["waits"], "what waits is not over");
}

pub async fn the_oldest_of_too_many_that_wait_are_given_up(store: &dyn Store, deliveries: &dyn Deliveries) {
    model_hook(store, 1).await;
    models(store, &["a", "b", "c"]).await;
    model_hook(store, 2).await;
    models(store, &["d"]).await;
    trim(deliveries, DeliveryBounds { waiting: 2, ..WIDE }).await;
    let given_up: Vec<_> = all(deliveries).await.into_iter().filter(|one| one.state == DeliveryState::Failed).collect();
    assert_eq!(given_up.iter().map(|one| one.model.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(given_up.iter().all(|one| one.ended_at == Some(at(99_000))));
    assert!(given_up[0].error.as_deref().unwrap().contains("more than 2"), "{given_up:?}");
}
