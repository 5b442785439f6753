use http::Method;
use serde_json::{Value, json};

use crate::server::{START, Server, error};

async fn hook(server: &Server) -> String {
    let event = json!({ "entity": "MODEL_VERSION", "action": "CREATED" });
    let body = json!({ "name": "hook", "url": "https://hooks.example/x", "events": [event], "secret": "tops3cret" });
    let created = server.ok("webhooks", body).await;
    created["webhook"]["webhook_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_webhook_is_created_found_changed_and_deleted() {
    let server = Server::start().await;
    let id = hook(&server).await;
    let (status, found) = server.get(&format!("webhooks/{id}")).await;
    let expected = json!({
        "webhook_id": id, "name": "hook", "url": "https://hooks.example/x",
        "events": [{ "entity": "MODEL_VERSION", "action": "CREATED" }], "status": "ACTIVE",
        "creation_timestamp": START, "last_updated_timestamp": START,
    });
    assert_eq!((status, &found["webhook"]), (200, &expected), "the secret is never shown");

    server.tick();
    let change = json!({ "status": "DISABLED", "description": "words" });
    let (status, changed) = server.json(Method::PATCH, &format!("webhooks/{id}"), change).await;
    let webhook = &changed["webhook"];
    assert_eq!((status, &webhook["status"], &webhook["description"]), (200, &json!("DISABLED"), &json!("words")));
    assert_eq!(webhook["last_updated_timestamp"], START + 1);

    assert_eq!(server.get("webhooks").await.1["webhooks"], json!([webhook]));
    assert_eq!(server.json(Method::DELETE, &format!("webhooks/{id}"), json!({})).await, (200, json!({})));
    assert_eq!(server.get("webhooks").await, (200, json!({})));
    let (status, code, message) = error(server.get(&format!("webhooks/{id}")).await);
    assert_eq!((status, code.as_str()), (404, "RESOURCE_DOES_NOT_EXIST"));
    assert_eq!(message, format!("Webhook with ID {id} not found."));
}

#[tokio::test]
async fn webhooks_come_in_pages() {
    let server = Server::start().await;
    let (first, second) = (hook(&server).await, hook(&server).await);
    let (_, page) = server.get("webhooks?max_results=1").await;
    assert_eq!(page["webhooks"][0]["webhook_id"], Value::String(second));
    let token = page["next_page_token"].as_str().unwrap();
    let (_, page) = server.get(&format!("webhooks?max_results=1&page_token={token}")).await;
    assert_eq!(page["webhooks"][0]["webhook_id"], Value::String(first));
    assert_eq!(page["next_page_token"], Value::Null);
    for bad in ["max_results=1001", "max_results=-1", "page_token=x!"] {
        assert_eq!(server.get(&format!("webhooks?{bad}")).await.0, 400, "{bad}");
    }
}

#[tokio::test]
async fn a_test_sends_an_example_and_tells_what_came_of_it() {
    let server = Server::start().await;
    let id = hook(&server).await;
    let tested = server.ok(&format!("webhooks/{id}/test"), json!({})).await;
    assert_eq!(tested, json!({ "result": { "success": true, "response_status": 200, "response_body": "thanks" } }));
    let event = json!({ "entity": "PROMPT", "action": "CREATED" });
    server.ok(&format!("webhooks/{id}/test"), json!({ "event": event })).await;
    let sent = server.hooks.sent();
    let bodies: Vec<Value> = sent.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect();
    assert_eq!((&bodies[0]["entity"], &bodies[1]["entity"]), (&json!("model_version"), &json!("prompt")));
    assert_eq!(bodies[0]["data"]["source"], "models:/123");
    assert!(sent.iter().all(|message| message.secret.is_some() && message.url == "https://hooks.example/x"));

    server.hooks.answer(Err(trackside_core::Error::internal("no luck")));
    let tested = server.ok(&format!("webhooks/{id}/test"), json!({})).await;
    let expected = json!({ "result": { "success": false, "error_message": "Failed to test webhook: no luck" } });
    assert_eq!(tested, expected);
    assert_eq!(error(server.post("webhooks/none/test", json!({})).await).0, 404);
}

#[tokio::test]
async fn a_host_that_may_not_be_reached_is_refused() {
    let server = Server::start().await;
    let id = hook(&server).await;
    let event = json!({ "entity": "PROMPT", "action": "CREATED" });
    let body = json!({ "name": "hook", "url": "https://private/x", "events": [event] });
    let (status, code, message) = error(server.post("webhooks", body.clone()).await);
    assert_eq!((status, code.as_str(), message.as_str()), (400, "INVALID_PARAMETER_VALUE", "the host is private"));
    let (status, ..) = error(server.json(Method::PATCH, &format!("webhooks/{id}"), body.clone()).await);
    assert_eq!(status, 400);
    let (status, ..) = error(server.json(Method::PATCH, "webhooks/none", body).await);
    assert_eq!(status, 404, "an unknown id is named first");
}
