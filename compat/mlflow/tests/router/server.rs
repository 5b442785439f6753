//! A router with a store and artifacts of its own.

use std::sync::Arc;

use axum::{Router, body::Body, response::Response};
use http::{Method, Request, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_artifacts::Artifacts;
use trackside_compat_mlflow::{Door, Rules, router};
use trackside_server::Bodies;
use trackside_service::{ArtifactStore, Parts, Service};
use trackside_testkit::{ManualClock, MemoryHooks, SequentialIds};

/// When every test begins.
pub(crate) const START: i64 = 1_000;

/// Status and body of an answer.
pub(crate) type Answer = (u16, Value);

/// A server without sockets.
pub(crate) struct Server {
    router: Router,
    clock: Arc<ManualClock>,
    /// What was sent to webhooks.
    pub(crate) hooks: Arc<MemoryHooks>,
    _files: TempDir,
}

impl Server {
    /// One with nothing in it but the default experiment.
    pub(crate) async fn start() -> Self {
        Self::start_with(true).await
    }

    /// As [`Self::start`], with or without artifacts passing through the server.
    pub(crate) async fn start_with(serve_artifacts: bool) -> Self {
        Self::start_under(serve_artifacts, Rules::default()).await
    }

    /// As [`Self::start_with`], where the operator has had a say.
    pub(crate) async fn start_under(serve_artifacts: bool, rules: Rules) -> Self {
        let files = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::at(START));
        let hooks = Arc::new(MemoryHooks::default());
        let parts = Parts {
            store: Arc::new(SqliteStore::open(files.path().join("trackside.db"), Config::default()).unwrap()),
            log: None,
            artifacts: Artifacts::proxied(ArtifactStore::local(&files.path().join("artifacts")).unwrap()),
            hooks: hooks.clone(),
            news: None,
            artifact_root: "mlflow-artifacts:".to_owned(),
            clock: clock.clone(),
            ids: Arc::new(SequentialIds::default()),
        };
        let service = Service::start(parts).await.unwrap();
        let router = router(Door { service, bodies: Bodies::of_at_most(1 << 20, 8), serve_artifacts, rules });
        Self { router, clock, hooks, _files: files }
    }

    /// Lets a millisecond pass.
    pub(crate) fn tick(&self) {
        self.clock.advance(1);
    }

    /// Sends a request without a body to a path below `/api/2.0/mlflow/`.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Body::empty()).await
    }

    /// Sends a request with a JSON body to a path below `/api/2.0/mlflow/`.
    pub(crate) async fn json(&self, method: Method, path: &str, body: Value) -> Answer {
        self.send(method, path, Body::from(body.to_string())).await
    }

    /// `POST` with a JSON body.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.json(Method::POST, path, body).await
    }

    /// `POST` that must succeed.
    pub(crate) async fn ok(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// A new run of the default experiment.
    pub(crate) async fn run(&self) -> String {
        let run = self.ok("runs/create", json!({ "experiment_id": "0" })).await;
        run["run"]["info"]["run_id"].as_str().unwrap().to_owned()
    }

    /// Sends any request.
    pub(crate) async fn raw(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn send(&self, method: Method, path: &str, body: Body) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/2.0/mlflow/{path}"))
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .unwrap();
        let answer = self.raw(request).await;
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::String(text)))
    }
}

/// An error: its status, code and message.
pub(crate) fn error((status, body): Answer) -> (u16, String, String) {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (status, text("error_code"), text("message"))
}
