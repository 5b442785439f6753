use axum::body::Body;
use http::{Request, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::server::Server;

async fn ask(server: &Server, query: &str, variables: Value) -> (u16, Value) {
    let body = Body::from(json!({ "query": query, "variables": variables }).to_string());
    let request = Request::post("/graphql").header(CONTENT_TYPE, "application/json").body(body).unwrap();
    let answer = server.raw(request).await;
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap())
}

/// What was found, when nothing is wrong.
async fn found(server: &Server, query: &str, variables: Value) -> Value {
    let (status, mut answer) = ask(server, query, variables).await;
    assert_eq!((status, &answer["errors"]), (200, &Value::Null), "{answer}");
    answer["data"].take()
}

#[tokio::test]
async fn runs_come_with_their_experiments_and_model_versions() {
    let server = Server::start().await;
    let (first, second) = (server.run().await, server.run().await);
    server.ok("registered-models/create", json!({ "name": "m" })).await;
    for run in [&first, &first, &second] {
        let source = format!("mlflow-artifacts:/0/{run}/artifacts/model");
        server.ok("model-versions/create", json!({ "name": "m", "source": source, "run_id": run })).await;
    }
    let query = "query ($in: MlflowSearchRunsInput!) { mlflowSearchRuns(input: $in) { nextPageToken runs {
        info { runId } experiment { name } modelVersions { version } } } }";
    let page = found(&server, query, json!({"in": {"experimentIds": ["0"], "orderBy": ["attribute.run_id"]}})).await;
    let runs = page["mlflowSearchRuns"]["runs"].as_array().unwrap();
    let versions = |run: &str| {
        let run = runs.iter().find(|found| found["info"]["runId"] == run).unwrap();
        assert_eq!(run["experiment"], json!({ "name": "Default" }));
        let mut versions: Vec<_> =
            run["modelVersions"].as_array().unwrap().iter().map(|it| it["version"].as_str().unwrap()).collect();
        versions.sort_unstable();
        versions.join(" ")
    };
    assert_eq!((versions(&first), versions(&second)), ("1 2".to_owned(), "3".to_owned()));

    let query = "query ($in: MlflowGetRunInput!) { mlflowGetRun(input: $in) { run { modelVersions { name } data { metrics { key } } } } }";
    let one = found(&server, query, json!({"in": {"runId": second}})).await;
    assert_eq!(one["mlflowGetRun"]["run"], json!({"modelVersions": [{"name": "m"}], "data": {"metrics": []}}));
}

#[tokio::test]
async fn what_is_not_there_is_null_and_named() {
    let server = Server::start().await;
    let query =
        "{ mlflowGetRun(input: {runId: \"nope\"}) { run { info { runId } } } test(inputString: \"a\") { output } }";
    let (status, answer) = ask(&server, query, Value::Null).await;
    let expected =
        json!({"data": {"mlflowGetRun": null, "test": {"output": "a"}}, "errors": ["Run with id=nope not found"]});
    assert_eq!((status, answer), (200, expected));
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_a_bad_request() {
    let server = Server::start().await;
    for query in ["", "{", "query"] {
        let (status, answer) = ask(&server, query, Value::Null).await;
        assert_eq!((status, answer["error_code"].as_str()), (400, Some("INVALID_PARAMETER_VALUE")), "{query}");
    }
    let (status, answer) = ask(&server, "{ nonsense }", Value::Null).await;
    let expected = json!({"data": null, "errors": ["Cannot query field 'nonsense' on type 'Query'."]});
    assert_eq!((status, answer), (200, expected));
}
