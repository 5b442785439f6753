use http::Method;
use serde_json::{Value, json};

use crate::server::{START, Server, error};

async fn model(server: &Server, name: &str) -> String {
    let created = server.ok("logged-models", json!({ "experiment_id": "0", "name": name })).await;
    created["model"]["info"]["model_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_model_is_created_finalized_and_deleted() {
    let server = Server::start().await;
    let params = json!([{ "key": "lr", "value": "0.1" }]);
    let body = json!({ "experiment_id": "0", "name": "n", "model_type": "Agent", "params": params });
    let created = server.ok("logged-models", body).await;
    let id = created["model"]["info"]["model_id"].as_str().unwrap();
    let expected = json!({
        "info": {
            "model_id": id, "experiment_id": "0", "name": "n", "creation_timestamp_ms": START,
            "last_updated_timestamp_ms": START, "artifact_uri": format!("mlflow-artifacts:/0/models/{id}/artifacts"),
            "status": "LOGGED_MODEL_PENDING", "model_type": "Agent", "source_run_id": "",
        },
        "data": { "params": [{ "key": "lr", "value": "0.1" }] },
    });
    assert_eq!(created["model"], expected);
    let path = format!("logged-models/{id}");
    let (_, ready) = server.json(Method::PATCH, &path, json!({ "model_id": id, "status": 2 })).await;
    assert_eq!(ready["model"]["info"]["status"], "LOGGED_MODEL_READY");
    for _ in 0..2 {
        assert_eq!(server.json(Method::DELETE, &path, json!({})).await.0, 200);
    }
    let (status, _, message) = error(server.get(&path).await);
    assert_eq!((status, message), (404, format!("Logged model with ID '{id}' not found.")));
    assert_eq!(server.get(&format!("{path}?allow_deleted=True")).await.0, 200);
}

#[tokio::test]
async fn the_status_must_be_known_and_the_id_that_of_the_path() {
    let server = Server::start().await;
    let id = model(&server, "n").await;
    let path = format!("logged-models/{id}");
    for bad in [
        json!({}),
        json!({ "status": "BOGUS" }),
        json!({ "status": 9 }),
        json!({ "model_id": "m-2", "status": "LOGGED_MODEL_READY" }),
    ] {
        assert_eq!(server.json(Method::PATCH, &path, bad.clone()).await.0, 400, "{bad}");
    }
    let (_, found) = server.get(&path).await;
    assert_eq!(found["model"]["info"]["status"], "LOGGED_MODEL_PENDING");
}

#[tokio::test]
async fn tags_are_set_and_deleted_and_params_written_once() {
    let server = Server::start().await;
    let path = format!("logged-models/{}", model(&server, "n").await);
    let tags = json!({ "tags": [{ "key": "a b", "value": "1" }, { "key": "c", "value": "" }] });
    assert_eq!(server.json(Method::PATCH, &format!("{path}/tags"), tags).await, (200, json!({})));
    assert_eq!(server.json(Method::DELETE, &format!("{path}/tags/a%20b"), json!({})).await, (200, json!({})));
    let (status, _, message) = error(server.json(Method::DELETE, &format!("{path}/tags/a%20b"), json!({})).await);
    assert_eq!(status, 404);
    assert!(message.starts_with("No tag with key 'a b' found"), "{message}");
    let param = |key: &str| json!({ "params": [{ "key": key, "value": "1" }] });
    server.ok(&format!("{path}/params"), param("p")).await;
    assert_eq!(server.post(&format!("{path}/params"), param("p")).await.0, 400);
    let (_, found) = server.get(&path).await;
    assert_eq!(found["model"]["info"]["tags"], json!([{ "key": "c", "value": "" }]));
    assert_eq!(found["model"]["data"]["params"], json!([{ "key": "p", "value": "1" }]));
}

#[tokio::test]
async fn a_page_token_belongs_to_its_search() {
    let server = Server::start().await;
    for name in ["a", "b", "c"] {
        model(&server, name).await;
        server.tick();
    }
    let names = |found: &Value| {
        let models = found["models"].as_array().cloned().unwrap_or_default();
        models.iter().map(|model| model["info"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut body = json!({ "experiment_ids": ["0"], "max_results": 2, "order_by": [{ "field_name": "name" }] });
    let first = server.ok("logged-models/search", body.clone()).await;
    assert_eq!(names(&first), ["a", "b"]);
    body["page_token"] = first["next_page_token"].clone();
    let second = server.ok("logged-models/search", body.clone()).await;
    assert_eq!((names(&second), &second["next_page_token"]), (vec!["c".to_owned()], &Value::Null));
    body["filter"] = json!("name != 'a'");
    assert_eq!(server.post("logged-models/search", body).await.0, 400);
    assert_eq!(server.ok("logged-models/search", json!({ "experiment_ids": [] })).await, json!({}));
    let (_, _, message) = error(server.post("logged-models/search", json!({})).await);
    assert!(message.starts_with("Missing value for required parameter 'experiment_ids'."), "{message}");
}

#[tokio::test]
async fn files_are_listed_below_the_model_only() {
    let server = Server::start().await;
    let path = format!("logged-models/{}/artifacts", model(&server, "n").await);
    let (status, listed) = server.get(&format!("{path}/directories")).await;
    assert_eq!((status, listed["files"].clone()), (200, Value::Null));
    for bad in ["../..", "%252e%252e", "/etc"] {
        let refused = error(server.get(&format!("{path}/directories?artifact_directory_path={bad}")).await);
        assert_eq!((refused.0, refused.2.as_str()), (400, "Invalid path"), "{bad}");
    }
    assert_eq!(server.get(&format!("{path}/files")).await.0, 400);
    assert_eq!(server.get("logged-models/m-absent/artifacts/directories").await.0, 404);
}
