use axum::{body::Body, response::Response};
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::server::{Server, error};

const ROOT: &str = "/api/2.0/mlflow-artifacts/artifacts";

async fn call(server: &Server, method: &str, uri: &str, headers: &[(&str, &str)], body: Body) -> Response {
    let request = Request::builder().method(method).uri(uri);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    server.raw(request.body(body).unwrap()).await
}

async fn get(server: &Server, uri: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap, String) {
    let answer = call(server, "GET", uri, headers, Body::empty()).await;
    let (head, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), head.headers, String::from_utf8_lossy(&bytes).into_owned())
}

async fn put(server: &Server, path: &str, content: impl Into<Body>) -> u16 {
    call(server, "PUT", &format!("{ROOT}/{path}"), &[], content.into()).await.status().as_u16()
}

#[tokio::test]
async fn a_file_is_stored_listed_read_and_removed() {
    let server = Server::start().await;
    let run = server.run().await;
    let root = format!("0/{run}/artifacts");
    assert_eq!(put(&server, &format!("{root}/dir/a%20b%2520c.json"), "{}").await, 200);
    assert_eq!(put(&server, &format!("{root}/empty"), "").await, 200);
    let (_, listed) = server.get(&format!("artifacts/list?run_id={run}")).await;
    assert_eq!(listed["root_uri"], json!(format!("mlflow-artifacts:/{root}")));
    assert_eq!(listed["files"], json!([{ "path": "dir", "is_dir": true }, { "path": "empty", "is_dir": false }]));
    let (_, _, below) = get(&server, &format!("{ROOT}?path={root}/dir"), &[]).await;
    let file = json!({ "path": "a b%20c.json", "is_dir": false, "file_size": 2 });
    assert_eq!(serde_json::from_str::<Value>(&below).unwrap(), json!({ "files": [file] }));

    let uri = format!("/get-artifact?run_uuid={run}&path=dir/a+b%2520c.json");
    assert_eq!(get(&server, &uri, &[]).await.2, "{}");
    let head = call(&server, "HEAD", &uri, &[], Body::empty()).await;
    assert_eq!((head.status().as_u16(), head.headers()[header::CONTENT_LENGTH].to_str().unwrap()), (200, "2"));

    for _ in 0..2 {
        let removed = call(&server, "DELETE", &format!("{ROOT}/{root}/dir"), &[], Body::empty()).await;
        assert_eq!(removed.status().as_u16(), 200);
    }
    let (status, _, body) = get(&server, &format!("{ROOT}/{root}/dir/x"), &[]).await;
    assert_eq!((status, body.contains("No such artifact: ")), (404, true));
}

#[tokio::test]
async fn a_file_is_read_in_part_and_only_when_it_changed() {
    let server = Server::start().await;
    put(&server, "a.txt", "hello again").await;
    let uri = format!("{ROOT}/a.txt");
    let (status, whole, body) = get(&server, &uri, &[]).await;
    assert_eq!((status, body.as_str()), (200, "hello again"));
    assert_eq!(whole[header::CONTENT_TYPE], "text/plain");
    assert_eq!(whole[header::CONTENT_DISPOSITION], "attachment; filename=a.txt");
    let etag = whole[header::ETAG].to_str().unwrap();
    for (range, status, content_range, content) in [
        ("bytes=0-4", 206, Some("bytes 0-4/11"), "hello"),
        ("bytes=-5", 206, Some("bytes 6-10/11"), "again"),
        ("bytes=100-200", 416, Some("bytes */11"), ""),
        ("bytes=0-1,4-5", 200, None, "hello again"),
    ] {
        let (found, headers, body) = get(&server, &uri, &[("range", range), ("if-range", etag)]).await;
        let found_range = headers.get(header::CONTENT_RANGE).map(|value| value.to_str().unwrap());
        assert_eq!((found, found_range, body.as_str()), (status, content_range, content), "{range}");
    }
    assert_eq!(get(&server, &uri, &[("if-none-match", etag)]).await.0, 304);
    put(&server, "a.txt", "changed").await;
    assert_eq!(get(&server, &uri, &[("if-none-match", etag)]).await.0, 200);
    assert_eq!(get(&server, &uri, &[("range", "bytes=0-1"), ("if-range", etag)]).await.2, "changed");
}

