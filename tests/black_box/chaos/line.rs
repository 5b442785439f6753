//! A client's connection to a server that keeps dying: every request is repeated until it is answered.

use reqwest::Method;
use serde_json::Value;
use tokio::sync::watch;

use crate::chaos::ledger::Ledger;

/// Where the server is, and how often it has been started; `None` while it is down.
pub(crate) type Address = Option<(u64, String)>;

/// What a request carries.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Json(Value),
    Bytes(String),
}

/// One client's.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) http: reqwest::Client,
    pub(crate) address: watch::Receiver<Address>,
    pub(crate) ledger: Ledger,
}

/// What came of a request in the end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// Whether it went unanswered before: it may have been acted on then.
    pub(crate) is_repeated: bool,
}

impl Line {
    /// Sends a request until it is answered with anything but a failure of the server.
    pub(crate) async fn send(&mut self, method: Method, path: &str, body: Body) -> Answer {
        let (mut is_repeated, mut failed) = (false, 0);
        loop {
            let address = self.address.wait_for(|address| address.as_ref().is_some_and(|(start, _)| *start > failed));
            let (start, url) = address.await.expect("there is a next server").clone().expect("it is up");
            let request = self.http.request(method.clone(), format!("{url}{path}"));
            let request = match body.clone() {
                Body::Json(json) => request.json(&json),
                Body::Bytes(bytes) => request.body(bytes),
            };
            if let Ok(response) = request.send().await
                && !response.status().is_server_error()
            {
                let status = response.status().as_u16();
                if let Ok(text) = response.text().await {
                    let mut acknowledged = self.ledger.write();
                    acknowledged.requests += 1;
                    acknowledged.repeated += u64::from(is_repeated);
                    return Answer { status, body: serde_json::from_str(&text).unwrap_or_default(), is_repeated };
                }
            }
            (is_repeated, failed) = (true, start);
        }
    }

    /// Posts to MLflow's API. What a repetition finds done already may be answered with this code of an error.
    pub(crate) async fn post(&mut self, path: &str, body: Value, done_already: &str) -> Value {
        self.mlflow(Method::POST, path, body, done_already).await
    }

    pub(crate) async fn mlflow(&mut self, method: Method, path: &str, body: Value, done_already: &str) -> Value {
        let shown = body.to_string();
        let answer = self.send(method, &format!("/api/2.0/mlflow/{path}"), Body::Json(body)).await;
        let is_done = answer.is_repeated && answer.body["error_code"] == done_already;
        assert!(answer.status == 200 || is_done, "{path} {shown} was answered {} {}", answer.status, answer.body);
        answer.body
    }
}
