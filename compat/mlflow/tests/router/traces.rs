use std::io::Write;

use axum::body::Body;
use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::server::{Answer, Server};

const TRACE: &str = "tr-000000000000000000000000000000aa";

fn export(spans: &Value) -> Vec<u8> {
    json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] }).to_string().into_bytes()
}

fn span(id: &str) -> Value {
    json!({ "traceId": "aa", "spanId": id, "name": "s", "startTimeUnixNano": "1", "endTimeUnixNano": "2" })
}

async fn answer(server: &Server, request: Request<Body>) -> Answer {
    let answer = server.raw(request).await;
    let status = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn sent(server: &Server, encoding: &str, body: Vec<u8>) -> Answer {
    let request = Request::post("/v1/traces")
        .header("content-type", "application/json; charset=utf-8")
        .header("content-encoding", encoding)
        .header("x-mlflow-experiment-id", "0")
        .body(Body::from(body));
    answer(server, request.unwrap()).await
}

async fn get(server: &Server, path: &str) -> Answer {
    answer(server, Request::get(path).body(Body::empty()).unwrap()).await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn exports_may_be_packed() {
    let server = Server::start().await;
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(&export(&json!([span("02")]))).unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
    raw.write_all(&export(&json!([span("03")]))).unwrap();
    for (encoding, body) in [
        ("", export(&json!([span("00")]))),
        ("GZIP", gzip(&export(&json!([span("01")])))),
        ("deflate", zlib.finish().unwrap()),
        ("deflate", raw.finish().unwrap()),
    ] {
        assert_eq!(sent(&server, encoding, body).await.0, 200, "{encoding}");
    }
    let (_, found) = get(&server, &format!("/api/3.0/mlflow/traces/get?trace_id={TRACE}")).await;
    assert_eq!(found["trace"]["spans"].as_array().map(Vec::len), Some(4), "{found}");
}

#[tokio::test]
async fn what_is_unpacked_is_bounded_as_a_body_is() {
    let server = Server::start().await;
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    let (status, refused) = sent(&server, "gzip", bomb).await;
    assert_eq!((status, refused["error_code"].as_str()), (413, Some("BAD_REQUEST")), "{refused}");
    for encoding in ["gzip", "deflate", "br"] {
        let (status, refused) = sent(&server, encoding, export(&json!([span("01")]))).await;
        assert!(status == 400 && refused["detail"].is_string(), "{encoding}: {refused}");
    }
}

#[tokio::test]
async fn a_refused_export_leaves_nothing_behind() {
    let server = Server::start().await;
    let spans = json!([span("01"), span(""), span("02")]);
    assert_eq!(sent(&server, "", export(&spans)).await.0, 422);
    assert_eq!(get(&server, &format!("/api/3.0/mlflow/traces/{TRACE}")).await.0, 404);
}

#[tokio::test]
async fn files_of_a_trace_lie_below_its_experiment() {
    let server = Server::start().await;
    let location = json!({ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": "0" } });
    let described = json!({ "trace": { "trace_info": { "trace_id": "t-1", "trace_location": location } } });
    let request = Request::post("/api/3.0/mlflow/traces").header("content-type", "application/json");
    let (_, described) = answer(&server, request.body(Body::from(described.to_string())).unwrap()).await;
    let tags = &described["trace"]["trace_info"]["tags"];
    assert_eq!(tags["mlflow.artifactLocation"], "mlflow-artifacts:/0/traces/t-1/artifacts");
    let path = "/api/2.0/mlflow-artifacts/artifacts/0/traces/t-1/artifacts/traces.json";
    let stored = answer(&server, Request::put(path).body(Body::from("{\"spans\":[]}")).unwrap()).await;
    assert_eq!(stored.0, 200);
    for version in ["2.0", "3.0"] {
        let path = format!("/ajax-api/{version}/mlflow/get-trace-artifact?request_id=t-1");
        assert_eq!(get(&server, &path).await, (200, json!({ "spans": [] })));
    }
}
