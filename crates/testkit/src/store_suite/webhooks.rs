//! Webhooks: what they are, and how they change.

use trackside_core::{
    HookEvent, NewWebhook, Store, Webhook, WebhookChange as Change, WebhookId, WebhookSecret, WebhookStatus,
    WebhookUpdate, fault,
};

use super::scene::{ALL, assert_fault, refuses_forged_tokens, walk};
use crate::fixture::at;

fn new(n: u128, time: i64) -> NewWebhook {
    NewWebhook {
        id: WebhookId::fresh(n),
        name: format!("hook-{n}"),
        description: None,
        url: format!("https://hooks.example/{n}"),
        events: vec![HookEvent::RegisteredModelCreated],
        status: WebhookStatus::Active,
        secret: None,
        created_at: at(time),
    }
}

async fn update(store: &dyn Store, id: &WebhookId, update: WebhookUpdate, time: i64) {
    store.change_webhook(id, Change::Update(update), at(time)).await.unwrap();
}

pub async fn a_new_webhook_reads_back_as_it_was_returned(store: &dyn Store) {
    let new = NewWebhook {
        description: Some("words".to_owned()),
        events: vec![HookEvent::PromptTagSet, HookEvent::ModelVersionCreated, HookEvent::PromptTagSet],
        status: WebhookStatus::Disabled,
        secret: WebhookSecret::new("s"),
        ..new(1, 1_000)
    };
    let created = store.create_webhook(new.clone()).await.unwrap();
    let expected = Webhook {
        id: new.id.clone(),
        name: new.name,
        description: new.description,
        url: new.url,
        events: vec![HookEvent::ModelVersionCreated, HookEvent::PromptTagSet],
        status: WebhookStatus::Disabled,
        secret: WebhookSecret::new("s"),
        created_at: at(1_000),
        updated_at: at(1_000),
    };
    assert_eq!(created, expected);
    assert_eq!(store.webhook(&new.id).await.unwrap(), Some(expected));
}

pub async fn ids_of_webhooks_are_unique_and_names_are_not(store: &dyn Store) {
    store.create_webhook(new(1, 1_000)).await.unwrap();
    assert_fault(store.create_webhook(new(1, 2_000)).await, &fault::webhook_exists(&WebhookId::fresh(1)));
    let same_name = NewWebhook { name: new(1, 0).name, ..new(2, 2_000) };
    store.create_webhook(same_name).await.unwrap();
    assert_eq!(store.list_webhooks(ALL).await.unwrap().items.len(), 2);
}

pub async fn unknown_webhooks_are_not_found(store: &dyn Store) {
    for id in [WebhookId::fresh(7), WebhookId::new(""), WebhookId::new("' OR 1=1 --")] {
        assert_eq!(store.webhook(&id).await.unwrap(), None);
        for change in [Change::Delete, Change::Update(WebhookUpdate::default())] {
            assert_fault(store.change_webhook(&id, change, at(1)).await, &fault::webhook_not_found(&id));
        }
    }
}

pub async fn an_update_changes_only_what_it_names_of_a_webhook(store: &dyn Store) {
    let created = NewWebhook { secret: WebhookSecret::new("s"), ..new(1, 1_000) };
    let before = store.create_webhook(created).await.unwrap();
    let read = async || store.webhook(&before.id).await.unwrap().unwrap();

    update(store, &before.id, WebhookUpdate::default(), 2_000).await;
    assert_eq!(read().await, Webhook { updated_at: at(2_000), ..before.clone() });

    let all = WebhookUpdate {
        name: Some("other".to_owned()),
        description: Some(Some("words".to_owned())),
        url: Some("https://other.example".to_owned()),
        events: Some(vec![HookEvent::PromptCreated, HookEvent::ModelVersionTagSet]),
        status: Some(WebhookStatus::Disabled),
        secret: Some(WebhookSecret::new("t")),
    };
    update(store, &before.id, all, 3_000).await;
    let changed = Webhook {
        id: before.id.clone(),
        name: "other".to_owned(),
        description: Some("words".to_owned()),
        url: "https://other.example".to_owned(),
        events: vec![HookEvent::ModelVersionTagSet, HookEvent::PromptCreated],
        status: WebhookStatus::Disabled,
        secret: WebhookSecret::new("t"),
        created_at: at(1_000),
        updated_at: at(3_000),
    };
    assert_eq!(read().await, changed);

    let cleared = WebhookUpdate { description: Some(None), secret: Some(None), ..WebhookUpdate::default() };
    update(store, &before.id, cleared, 4_000).await;
    assert_eq!(read().await, Webhook { description: None, secret: None, updated_at: at(4_000), ..changed });
}

pub async fn a_deleted_webhook_is_gone(store: &dyn Store) {
    let [first, second] = [new(1, 1_000), new(2, 1_000)];
    store.create_webhook(first.clone()).await.unwrap();
    store.create_webhook(second.clone()).await.unwrap();
    store.change_webhook(&first.id, Change::Delete, at(2_000)).await.unwrap();
    assert_eq!(store.webhook(&first.id).await.unwrap(), None);
    let left = store.list_webhooks(ALL).await.unwrap().items;
    assert_eq!(left.into_iter().map(|webhook| webhook.id).collect::<Vec<_>>(), [second.id]);
}

pub async fn webhooks_come_newest_first_on_disjoint_pages(store: &dyn Store) {
    for n in 1..=7 {
        // Some at the same instant.
        store.create_webhook(new(n, 1_000 + i64::try_from(n / 3).unwrap())).await.unwrap();
    }
    let all = store.list_webhooks(ALL).await.unwrap().items;
    assert!(all.is_sorted_by(|a, b| a.created_at >= b.created_at));
    assert_eq!(all.len(), 7);
    for limit in [1, 2, 3, 7] {
        assert_eq!(walk(limit, |page| store.list_webhooks(page)).await, all);
    }
}

pub async fn forged_webhook_tokens_are_invalid(store: &dyn Store) {
    store.create_webhook(new(1, 1_000)).await.unwrap();
    refuses_forged_tokens(|page| store.list_webhooks(page)).await;
}
