use http::Method;
use serde_json::{Value, json};

use crate::{
    registered_models::with_versions,
    server::{START, Server, error},
};

async fn create(server: &Server, source: &str, more: Value) -> (u16, Value) {
    let mut body = json!({ "name": "m", "source": source });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.post("model-versions/create", body).await
}

#[tokio::test]
async fn a_version_shows_what_it_was_created_with() {
    let server = with_versions(0).await;
    server.tick();
    let (_, created) = create(&server, "s3://b/a", json!({})).await;
    let expected = json!({
        "name": "m", "version": "1", "creation_timestamp": START + 1, "last_updated_timestamp": START + 1,
        "current_stage": "None", "description": "", "source": "s3://b/a", "run_id": "", "status": "READY",
        "run_link": "",
    });
    assert_eq!(created["model_version"], expected);
    let (_, model) = server.get("registered-models/get?name=m").await;
    assert_eq!(model["registered_model"]["last_updated_timestamp"], START + 1);
    let update = json!({ "name": "m", "version": "1" });
    let (_, updated) = server.json(Method::PATCH, "model-versions/update", update).await;
    assert_eq!(updated["model_version"]["description"], Value::Null);
}

#[tokio::test]
async fn versions_may_only_name_files_of_their_run() {
    let server = with_versions(0).await;
    let run = server.run().await;
    let root = format!("mlflow-artifacts:/0/{run}/artifacts");
    for source in [format!("{root}/model"), format!("runs:/{run}/model")] {
        assert_eq!(create(&server, &source, json!({ "run_id": run })).await.0, 200, "{source}");
        let (status, _, message) = error(create(&server, &source, json!({})).await);
        assert_eq!(status, 400, "{source}");
        assert!(message.ends_with("The run_id request parameter must identify the resource that contains the source."));
    }
    for source in ["/etc", "file:///etc", "../x", "mlflow-artifacts:/0/other/artifacts", "http://host/a", "s3://b/../c"]
    {
        assert_eq!(create(&server, source, json!({ "run_id": run })).await.0, 400, "{source}");
    }
    let absent = json!({ "run_id": "absent" });
    let (_, _, message) = error(create(&server, "/tmp/model", absent.clone()).await);
    assert!(message.ends_with("The run_id request parameter must identify the resource that contains the source."));
    assert_eq!(create(&server, "s3://b/a", absent).await.0, 200);
}

#[tokio::test]
async fn a_version_made_from_another_has_its_files_and_run() {
    let server = with_versions(0).await;
    let run = server.run().await;
    create(&server, "s3://b/a", json!({ "run_id": run })).await;
    server.ok("registered-models/alias", json!({ "name": "m", "alias": "champion", "version": "1" })).await;
    for source in ["models:/m/1", "models:/m/none", "models:/m@champion", "models:/m/latest"] {
        let (_, made) = create(&server, source, json!({})).await;
        let made = &made["model_version"];
        assert_eq!(made["run_id"], json!(run), "{source}");
        let uri = format!("model-versions/get-download-uri?name=m&version={}", made["version"].as_str().unwrap());
        assert_eq!(server.get(&uri).await.1, json!({ "artifact_uri": "s3://b/a" }), "{source}");
    }
    let refused = error(create(&server, "models:/m/1", json!({ "run_id": "other" })).await);
    assert!(refused.2.ends_with("must match the referenced model version."), "{}", refused.2);
    assert_eq!(
        error(create(&server, "models:/absent/1", json!({})).await).2,
        "Registered Model with name=absent not found"
    );
    assert!(
        error(create(&server, "models:/m/bogus", json!({})).await).2.starts_with("Invalid Model Version stage: bogus.")
    );
}

#[tokio::test]
async fn versions_of_prompts_have_no_files() {
    let server = Server::start().await;
    let tags = json!([{ "key": "mlflow.prompt.is_prompt", "value": "true" }]);
    server.ok("registered-models/create", json!({ "name": "p", "tags": tags })).await;
    let version = |source: &str| json!({ "name": "p", "source": source, "tags": tags });
    server.ok("model-versions/create", version("dummy-source")).await;
    assert_eq!(server.post("model-versions/create", version("s3://b/a")).await.0, 400);
    server.ok("registered-models/create", json!({ "name": "m" })).await;
    let refused = error(create(&server, "models:/p/1", json!({})).await);
    assert!(refused.2.ends_with("Prompt versions cannot be used as model version sources."), "{}", refused.2);
}

#[tokio::test]
async fn a_logged_model_lists_its_versions() {
    let server = with_versions(0).await;
    let run = server.run().await;
    let model = server.ok("logged-models", json!({ "experiment_id": "0", "source_run_id": run })).await;
    let info = &model["model"]["info"];
    let id = info["model_id"].as_str().unwrap();
    let source = format!("models:/{id}");
    for _ in 0..2 {
        let (_, made) = create(&server, &source, json!({ "model_id": id })).await;
        assert_eq!(made["model_version"]["run_id"], json!(run));
    }
    let (_, found) = server.get(&format!("logged-models/{id}")).await;
    let listed = r#"[{"name": "m", "version": 1}, {"name": "m", "version": 2}]"#;
    assert_eq!(found["model"]["info"]["tags"], json!([{ "key": "mlflow.modelVersions", "value": listed }]));
    let (_, uri) = server.get("model-versions/get-download-uri?name=m&version=2").await;
    assert_eq!(uri["artifact_uri"], info["artifact_uri"]);
    assert_eq!(create(&server, &source, json!({})).await.0, 400);
}

#[tokio::test]
async fn a_version_of_an_absent_logged_model_is_not_created() {
    let server = with_versions(0).await;
    for more in [json!({ "model_id": "m-absent" }), json!({ "model_id": "m-absent", "run_id": "r" })] {
        assert_eq!(create(&server, "s3://b/a", more).await.0, 404);
    }
    assert_eq!(server.get("model-versions/search").await.1, json!({}));
}

#[tokio::test]
async fn a_deleted_version_is_gone_and_its_number_with_it() {
    let server = with_versions(2).await;
    let second = json!({ "name": "m", "version": "2" });
    assert_eq!(server.json(Method::DELETE, "model-versions/delete", second).await.0, 200);
    let (status, _, message) = error(server.get("model-versions/get?name=m&version=2").await);
    assert_eq!((status, message.as_str()), (404, "Model Version (name=m, version=2) not found"));
    assert_eq!(create(&server, "s3://b/a", json!({})).await.1["model_version"]["version"], "3");
}

#[tokio::test]
async fn versions_are_searched_in_pages() {
    let server = with_versions(3).await;
    let (_, page) = server.get("model-versions/search?max_results=2&order_by=version_number").await;
    assert_eq!(page["model_versions"][1]["version"], "2");
    let token = page["next_page_token"].as_str().unwrap();
    let next = format!("model-versions/search?max_results=2&order_by=version_number&page_token={token}");
    let (_, page) = server.get(&next).await;
    assert_eq!(page["model_versions"][0]["version"], "3");
    let refused = error(server.get("model-versions/search?max_results=0").await);
    assert_eq!(refused.2, "Invalid value for max_results. It must be a positive integer, but got 0");
}
