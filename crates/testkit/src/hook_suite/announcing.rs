//! Which changes of the registry make deliveries, and for whom.

use trackside_core::{
    Batch, HookEvent, ModelVersionChange as Version, NewModelVersion, NewRegisteredModel, PROMPT_TAG,
    RegisteredModelChange as Model, RegistryEvent, Stage, Store, WebhookChange, WebhookStatus, WebhookUpdate,
    ledger::Origin, store::Deliveries, stored,
};

use super::scene::{all, due, hook, model_hook, models};
use crate::fixture::{at, key, new_model_version, new_registered_model, pair, tag_list};

async fn events(deliveries: &dyn Deliveries) -> Vec<HookEvent> {
    all(deliveries).await.into_iter().map(|delivery| delivery.event).collect()
}

/// Makes every change there is of a model of this name and of its first version.
async fn life(store: &dyn Store, name: &str, first_tags: &[(&str, &str)]) {
    let tags = || tag_list(first_tags);
    store
        .create_registered_model(NewRegisteredModel { tags: tags(), ..new_registered_model(name) }, &Origin::NOBODY)
        .await
        .unwrap();
    store
        .create_model_version(NewModelVersion { tags: tags(), ..new_model_version(name) }, &Origin::NOBODY)
        .await
        .unwrap();
    for change in [
        Model::Describe(Some("words".to_owned())),
        Model::SetTag(pair("k", "v")),
        Model::DeleteTag(key("k")),
        Model::SetAlias(key("a"), 1),
        Model::DeleteAlias(key("a")),
    ] {
        store.change_registered_model(&key(name), change, at(2_000), &Origin::NOBODY).await.unwrap();
    }
    for change in [
        Version::Describe(None),
        Version::Stage { stage: Stage::Production, archive_others: true },
        Version::SetTag(pair("k", "v")),
        Version::DeleteTag(key("k")),
        Version::Delete,
    ] {
        store.change_model_version(&key(name), 1, change, at(3_000), &Origin::NOBODY).await.unwrap();
    }
    store.change_registered_model(&key(name), Model::Rename(key("renamed")), at(4_000), &Origin::NOBODY).await.unwrap();
    store.change_registered_model(&key("renamed"), Model::Delete, at(5_000), &Origin::NOBODY).await.unwrap();
}

pub async fn every_event_is_made_by_its_change(store: &dyn Store, deliveries: &dyn Deliveries) {
    hook(store, 1, &HookEvent::ALL).await;
    life(store, "m", &[]).await;
    let expected = [
        HookEvent::RegisteredModelCreated,
        HookEvent::ModelVersionCreated,
        HookEvent::ModelVersionAliasCreated,
        HookEvent::ModelVersionAliasDeleted,
        HookEvent::ModelVersionTagSet,
        HookEvent::ModelVersionTagDeleted,
    ];
    assert_eq!(events(deliveries).await, expected);
    assert!(all(deliveries).await.iter().all(|delivery| delivery.model == key("m")));
}

pub async fn what_happens_to_a_prompt_is_news_of_a_prompt(store: &dyn Store, deliveries: &dyn Deliveries) {
    hook(store, 1, &HookEvent::ALL).await;
    life(store, "p", &[(PROMPT_TAG, "true")]).await;
    let expected = [
        HookEvent::PromptCreated,
        HookEvent::PromptVersionCreated,
        HookEvent::PromptTagSet,
        HookEvent::PromptTagDeleted,
        HookEvent::PromptAliasCreated,
        HookEvent::PromptAliasDeleted,
        HookEvent::PromptVersionTagSet,
        HookEvent::PromptVersionTagDeleted,
    ];
    assert_eq!(events(deliveries).await, expected);
}

