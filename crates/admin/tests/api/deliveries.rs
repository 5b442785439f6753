use serde_json::json;
use trackside_core::{
    HookEvent, NewWebhook, WebhookId, WebhookStatus,
    ledger::Origin,
    store::{Deliveries, DeliveryAttempt, RegisteredModels, Webhooks},
};
use trackside_testkit::fixture::{at, new_registered_model};

use crate::scene::{Scene, scene};

/// A webhook that asks for models, and two of them registered.
async fn with_deliveries() -> Scene {
    let scene = scene().await;
    let new = NewWebhook {
        id: WebhookId::fresh(1),
        name: "hook".to_owned(),
        description: None,
        url: "https://hooks.example".to_owned(),
        events: vec![HookEvent::RegisteredModelCreated],
        status: WebhookStatus::Active,
        secret: None,
        created_at: at(1),
    };
    scene.store.create_webhook(new).await.unwrap();
    for name in ["a", "b"] {
        scene.store.create_registered_model(new_registered_model(name), &Origin::NOBODY).await.unwrap();
    }
    let error = Some("status 400".to_owned());
    let attempt = DeliveryAttempt { at: at(5), status: Some(400), error, again_at: None };
    scene.store.settle_delivery(1, attempt).await.unwrap();
    scene
}

#[tokio::test]
async fn deliveries_are_listed_newest_first() {
    let scene = with_deliveries().await;
    let (status, found) = scene.send("GET", "/webhooks/deliveries", None).await;
    assert_eq!((status, &found["next_before"]), (200, &json!(null)));
    let [second, first] = &found["deliveries"].as_array().unwrap()[..] else { panic!("{found}") };
    assert_eq!((&second["model"], &second["state"], &second["attempts"]), (&json!("b"), &json!("waiting"), &json!(0)));
    assert_eq!((&first["model"], &first["state"], &first["status"]), (&json!("a"), &json!("failed"), &json!(400)));
    assert_eq!((&first["event"], &first["error"]), (&json!("registered_model.created"), &json!("status 400")));
    assert_eq!((&first["webhook"], &first["ended_ms"]), (&json!("hook"), &json!(5)));
}

#[tokio::test]
async fn deliveries_are_told_apart_by_state_webhook_and_page() {
    let scene = with_deliveries().await;
    let models = async |query: &str| {
        let (status, found) = scene.send("GET", &format!("/webhooks/deliveries?{query}"), None).await;
        assert_eq!(status, 200, "{found}");
        let models: Vec<_> = found["deliveries"].as_array().unwrap().iter().map(|one| one["model"].clone()).collect();
        (models, found["next_before"].clone())
    };
    assert_eq!(models("state=failed").await, (vec![json!("a")], json!(null)));
    assert_eq!(models("state=waiting").await, (vec![json!("b")], json!(null)));
    assert_eq!(models("state=delivered").await, (vec![], json!(null)));
    assert_eq!(models("webhook=none").await, (vec![], json!(null)));
    let id = WebhookId::fresh(1);
    assert_eq!(models(&format!("webhook={id}&limit=1")).await, (vec![json!("b")], json!(2)));
    assert_eq!(models("limit=1&before=2").await, (vec![json!("a")], json!(1)));
}

#[tokio::test]
async fn a_state_that_is_none_is_refused() {
    let (status, refused) = scene().await.send("GET", "/webhooks/deliveries?state=lost", None).await;
    assert_eq!((status, &refused["error"]["kind"]), (400, &json!("invalid")));
}
