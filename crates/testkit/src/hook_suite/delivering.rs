//! What is due, and what comes of a try.

use trackside_core::{
    Store, Timestamp, WebhookChange, WebhookSecret, WebhookStatus, WebhookUpdate,
    store::{Deliveries, DeliveryState},
};

use super::scene::{FAR, all, due, model_hook, models, refused, taken};
use crate::fixture::at;

pub async fn each_webhook_gets_its_deliveries_one_by_one_in_order(store: &dyn Store, deliveries: &dyn Deliveries) {
    model_hook(store, 1).await;
    model_hook(store, 2).await;
    models(store, &["a", "b"]).await;
    let models = async || {
        let listed = all(deliveries).await;
        let model = |id| listed.iter().find(|delivery| delivery.id == id).unwrap().model.to_string();
        due(deliveries, &[]).await.into_iter().map(|due| (model(due.id), due.id)).collect::<Vec<_>>()
    };
    let first = models().await;
    assert_eq!(first.iter().map(|(model, _)| model.as_str()).collect::<Vec<_>>(), ["a", "a"]);
    for (_, id) in first {
        deliveries.settle_delivery(id, taken(5_000)).await.unwrap();
    }
    assert_eq!(models().await.iter().map(|(model, _)| model.as_str()).collect::<Vec<_>>(), ["b", "b"]);
}

pub async fn a_busy_webhook_gets_nothing_more(store: &dyn Store, deliveries: &dyn Deliveries) {
    let [first, second] = [model_hook(store, 1).await, model_hook(store, 2).await];
    models(store, &["a"]).await;
    let hooks = due(deliveries, &[&first]).await.into_iter().map(|due| due.webhook).collect::<Vec<_>>();
    assert_eq!(hooks, std::slice::from_ref(&second));
    let none = deliveries.due_deliveries(FAR, vec![first, second], 100).await.unwrap();
    assert_eq!((none.now, none.next), (vec![], None), "they are asked for when they are no longer busy");
}

pub async fn those_who_wait_longest_come_first(store: &dyn Store, deliveries: &dyn Deliveries) {
    let [first, second, third] = [model_hook(store, 1).await, model_hook(store, 2).await, model_hook(store, 3).await];
    models(store, &["a"]).await;
    let ids: Vec<_> = due(deliveries, &[]).await.into_iter().map(|due| (due.webhook, due.id)).collect();
    for (hook, time) in [(&first, 30), (&second, 10), (&third, 20)] {
        let (_, id) = ids.iter().find(|(of, _)| of == hook).unwrap();
        deliveries.settle_delivery(*id, refused(1, Some(at(time)))).await.unwrap();
    }
    let found = deliveries.due_deliveries(FAR, vec![], 2).await.unwrap();
    assert_eq!(found.now.into_iter().map(|due| due.webhook).collect::<Vec<_>>(), [second, third]);
}

pub async fn what_is_tried_again_comes_back_in_time(store: &dyn Store, deliveries: &dyn Deliveries) {
    model_hook(store, 1).await;
    models(store, &["a"]).await;
    let first = due(deliveries, &[]).await.remove(0);
    deliveries.settle_delivery(first.id, refused(1_000, Some(at(5_000)))).await.unwrap();

    let early = deliveries.due_deliveries(at(4_999), vec![], 10).await.unwrap();
    assert_eq!((early.now, early.next), (vec![], Some(at(5_000))));
    let again = deliveries.due_deliveries(at(5_000), vec![], 10).await.unwrap().now.remove(0);
    assert_eq!((again.id, &again.key, again.attempts), (first.id, &first.key, 1), "it is the same message");
    assert_eq!(again.happened_at, first.happened_at);

    let listed = all(deliveries).await.remove(0);
    assert_eq!((listed.state, listed.attempts, listed.due_at), (DeliveryState::Waiting, 1, Some(at(5_000))));
    assert_eq!((listed.status, listed.error.as_deref(), listed.ended_at), (Some(503), Some("status 503"), None));
}

pub async fn what_is_over_never_comes_back(store: &dyn Store, deliveries: &dyn Deliveries) {
    model_hook(store, 1).await;
    models(store, &["a", "b"]).await;
    let first = due(deliveries, &[]).await.remove(0);
    deliveries.settle_delivery(first.id, taken(5_000)).await.unwrap();
    let second = due(deliveries, &[]).await.remove(0);
    deliveries.settle_delivery(second.id, refused(6_000, None)).await.unwrap();
    // An answer that comes twice, and one to what is not there, change nothing.
    deliveries.settle_delivery(first.id, refused(9_000, Some(at(9_000)))).await.unwrap();
    deliveries.settle_delivery(first.id + second.id + 1, taken(9_000)).await.unwrap();

    let found = deliveries.due_deliveries(FAR, vec![], 10).await.unwrap();
    assert_eq!((found.now, found.next), (vec![], None));
    let states: Vec<_> = all(deliveries).await.into_iter().map(|one| (one.state, one.ended_at, one.error)).collect();
    let expected = [
        (DeliveryState::Delivered, Some(at(5_000)), None),
        (DeliveryState::Failed, Some(at(6_000)), Some("status 503".to_owned())),
    ];
    assert_eq!(states, expected);
}

pub async fn a_disabled_webhook_is_told_when_it_is_active_again(store: &dyn Store, deliveries: &dyn Deliveries) {
    let id = model_hook(store, 1).await;
    models(store, &["a"]).await;
    let status = async |status| {
        let update = WebhookUpdate { status: Some(status), ..WebhookUpdate::default() };
        store.change_webhook(&id, WebhookChange::Update(update), at(2_000)).await.unwrap();
    };
    status(WebhookStatus::Disabled).await;
    assert_eq!(due(deliveries, &[]).await, []);
    assert_eq!(all(deliveries).await[0].state, DeliveryState::Waiting);
    status(WebhookStatus::Active).await;
    deliveries.wait_deliveries().await;
    assert_eq!(due(deliveries, &[]).await.len(), 1);
}

pub async fn a_webhook_that_moves_is_told_where_it_is(store: &dyn Store, deliveries: &dyn Deliveries) {
    let id = model_hook(store, 1).await;
    models(store, &["a"]).await;
    let update = WebhookUpdate {
        url: Some("https://elsewhere.example".to_owned()),
        secret: Some(WebhookSecret::new("s")),
        ..WebhookUpdate::default()
    };
    store.change_webhook(&id, WebhookChange::Update(update), Timestamp::from_millis(2_000)).await.unwrap();
    let found = due(deliveries, &[]).await.remove(0);
    assert_eq!((found.url.as_str(), found.secret), ("https://elsewhere.example", WebhookSecret::new("s")));
}
