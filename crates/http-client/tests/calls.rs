//! Calls against servers that answer, refuse, hang, break off and talk nonsense.

use std::{
    convert::Infallible,
    future::pending,
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request, http::HeaderMap, response::Redirect, routing};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};
use trackside_core::{ArtifactBytes, Error, ErrorKind, Retry, SystemClock};
use trackside_http_client::{Auth, Client, Config, Method, Secret};

/// A server that ends with the test.
struct Stub {
    url: String,
    _tasks: JoinSet<()>,
}

async fn stub(router: Router) -> Stub {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    Stub { url, _tasks: tasks }
}

/// A server that reads a request's head and answers these bytes, then closes.
async fn raw(answer: &'static [u8]) -> Stub {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") && socket.read_buf(&mut head).await.unwrap() > 0 {}
            socket.write_all(answer).await.unwrap();
        }
    });
    Stub { url, _tasks: tasks }
}

fn client(base: &str, config: &Config) -> Client {
    Client::new(base, config, Arc::new(SystemClock)).unwrap()
}

fn plain(base: &str) -> Client {
    client(base, &Config::default())
}

async fn failure(client: &Client) -> Error {
    client.call(Method::GET, "/").send().await.unwrap_err()
}

fn artifact(
    size: u64,
    chunks: impl futures_util::Stream<Item = Result<Bytes, Error>> + Send + 'static,
) -> ArtifactBytes {
    ArtifactBytes { size, chunks: Box::pin(chunks) }
}

#[tokio::test]
async fn a_call_has_path_query_body_and_credentials() {
    let echo = |request: Request| async {
        let (parts, body) = request.into_parts();
        let body: Vec<u8> = body.into_data_stream().map(|chunk| chunk.unwrap().to_vec()).concat().await;
        let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        axum::Json(json!({
            "uri": parts.uri.to_string(), "agent": header("user-agent"), "auth": header("authorization"),
            "type": header("content-type"), "length": header("content-length"), "body": String::from_utf8(body).unwrap(),
        }))
    };
    let stub = stub(Router::new().fallback(echo)).await;
    let config = Config { auth: Auth::Bearer(Secret::new("t0ken")), ..Config::default() };
    let client = client(&format!("{}/base/", stub.url), &config);
    let call =
        client.call(Method::POST, "/a").below(["b c/..", "100%", "é"]).query([("q", "1&2")]).json(&json!({"x": 1}));
    let answer: Value = call.send().await.unwrap().json().unwrap();
    assert_eq!(answer["uri"], "/base/a/b%20c%2F../100%25/%C3%A9?q=1%262");
    assert_eq!((&answer["auth"], &answer["type"]), (&json!("Bearer t0ken"), &json!("application/json")));
    assert_eq!((&answer["body"], &answer["length"]), (&json!(r#"{"x":1}"#), &json!("7")));
    assert!(answer["agent"].as_str().unwrap().starts_with("trackside/"));
}

#[tokio::test]
async fn credentials_do_not_leave_their_origin() {
    let show = |headers: HeaderMap| async move { format!("{:?}", headers.get("authorization")) };
    let other = stub(Router::new().fallback(show)).await;
    let elsewhere = format!("{}/?signature=hush", other.url);
    let redirect = elsewhere.clone();
    let own = stub(Router::new().fallback(move || async move { Redirect::temporary(&redirect) })).await;
    let config = Config { auth: Auth::Basic { user: "u".into(), password: Secret::new("p") }, ..Config::default() };
    let client = client(&own.url, &config);

    let seen = client.call_url(Method::GET, &elsewhere).unwrap().send().await.unwrap();
    assert_eq!(&seen.bytes()[..], b"None");
    let error = failure(&client).await;
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Later));
    assert!(error.message().contains("status 307"), "{error}");
}

#[tokio::test]
async fn signatures_in_urls_are_not_shown() {
    let stub = stub(Router::new()).await;
    let client = plain("http://tracker.invalid");
    let url = format!("{}/bucket/hush?signature=hush", stub.url);
    let refused = client.call_url(Method::PUT, &url).unwrap().send().await.unwrap_err();
    drop(stub);
    let cut = client.call_url(Method::PUT, "http://127.0.0.1:1/hush?hush").unwrap().send().await.unwrap_err();
    for (error, kind) in [(refused, ErrorKind::NotFound), (cut, ErrorKind::Unavailable)] {
        assert_eq!(error.kind(), kind);
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_read_by_its_peer_first() {
    let answer = || async { (axum::http::StatusCode::INTERNAL_SERVER_ERROR, r#"{"why": "no such thing"}"#) };
    let stub = stub(Router::new().fallback(answer)).await;
    assert_eq!(failure(&plain(&stub.url)).await.kind(), ErrorKind::Unavailable);
    let client = plain(&stub.url).reading_errors(|refusal| {
        let body: Value = refusal.json()?;
        Some(refusal.error_of(ErrorKind::NotFound, body["why"].as_str()?))
    });
    let error = failure(&client).await;
    assert_eq!((error.kind(), error.retry()), (ErrorKind::NotFound, Retry::Never));
    assert!(error.message().ends_with("/: status 500: no such thing"), "{error}");
}

#[tokio::test]
async fn the_peer_says_when_to_come_back() {
    let answer = || async { (axum::http::StatusCode::TOO_MANY_REQUESTS, [("retry-after", "17")], "slow down") };
    let stub = stub(Router::new().fallback(answer)).await;
    let error = failure(&plain(&stub.url)).await;
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Throttled, Retry::After(Duration::from_secs(17))));
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = failure(&plain(&format!("http://{gone}"))).await;
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Later));
    assert!(error.message().contains("no connection"), "{error}");
}

#[tokio::test]
async fn hanging_answers_are_given_up() {
    let half = || async {
        Body::from_stream(stream::iter([Ok::<_, Infallible>("{")]).chain(stream::pending::<Result<&str, Infallible>>()))
    };
    let stub =
        stub(Router::new().route("/half", routing::get(half)).fallback(|| async { pending::<()>().await })).await;
    let client = client(&stub.url, &Config { timeout: Duration::from_millis(100), ..Config::default() });
    for path in ["/", "/half"] {
        let error = client.call(Method::GET, path).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.message().ends_with("no answer within 0.1 s"), "{error}");
    }
}

