use axum::body::Body;
use http::{Method, Request, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use trackside_compat_mlflow::{Rules, SourcePattern};

use crate::server::{Server, error};

async fn proxied(server: &Server, method: Method, query: &str, body: Value) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("/ajax-api/2.0/mlflow/gateway-proxy{query}"))
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let answer = server.raw(request).await;
    let status = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn sources_of_versions_must_match_the_operators_pattern() {
    let sources = Some(SourcePattern::parse("^s3://.+$").unwrap());
    let server = Server::start_under(true, Rules { sources, ..Rules::default() }).await;
    server.ok("registered-models/create", json!({"name": "m"})).await;
    let create =
        async |source: &str| server.post("model-versions/create", json!({"name": "m", "source": source})).await;
    assert_eq!(create("s3://path/to/model").await.0, 200);
    let (status, _, message) = error(create("gs://path/to/model").await);
    assert_eq!((status, message.as_str()), (400, "Invalid model version source: 'gs://path/to/model'."));
}

#[test]
fn a_pattern_that_is_none_is_refused() {
    for bad in ["(", "(?=x)"] {
        assert!(SourcePattern::parse(bad).unwrap_err().message().starts_with(&format!("'{bad}' cannot be used")));
    }
}

#[tokio::test]
async fn without_another_server_the_gateway_has_no_endpoints() {
    let server = Server::start().await;
    for method in [Method::GET, Method::POST] {
        assert_eq!(proxied(&server, method, "", json!({"gateway_path": 5})).await, (200, json!({"endpoints": []})));
    }
    assert_eq!(proxied(&server, Method::DELETE, "", json!({})).await.0, 405);
}

#[tokio::test]
async fn requests_for_another_server_are_checked() {
    let server = Server::start_under(true, Rules { deployments: true, ..Rules::default() }).await;
    for (method, query, body, told) in [
        (Method::POST, "", json!({}), "Deployments proxy request must specify a gateway_path."),
        (Method::GET, "", json!({}), "Deployments proxy request must specify a gateway_path."),
        (Method::POST, "", json!({"gateway_path": "foo/bar"}), "Invalid gateway_path: foo/bar for method: POST"),
        (
            Method::POST,
            "",
            json!({"gateway_path": "gateway//invocations"}),
            "Invalid gateway_path: gateway//invocations for method: POST",
        ),
        (Method::GET, "?gateway_path=foo/bar", json!({}), "Invalid gateway_path: foo/bar for method: GET"),
    ] {
        let (status, _, message) = error(proxied(&server, method, query, body).await);
        assert_eq!((status, message.as_str()), (400, told));
    }
    let known = [
        (Method::POST, "", json!({"gateway_path": "/gateway/x/invocations"})),
        (Method::GET, "?gateway_path=api/2.0/endpoints/", json!({})),
    ];
    for (method, query, body) in known {
        assert_eq!(proxied(&server, method, query, body).await.0, 501);
    }
}
