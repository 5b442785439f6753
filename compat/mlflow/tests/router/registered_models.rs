use http::Method;
use serde_json::{Value, json};

use crate::server::{START, Server, error};

/// A server with the model `m` and so many versions of it.
pub(crate) async fn with_versions(count: usize) -> Server {
    let server = Server::start().await;
    server.ok("registered-models/create", json!({ "name": "m" })).await;
    for at in 1..=count {
        server.ok("model-versions/create", json!({ "name": "m", "source": format!("s3://b/{at}") })).await;
    }
    server
}

#[tokio::test]
async fn a_model_is_created_found_described_and_deleted() {
    let server = Server::start().await;
    let tags = json!([{ "key": "a", "value": "1" }, { "key": "a", "value": "2" }]);
    let created = server.ok("registered-models/create", json!({ "name": "m", "description": "d", "tags": tags })).await;
    let expected = json!({
        "name": "m", "creation_timestamp": START, "last_updated_timestamp": START, "description": "d",
        "tags": [{ "key": "a", "value": "2" }],
    });
    assert_eq!(created["registered_model"], expected);
    server.tick();
    let (_, updated) = server.json(Method::PATCH, "registered-models/update", json!({ "name": "m" })).await;
    assert_eq!(updated["registered_model"]["description"], Value::Null);
    assert_eq!(updated["registered_model"]["last_updated_timestamp"], START + 1);
    assert_eq!(server.json(Method::DELETE, "registered-models/delete", json!({ "name": "m" })).await.0, 200);
    let (status, code, message) = error(server.get("registered-models/get?name=m").await);
    assert_eq!((status, code.as_str()), (404, "RESOURCE_DOES_NOT_EXIST"));
    assert_eq!(message, "Registered Model with name=m not found");
}

#[tokio::test]
async fn a_taken_name_says_whether_by_a_prompt() {
    let server = Server::start().await;
    let prompt = json!({ "name": "p", "tags": [{ "key": "mlflow.prompt.is_prompt", "value": "true" }] });
    server.ok("registered-models/create", prompt.clone()).await;
    let (status, code, message) = error(server.post("registered-models/create", json!({ "name": "p" })).await);
    assert_eq!((status, code.as_str()), (400, "RESOURCE_ALREADY_EXISTS"));
    assert!(message.contains("'p', but the name is already taken by a prompt."), "{message}");
    let (_, _, message) = error(server.post("registered-models/create", prompt).await);
    assert_eq!(message, "Prompt (name=p) already exists.");
}

#[tokio::test]
async fn renaming_takes_versions_and_aliases_along() {
    let server = with_versions(1).await;
    server.ok("registered-models/alias", json!({ "name": "m", "alias": "champion", "version": "1" })).await;
    let renamed = server.ok("registered-models/rename", json!({ "name": "m", "new_name": "n" })).await;
    assert_eq!(renamed["registered_model"]["aliases"], json!([{ "alias": "champion", "version": "1" }]));
    let (_, version) = server.get("registered-models/alias?name=n&alias=champion").await;
    assert_eq!(version["model_version"]["name"], "n");
    assert_eq!(version["model_version"]["aliases"], json!(["champion"]));
}

#[tokio::test]
async fn latest_names_the_highest_version() {
    let server = with_versions(2).await;
    let (_, latest) = server.get("registered-models/alias?name=m&alias=LATEST").await;
    assert_eq!(latest["model_version"]["version"], "2");
    server.ok("registered-models/create", json!({ "name": "bare" })).await;
    let (status, _, message) = error(server.get("registered-models/alias?name=bare&alias=latest").await);
    assert_eq!((status, message.as_str()), (404, "Latest version not found for model bare."));
    let (status, _, message) = error(server.get("registered-models/alias?name=m&alias=absent").await);
    assert_eq!((status, message.as_str()), (400, "Registered model alias absent not found."));
}

#[tokio::test]
async fn latest_versions_are_those_of_the_stages_asked_for() {
    let server = with_versions(3).await;
    let staging = json!({ "name": "m", "version": "1", "stage": "Staging" });
    server.ok("model-versions/transition-stage", staging).await;
    server.ok("registered-models/alias", json!({ "name": "m", "alias": "a", "version": "1" })).await;
    let numbers = |found: Value| {
        let versions = found["model_versions"].as_array().cloned().unwrap_or_default();
        versions.iter().map(|version| version["version"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let path = "registered-models/get-latest-versions";
    assert_eq!(numbers(server.ok(path, json!({ "name": "m" })).await), ["1", "3"]);
    let (_, one) = server.get(&format!("{path}?name=m&stages=staging")).await;
    assert_eq!(one["model_versions"][0]["aliases"], json!(["a"]));
    assert_eq!(numbers(one), ["1"]);
    let (status, _, message) = error(server.post(path, json!({ "name": "m", "stages": "Staging" })).await);
    assert_eq!(status, 400);
    assert!(message.starts_with("Invalid value \"Staging\" for parameter 'stages' supplied:"), "{message}");
}

#[tokio::test]
async fn models_are_searched_by_get_and_post_and_listed_for_old_clients() {
    let server = Server::start().await;
    for name in ["a", "b", "c"] {
        server.ok("registered-models/create", json!({ "name": name })).await;
    }
    let (_, page) = server.get("registered-models/search?max_results=2&order_by=name+DESC").await;
    assert_eq!(page["registered_models"][0]["name"], "c");
    let token = page["next_page_token"].as_str().unwrap().to_owned();
    let next = json!({ "max_results": 2, "order_by": ["name DESC"], "page_token": token });
    let found = server.ok("registered-models/search", next).await;
    assert_eq!(found["registered_models"].as_array().unwrap().len(), 1);
    assert_eq!(found["next_page_token"], Value::Null);
    let (status, found) = server.get("registered-models/list?max_results=10").await;
    assert_eq!((status, found["registered_models"].as_array().unwrap().len()), (200, 3));
    for bad in ["1001", "0", "-1", "x"] {
        assert_eq!(server.get(&format!("registered-models/search?max_results={bad}")).await.0, 400, "{bad}");
    }
}