pub async fn other_changes_are_no_news(store: &dyn Store, deliveries: &dyn Deliveries) {
    models(store, &["m"]).await;
    store.create_model_version(new_model_version("m"), &Origin::NOBODY).await.unwrap();
    hook(store, 1, &HookEvent::ALL).await;
    let stage = Version::Stage { stage: Stage::Staging, archive_others: false };
    store.change_model_version(&key("m"), 1, stage, at(2_000), &Origin::NOBODY).await.unwrap();
    store.change_registered_model(&key("m"), Model::Delete, at(2_000), &Origin::NOBODY).await.unwrap();
    assert_eq!(events(deliveries).await, []);
}

pub async fn nothing_is_written_where_nobody_asks(store: &dyn Store, deliveries: &dyn Deliveries) {
    models(store, &["a"]).await;
    hook(store, 1, &[HookEvent::PromptCreated, HookEvent::BudgetPolicyExceeded]).await;
    models(store, &["b"]).await;
    model_hook(store, 2).await;
    assert_eq!(events(deliveries).await, [], "what happened before is not told");
}

pub async fn each_active_webhook_that_asks_is_told(store: &dyn Store, deliveries: &dyn Deliveries) {
    let [first, second, third] = [model_hook(store, 1).await, model_hook(store, 2).await, model_hook(store, 3).await];
    hook(store, 4, &[HookEvent::ModelVersionCreated]).await;
    let disabled = WebhookUpdate { status: Some(WebhookStatus::Disabled), ..WebhookUpdate::default() };
    store.change_webhook(&second, WebhookChange::Update(disabled), at(2_000)).await.unwrap();
    models(store, &["m"]).await;
    let told = all(deliveries).await;
    assert_eq!(told.iter().map(|delivery| &delivery.webhook).collect::<Vec<_>>(), [&first, &third]);
    assert_ne!(told[0].key, told[1].key, "a receiver of both can tell them apart");
}

pub async fn a_refused_change_is_not_told(store: &dyn Store, deliveries: &dyn Deliveries) {
    hook(store, 1, &HookEvent::ALL).await;
    models(store, &["m"]).await;
    store.create_registered_model(new_registered_model("m"), &Origin::NOBODY).await.unwrap_err();
    store.create_model_version(new_model_version("n"), &Origin::NOBODY).await.unwrap_err();
    store
        .change_registered_model(&key("m"), Model::SetAlias(key("a"), 7), at(2_000), &Origin::NOBODY)
        .await
        .unwrap_err();
    store
        .change_model_version(&key("m"), 7, Version::SetTag(pair("k", "v")), at(2_000), &Origin::NOBODY)
        .await
        .unwrap_err();
    assert_eq!(events(deliveries).await, [HookEvent::RegisteredModelCreated]);
}

pub async fn a_delivery_holds_the_change_itself(store: &dyn Store, deliveries: &dyn Deliveries) {
    hook(store, 1, &[HookEvent::ModelVersionCreated]).await;
    models(store, &["m"]).await;
    let new = NewModelVersion { tags: tag_list(&[("k", "v")]), ..new_model_version("m") };
    store.create_model_version(new.clone(), &Origin::NOBODY).await.unwrap();
    // What happens later does not change what is told.
    store.change_registered_model(&key("m"), Model::Delete, at(9_000), &Origin::NOBODY).await.unwrap();
    let [delivery] = &due(deliveries, &[]).await[..] else { panic!("one delivery") };
    let Batch::RegisteredModel(batch) = stored::decode(&delivery.change).unwrap() else { panic!("of a model") };
    assert_eq!((batch.model, batch.events), (key("m"), vec![RegistryEvent::VersionCreated(1, new)]));
    assert_eq!((delivery.event, delivery.attempts), (HookEvent::ModelVersionCreated, 0));
    assert_eq!((delivery.url.as_str(), &delivery.secret), ("https://hooks.example/1", &None));
}

pub async fn who_waits_is_woken(store: &dyn Store, deliveries: &dyn Deliveries) {
    model_hook(store, 1).await;
    let ((), ()) = tokio::join!(deliveries.wait_deliveries(), models(store, &["m"]));
    // The call may also come after the change.
    models(store, &["n"]).await;
    deliveries.wait_deliveries().await;
}
