//! Over HTTP: headers, signatures, and where messages may not go.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;
use tokio::{net::TcpListener, task::JoinHandle};
use trackside_core::{
    ErrorKind, HookMessage, HookSender,
    store::{Delivery, DeliveryState},
};
use trackside_http_client::Reach;
use trackside_testkit::ManualClock;
use trackside_webhooks::{Config, HttpSender};

use crate::scene::Scene;

type Received = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// A receiver on this machine that keeps what it gets.
struct Receiver {
    port: u16,
    received: Received,
    task: JoinHandle<()>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Received::default();
        let keep = async |State(received): State<Received>, headers: HeaderMap, body: Bytes| {
            received.lock().unwrap().push((headers, String::from_utf8(body.to_vec()).unwrap()));
            "thanks"
        };
        let moved = async || axum::response::Redirect::temporary("/hook");
        let routes =
            Router::new().route("/hook", post(keep)).route("/moved", post(moved)).with_state(Arc::clone(&received));
        #[expect(clippy::disallowed_methods, reason = "a peer of the test, ended with it")]
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { port, received, task }
    }

    fn received(&self) -> Vec<(HeaderMap, String)> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn config(reach: Reach) -> Config {
    Config { schemes: vec!["http".to_owned()], reach, ..Config::default() }
}

fn sender(reach: Reach) -> HttpSender {
    HttpSender::new(config(reach), Arc::new(ManualClock::at(1_700_000_000_999)))
}

fn over(found: &[Delivery]) -> bool {
    found.iter().all(|delivery| delivery.state != DeliveryState::Waiting)
}

fn message(url: String) -> HookMessage {
    HookMessage { url, secret: None, key: "k".to_owned(), body: "{}".to_owned() }
}

#[tokio::test]
async fn a_message_is_signed_as_mlflow_signs() {
    let (receiver, scene) = (Receiver::start().await, Scene::new());
    scene.hook(1, &format!("http://127.0.0.1:{}/hook?x=1", receiver.port), Some("tops3cret")).await;
    scene.model("m").await;
    let found = scene.until(Arc::new(sender(Reach::Any)), config(Reach::Any), over).await;
    assert_eq!((found[0].state, found[0].status), (DeliveryState::Delivered, Some(200)));

    let [(headers, body)] = &receiver.received()[..] else { panic!("one message") };
    let header = |name: &str| headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("x-mlflow-delivery-id"), found[0].key);
    assert_eq!(header("x-mlflow-timestamp"), "1700000000");
    let signature = header("x-mlflow-signature").strip_prefix("v1,").unwrap();
    let text = format!("{}.1700000000.{body}", found[0].key);
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"tops3cret");
    hmac::verify(&key, text.as_bytes(), &STANDARD.decode(signature).unwrap()).unwrap();
    assert!(body.contains(r#""entity":"registered_model""#) && body.contains(r#""name":"m""#), "{body}");
}

#[tokio::test]
async fn without_a_secret_there_is_no_signature() {
    let receiver = Receiver::start().await;
    let answer = sender(Reach::Any).send(message(format!("http://127.0.0.1:{}/hook", receiver.port))).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "thanks"));
    assert!(!receiver.received()[0].0.contains_key("x-mlflow-signature"));
}

#[tokio::test]
async fn private_addresses_are_not_connected_to_however_they_are_spelled() {
    let receiver = Receiver::start().await;
    for host in ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]", "localhost"] {
        let url = format!("http://{host}:{}/hook", receiver.port);
        let refused = sender(Reach::Public).send(message(url)).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Denied, "{host}: {refused}");
    }
    assert_eq!(receiver.received().len(), 0);
}

#[tokio::test]
async fn a_host_is_checked_when_a_webhook_is_made() {
    let refused = sender(Reach::Public).check_host("127.0.0.1").await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    let expected = "Webhook URL must not resolve to a non-public IP address. '127.0.0.1' resolves to 127.0.0.1.";
    assert_eq!(refused.message(), expected);
    sender(Reach::Public).check_host("1.1.1.1").await.unwrap();
    sender(Reach::Any).check_host("no.such.host.invalid").await.unwrap();
    let unknown = sender(Reach::Public).check_host("no.such.host.invalid").await.unwrap_err();
    assert!(unknown.message().starts_with("Cannot resolve Webhook URL hostname 'no.such.host.invalid': "), "{unknown}");
}

#[tokio::test]
async fn a_scheme_that_is_no_longer_allowed_is_refused() {
    let config = Config { reach: Reach::Any, ..Config::default() };
    let sender = HttpSender::new(config, Arc::new(ManualClock::at(0)));
    let refused = sender.send(message("http://127.0.0.1:1/".to_owned())).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let receiver = Receiver::start().await;
    let answer = sender(Reach::Any).send(message(format!("http://127.0.0.1:{}/moved", receiver.port))).await.unwrap();
    assert_eq!((answer.status, receiver.received().len()), (307, 0));
}

#[tokio::test]
async fn nobody_there_is_worth_another_try() {
    let receiver = Receiver::start().await;
    let url = format!("http://127.0.0.1:{}/hook", receiver.port);
    drop(receiver);
    // The port is free again once the task is gone, which is not at once.
    let error = loop {
        match sender(Reach::Any).send(message(url.clone())).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}