#[tokio::test]
async fn cut_and_garbled_answers_are_unavailable() {
    for answer in [
        b"".as_slice(),
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"a\":",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"a\"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\0\x01\x02\xff\r\n\r\n",
    ] {
        let stub = raw(answer).await;
        let error = failure(&plain(&stub.url)).await;
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Later), "{answer:?}");
    }
}

#[tokio::test]
async fn a_login_page_is_no_answer() {
    let stub = stub(Router::new().fallback(|| async { "<html>who are you?" })).await;
    let answer = plain(&stub.url).call(Method::GET, "/").send().await.unwrap();
    assert_eq!(answer.json::<Value>().unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn endless_errors_are_read_in_part() {
    let endless = || async {
        let drips = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 4096])));
        (axum::http::StatusCode::BAD_REQUEST, Body::from_stream(drips))
    };
    let stub = stub(Router::new().fallback(endless)).await;
    let client = plain(&stub.url)
        .reading_errors(|refusal| Some(refusal.error_of(ErrorKind::Invalid, &refusal.body().len().to_string())));
    assert!(failure(&client).await.message().ends_with(": 65536"));
}

#[tokio::test]
async fn an_upload_of_known_length_may_take_longer_than_a_call() {
    let taken = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&taken);
    let take = async move |request: Request| {
        let length = request.headers()["content-length"].to_str().unwrap().to_owned();
        let mut body = request.into_body().into_data_stream();
        while let Some(chunk) = body.next().await {
            counted.fetch_add(chunk.unwrap().len() as u64, Ordering::Relaxed);
        }
        length
    };
    let stub = stub(Router::new().fallback(take)).await;
    let limit = Duration::from_millis(200);
    let client = client(&stub.url, &Config { timeout: limit, ..Config::default() });
    // Each chunk comes well within the limit, all of them take three times as long.
    let chunks = stream::iter(0..12).then(move |_| async move {
        tokio::time::sleep(limit / 4).await;
        Ok(Bytes::from_static(&[7; 1000]))
    });
    let answer = client.call(Method::PUT, "/f").stream(artifact(12_000, chunks)).send().await.unwrap();
    assert_eq!((&answer.bytes()[..], taken.load(Ordering::Relaxed)), (&b"12000"[..], 12_000));
}

#[tokio::test]
async fn an_upload_that_stands_still_is_given_up() {
    let take = |request: Request| async { request.into_body().into_data_stream().count().await.to_string() };
    let stub = stub(Router::new().fallback(take)).await;
    let client = client(&stub.url, &Config { timeout: Duration::from_millis(100), ..Config::default() });
    let chunks = stream::iter([Ok(Bytes::from_static(b"x"))]).chain(stream::pending());
    let error = client.call(Method::PUT, "/f").stream(artifact(2, chunks)).send().await.unwrap_err();
    assert!(error.message().ends_with("no answer within 0.1 s"), "{error}");
}

#[tokio::test]
async fn what_is_wrong_with_the_source_is_said_by_the_source() {
    let take = |request: Request| async { request.into_body().into_data_stream().count().await.to_string() };
    let stub = stub(Router::new().fallback(take)).await;
    let client = plain(&stub.url);
    let put = async |size, chunks: Vec<Result<Bytes, Error>>| {
        client.call(Method::PUT, "/f").stream(artifact(size, stream::iter(chunks))).send().await
    };
    let corrupt = put(2, vec![Ok(Bytes::from_static(b"x")), Err(Error::new(ErrorKind::Corrupt, "bit rot"))]).await;
    assert_eq!(corrupt.unwrap_err().message(), "bit rot");
    for size in [1, 3] {
        let changed = put(size, vec![Ok(Bytes::from_static(b"x")), Ok(Bytes::from_static(b"y"))]).await.unwrap_err();
        assert_eq!((changed.kind(), changed.retry()), (ErrorKind::Unavailable, Retry::Later), "{size}");
        assert!(changed.message().contains("changed while it was read"), "{changed}");
    }
    assert_eq!(put(0, vec![]).await.unwrap().status(), 200);
}
