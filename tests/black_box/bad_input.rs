//! Requests that no client of good will sends. Each gets MLflow's error shape and changes nothing.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::tempdir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use trackside_tests::Server;

/// Sends bytes as they stand, so that no HTTP library tidies the path, and returns status line and body.
async fn raw(server: &Server, request: &str) -> (u16, String) {
    let address = server.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split_whitespace().nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no status in {answer:?}")), answer)
}

fn request(method: &str, path: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn no_path_leaves_the_artifact_root() {
    let dir = tempdir().unwrap();
    std::fs::write(dir.path().join("secret.txt"), "secret").unwrap();
    let server = Server::start(dir.path()).await.unwrap();
    let run = server.client().create_run().await.unwrap();
    let absolute = dir.path().join("secret.txt").display().to_string();
    let encoded = absolute.replace('/', "%2F");
    let escapes = [
        "../../secret.txt",
        "..%2f..%2fsecret.txt",
        "%2e%2e/%2e%2e/secret.txt",
        "%252e%252e%252f%252e%252e%252fsecret.txt",
        "a/../../../secret.txt",
        "./../../secret.txt",
        "..\\..\\secret.txt",
        "..%5c..%5csecret.txt",
        "%00secret",
        "a%00/../../x",
        "....//....//secret.txt/..",
        "a/%2e%2e/%2e%2e/%2e%2e/secret.txt",
        absolute.as_str(),
        encoded.as_str(),
        "C:/secret.txt",
    ];
    for escape in escapes {
        let paths = [
            ("GET", format!("/api/2.0/mlflow-artifacts/artifacts/{escape}")),
            ("PUT", format!("/api/2.0/mlflow-artifacts/artifacts/{escape}")),
            ("DELETE", format!("/api/2.0/mlflow-artifacts/artifacts/{escape}")),
            ("GET", format!("/api/2.0/mlflow-artifacts/artifacts?path={escape}")),
            ("GET", format!("/api/2.0/mlflow/artifacts/list?run_id={run}&path={escape}")),
            ("GET", format!("/get-artifact?run_id={run}&path={escape}")),
        ];
        for (method, path) in paths {
            let (status, answer) = raw(&server, &request(method, &path, "x")).await;
            assert!(!answer.contains("\r\n\r\nsecret"), "{method} {path} gave the secret away");
            assert!(status < 500, "{method} {path} answered {status}");
        }
    }
    assert_eq!(std::fs::read_to_string(dir.path().join("secret.txt")).unwrap(), "secret");
    let outside: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(outside.len(), 3, "only data, log and secret lie there: {outside:?}");
}

#[tokio::test]
async fn bodies_are_capped_and_the_cap_can_be_set() {
    let dir = tempdir().unwrap();
    let server = Server::start_with(dir.path(), &["--max-body-bytes", "1000"]).await.unwrap();
    let client = server.client();
    let long = json!({"name": "x".repeat(2000)});
    let (status, answer) = client.try_post("experiments/create", &long).await.unwrap();
    assert_eq!((status, answer["error_code"].as_str()), (413, Some("BAD_REQUEST")));
    assert!(answer["message"].as_str().unwrap().contains("--max-body-bytes"), "{answer}");
    // Artifacts are not bounded by it.
    let url = client.url("/api/2.0/mlflow-artifacts/artifacts/a.bin");
    let stored = client.http().put(url).body(vec![7_u8; 100_000]).send().await.unwrap();
    assert_eq!(stored.status(), 200);
}

#[tokio::test]
async fn malformed_requests_are_refused_whole() {
    let dir = tempdir().unwrap();
    let server = Server::start(dir.path()).await.unwrap();
    let client = server.client();
    let run = client.create_run().await.unwrap();
    let before = client.get(&format!("runs/get?run_id={run}")).await.unwrap();
    let point = |fields: Value| {
        let mut point = json!({"key": "m", "value": 1.0, "timestamp": 1, "step": 0});
        point.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        point
    };
    let good = point(json!({}));
    let bad_batches = [
        json!({"metrics": [good, point(json!({"value": "x"}))]}),
        json!({"metrics": [good, point(json!({"timestamp": -1}))]}),
        json!({"metrics": [good, point(json!({"timestamp": 1e300}))]}),
        json!({"metrics": [good, point(json!({"step": 1.5}))]}),
        json!({"metrics": [good, point(json!({"key": "../m"}))]}),
        json!({"metrics": [good, point(json!({"key": ""}))]}),
        json!({"metrics": [good, {"key": "m"}]}),
        json!({"metrics": [good, null]}),
        json!({"metrics": [good], "params": [{"key": "p", "value": "1"}, {"key": "p", "value": "1"}]}),
        json!({"metrics": [good], "params": [{"key": "p", "value": 1}]}),
        json!({"metrics": [good], "tags": [{"key": "a?b", "value": "1"}]}),
        json!({"metrics": [good], "tags": {"key": "a"}}),
        json!({"metrics": vec![good.clone(); 1001]}),
        json!({"metrics": [good], "params": vec![json!({"key": "p", "value": "1"}); 101]}),
    ];
    for mut bad in bad_batches {
        bad["run_id"] = json!(run);
        let (status, answer) = client.try_post("runs/log-batch", &bad).await.unwrap();
        assert_eq!(status, 400, "{bad} got {answer}");
        assert_eq!(answer["error_code"], "INVALID_PARAMETER_VALUE", "{bad} got {answer}");
        assert!(!answer["message"].as_str().unwrap().is_empty());
    }
    for body in
        ["", "{", "[]", "null", "1", "\"{\"", "{\"run_id\":", "\u{0}", "{\"a\":\"\u{1}\"}", &"[".repeat(100_000)]
    {
        let (status, answer) = raw(&server, &request("POST", "/api/2.0/mlflow/runs/log-batch", body)).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer.contains("\"error_code\":\"INVALID_PARAMETER_VALUE\""), "{answer}");
    }
    assert_eq!(client.get(&format!("runs/get?run_id={run}")).await.unwrap(), before, "something was written");
}

