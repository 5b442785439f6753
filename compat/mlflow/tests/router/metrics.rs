use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::server::{Server, error};

/// A request to a path that only the web UI knows.
async fn ui(server: &Server, path: &str) -> (u16, String) {
    let request = Request::builder().uri(format!("/ajax-api/2.0/mlflow/{path}")).body(Body::empty()).unwrap();
    let answer = server.raw(request).await;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Logs these values of `m`, one per step and millisecond.
async fn run(server: &Server, values: &[Value]) -> String {
    let run = server.run().await;
    let point = |(n, value)| json!({ "key": "m", "value": value, "timestamp": n, "step": n });
    let metrics: Vec<_> = values.iter().enumerate().map(point).collect();
    server.ok("runs/log-batch", json!({ "run_id": run, "metrics": metrics })).await;
    run
}

#[tokio::test]
async fn histories_of_many_runs_share_a_limit_in_the_order_of_their_ids() {
    let server = Server::start().await;
    let first = run(&server, &[json!(0), json!("NaN")]).await;
    let second = run(&server, &[json!(5), json!(6)]).await;
    let point = |run: &str, n: usize, value: &str| {
        format!(r#"{{"key":"m","run_id":"{run}","step":{n},"timestamp":{n},"value":{value}}}"#)
    };
    let all = [point(&first, 0, "0.0"), point(&first, 1, "NaN"), point(&second, 0, "5.0"), point(&second, 1, "6.0")];
    let path = format!("metrics/get-history-bulk?run_id={second}&run_id={first}&run_id={second}&metric_key=m");
    for limit in 0..=4 {
        let expected = format!(r#"{{"metrics":[{}]}}"#, all[..limit].join(","));
        assert_eq!(ui(&server, &format!("{path}&max_results={limit}")).await, (200, expected));
    }
    assert_eq!(error(server.get(&path).await).1, "ENDPOINT_NOT_FOUND");
}

#[tokio::test]
async fn samples_have_a_limit_for_each_run() {
    let server = Server::start().await;
    let first = run(&server, &[json!(0), json!(1), json!("NaN")]).await;
    let second = run(&server, &[json!(5)]).await;
    let path = format!("metrics/get-history-bulk-interval?run_ids={second}&run_ids={first}&metric_key=m&max_results=2");
    let (status, found) = server.get(&path).await;
    let point = |run: &str, n: usize, value: Value| json!({ "key": "m", "value": value, "timestamp": n, "step": n, "run_id": run });
    let expected = [point(&second, 0, json!(5.0)), point(&first, 0, json!(0.0)), point(&first, 2, json!("NaN"))];
    assert_eq!((status, found), (200, json!({ "metrics": expected })));
}
