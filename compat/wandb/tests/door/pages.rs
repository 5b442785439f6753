//! Addresses that clients print lead to pages of MLflow's.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;

use super::server::Server;

/// Status, and where it leads.
async fn ask(server: &Server, method: Method, path: &str) -> (u16, String) {
    let answer = server.raw(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await;
    let place = answer.headers().get("location").map(|place| place.to_str().unwrap().to_owned());
    (answer.status().as_u16(), place.unwrap_or_default())
}

#[tokio::test]
async fn a_printed_address_leads_to_the_page() {
    let server = Server::start().await;
    server.upsert("r", json!({})).await;
    let run = server.stored("r").await.info;
    let project = format!("#/experiments/{}", run.experiment);
    for (path, page) in [
        ("/local/p", format!("../{project}")),
        ("/local/p/workspace", format!("../../{project}")),
        ("/local/p/runs/r", format!("../../../{project}/runs/{}", run.id)),
        ("/wb/local/p/runs/r", format!("../../../../{project}/runs/{}", run.id)),
        ("/local/p/runs/r/overview", format!("../../../../{project}/runs/{}", run.id)),
        (
            "/local/p/sweeps/ab12",
            format!("../../../{project}/runs?searchFilter=tags%2E%60wandb%2Esweep%60%20%3D%20%27ab12%27"),
        ),
    ] {
        assert_eq!(ask(&server, Method::GET, path).await, (307, page), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = Server::start().await;
    server.upsert("r", json!({})).await;
    for path in ["/local/other", "/local/p/runs/none", "/local/p/artifacts/t/none/v0", "/else/p"] {
        assert_eq!(ask(&server, Method::GET, path).await.0, 404, "{path}");
    }
    assert_eq!(ask(&server, Method::POST, "/local/p").await.0, 404);
}