#[tokio::test]
async fn a_deleted_run_takes_no_writes() {
    let dir = tempdir().unwrap();
    let server = Server::start(dir.path()).await.unwrap();
    let client = server.client();
    let run = client.create_run().await.unwrap();
    client.post("runs/delete", &json!({"run_id": run})).await.unwrap();
    let before = client.get(&format!("runs/get?run_id={run}")).await.unwrap();
    let writes = [
        ("runs/log-metric", json!({"run_id": run, "key": "m", "value": 1, "timestamp": 1})),
        ("runs/log-parameter", json!({"run_id": run, "key": "p", "value": "1"})),
        ("runs/set-tag", json!({"run_id": run, "key": "t", "value": "1"})),
        ("runs/log-batch", json!({"run_id": run, "params": [{"key": "p", "value": "1"}]})),
        ("runs/update", json!({"run_id": run, "status": "FINISHED"})),
        (
            "runs/log-inputs",
            json!({"run_id": run, "datasets": [{"dataset": {"name": "d", "digest": "x", "source_type": "local", "source": "s"}}]}),
        ),
    ];
    for (path, body) in writes {
        let (status, answer) = client.try_post(path, &body).await.unwrap();
        assert_eq!((status, answer["error_code"].as_str()), (400, Some("INVALID_PARAMETER_VALUE")), "{path}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains("must be in the 'active' state"), "{answer}");
    }
    assert_eq!(client.get(&format!("runs/get?run_id={run}")).await.unwrap(), before);
}

#[tokio::test]
async fn nothing_panics_the_process() {
    let dir = tempdir().unwrap();
    let server = Server::start(dir.path()).await.unwrap();
    let values = [
        "null",
        "-1",
        "1e999",
        "\"\\ud800\"",
        "{}",
        "[[]]",
        "true",
        "\"%\"",
        "\"'; DROP TABLE run; --\"",
        "18446744073709551616",
    ];
    let fields = [
        "run_id",
        "experiment_id",
        "name",
        "key",
        "value",
        "timestamp",
        "step",
        "filter",
        "order_by",
        "page_token",
        "max_results",
        "experiment_ids",
        "metrics",
        "params",
        "tags",
        "version",
        "alias",
        "stage",
        "source",
        "model_id",
        "status",
    ];
    let paths = [
        "runs/create",
        "runs/search",
        "runs/log-metric",
        "runs/log-batch",
        "runs/log-inputs",
        "runs/update",
        "runs/log-model",
        "experiments/create",
        "experiments/search",
        "registered-models/create",
        "registered-models/alias",
        "model-versions/create",
        "model-versions/transition-stage",
        "logged-models",
        "logged-models/search",
        "runs/outputs",
    ];
    for path in paths {
        for value in values {
            let body: Vec<String> = fields.iter().map(|field| format!("\"{field}\":{value}")).collect();
            let body = format!("{{{}}}", body.join(","));
            let (status, answer) = raw(&server, &request("POST", &format!("/api/2.0/mlflow/{path}"), &body)).await;
            assert!(status < 500, "{path} with {value} answered {answer}");
        }
    }
    for line in
        ["GET /%ff%fe HTTP/1.1", "GET / HTTP/9.9", "BREW /pot HTTP/1.1", "GET http://[::1 HTTP/1.1", "\u{1}\u{2}"]
    {
        raw(&server, &format!("{line}\r\nhost: localhost\r\nconnection: close\r\n\r\n")).await;
    }
    assert!(!server.log().unwrap().contains("panicked"), "{}", server.log().unwrap());
    server.stop().await.unwrap();
}