#[tokio::test]
async fn uploads_are_not_bounded_by_the_cap_on_json() {
    let server = Server::start().await;
    let chunks = (0..48).map(|n| Ok::<_, std::io::Error>(vec![n; 64 * 1024]));
    let body = Body::from_stream(futures_util::stream::iter(chunks));
    assert_eq!(put(&server, "big.bin", body).await, 200);
    let (_, headers, _) = get(&server, &format!("{ROOT}/big.bin"), &[]).await;
    assert_eq!(headers[header::CONTENT_LENGTH], (3 * 1024 * 1024).to_string());
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_what_was_there() {
    let server = Server::start().await;
    put(&server, "a", "old").await;
    let broken = [Ok(vec![b'n'; 10]), Err(std::io::Error::other("cut"))];
    assert_eq!(put(&server, "a", Body::from_stream(futures_util::stream::iter(broken))).await, 400);
    assert_eq!(get(&server, &format!("{ROOT}/a"), &[]).await.2, "old");
}

#[tokio::test]
async fn nothing_leaves_the_root_and_nobody_removes_it() {
    let server = Server::start().await;
    let run = server.run().await;
    put(&server, "kept", "x").await;
    for path in
        ["../x", "%2e%2e/x", "..%2fx", "%252e%252e%252fx", "a/../../x", "%2fetc", "/etc", "C:%5cx", "a%23b", "%ff"]
    {
        for method in ["GET", "PUT", "DELETE"] {
            let answer = call(&server, method, &format!("{ROOT}/{path}"), &[], Body::from("evil")).await;
            assert_eq!(answer.status().as_u16(), 400, "{method} {path}");
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["message"], "Invalid path", "{method} {path}");
        }
    }
    for uri in [format!("{ROOT}?path=%252e%252e"), format!("/get-artifact?run_id={run}&path=../x")] {
        assert_eq!(get(&server, &uri, &[]).await.0, 400, "{uri}");
    }
    let (status, _, message) = error(server.get(&format!("artifacts/list?run_id={run}&path=file:///etc")).await);
    assert_eq!((status, message.as_str()), (400, "Invalid path"));
    for whole in [".", "./.", ".//"] {
        let answer = call(&server, "DELETE", &format!("{ROOT}/{whole}"), &[], Body::empty()).await;
        assert_eq!(answer.status().as_u16(), 400, "{whole}");
    }
    assert_eq!(get(&server, &format!("{ROOT}/kept"), &[]).await.2, "x");
}

#[tokio::test]
async fn uploads_in_parts_are_refused_with_the_text_that_clients_know() {
    let server = Server::start().await;
    let json = [("content-type", "application/json")];
    let answer = call(
        &server,
        "POST",
        "/api/2.0/mlflow-artifacts/mpu/create/0/r/artifacts",
        &json,
        Body::from(r#"{"path": "big.bin", "num_parts": 2}"#),
    )
    .await;
    assert_eq!(answer.status().as_u16(), 501);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(
        serde_json::from_slice::<Value>(&body).unwrap(),
        json!({
            "error_code": "NOT_IMPLEMENTED",
            "message": "Multipart upload is not supported for the current artifact repository",
        })
    );
    let (status, _, body) = get(&server, "/api/2.0/mlflow-artifacts/presigned/0/r/artifacts/m", &[]).await;
    assert_eq!((status, body.contains("Multipart download is not supported")), (501, true));
}

#[tokio::test]
async fn artifacts_need_not_pass_through_the_server() {
    let server = Server::start_with(false).await;
    assert_eq!(put(&server, "a", "x").await, 501);
    let (status, _, body) = get(&server, &format!("{ROOT}?path=a"), &[]).await;
    assert_eq!((status, body.contains("--no-serve-artifacts")), (501, true));
    server.run().await;
}

#[tokio::test]
async fn the_web_ui_uploads_small_files() {
    let server = Server::start().await;
    let run = server.run().await;
    let uri = format!("/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=notes/a.bin");
    assert_eq!(call(&server, "POST", &uri, &[], Body::from("image")).await.status().as_u16(), 200);
    assert_eq!(get(&server, &format!("/get-artifact?run_id={run}&path=notes/a.bin"), &[]).await.2, "image");
    assert_eq!(call(&server, "POST", &uri, &[], Body::empty()).await.status().as_u16(), 400);
    assert_eq!(call(&server, "POST", &uri, &[], Body::from(vec![0; 10 << 20 | 1])).await.status().as_u16(), 413);
}
