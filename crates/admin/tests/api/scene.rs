//! A server's routes with sinks, and a client of them.

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request};
use http_body_util::BodyExt;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_admin::{Admin, Reload, ReloadFailure, router, shape::Reloaded};
use trackside_artifacts::{ArtifactStore, Artifacts};
use trackside_core::{ExperimentId, RandomIds, Store, SystemClock, store::Runs};
use trackside_fanout::{Fanout, Limits, Parts, Policy, Sink};
use trackside_service::{self as service, Service};
use trackside_testkit::{MemoryHooks, MemoryTracker, fixture};

/// What reloading answers.
pub(crate) type Outcome = fn() -> Result<Reloaded, ReloadFailure>;

#[derive(Debug)]
struct Fixed(Outcome);

#[async_trait::async_trait]
impl Reload for Fixed {
    async fn reload(&self) -> Result<Reloaded, ReloadFailure> {
        (self.0)()
    }
}

/// The routes, and what is behind them.
pub(crate) struct Scene {
    pub(crate) store: SqliteStore,
    pub(crate) fanout: Fanout,
    pub(crate) routes: Router,
    _dir: TempDir,
}

pub(crate) async fn scene() -> Scene {
    scene_reloading(|| Ok(Reloaded::default())).await
}

pub(crate) async fn scene_reloading(outcome: Outcome) -> Scene {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("t.db"), Config::default()).unwrap();
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    shared.ensure_default_experiment(fixture::new_experiment("Default")).await.unwrap();
    let fanout = Fanout::start(Parts {
        log: Arc::new(store.clone()),
        store: Some(shared),
        artifacts: None,
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
        limits: Limits::default(),
    });
    let parts = service::Parts {
        store: Arc::new(store.clone()),
        log: None,
        artifacts: Artifacts::proxied(ArtifactStore::local(dir.path()).unwrap()),
        hooks: Arc::new(MemoryHooks::default()),
        news: None,
        artifact_root: "mlflow-artifacts:/".to_owned(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
    };
    let routes = router(Admin {
        service: Service::start(parts).await.unwrap(),
        fanout: fanout.clone(),
        deliveries: Arc::new(store.clone()),
        store: Arc::new(store.clone()),
        reload: Arc::new(Fixed(outcome)),
    });
    Scene { store, fanout, routes, _dir: dir }
}

impl Scene {
    /// Adds a destination that is told of changes at once.
    pub(crate) async fn add(&self, tracker: MemoryTracker) -> Arc<MemoryTracker> {
        let tracker = Arc::new(tracker);
        let policy = Policy { linger: Duration::ZERO, retry_base: Duration::from_millis(1), ..Policy::default() };
        self.fanout.put(Sink { type_name: "memory", tracker: tracker.clone(), policy }).await.unwrap();
        tracker
    }

    /// Run number `n` of the default experiment.
    pub(crate) async fn run(&self, n: u128) {
        self.store.create_run(fixture::new_run(ExperimentId::DEFAULT, n)).await.unwrap();
    }

    /// Sends a request; a body makes it JSON. Answers status and body.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<&str>) -> (u16, Value) {
        let (status, text) = self.raw(method, &format!("/api/trackside/v1{path}"), body).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub(crate) async fn raw(&self, method: &str, path: &str, body: Option<&str>) -> (u16, String) {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_owned()))).unwrap();
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// A sink, once it stands like this.
    pub(crate) async fn sink_when(&self, name: &str, holds: impl Fn(&Value) -> bool + Send) -> Value {
        let path = format!("/sinks/{name}");
        loop {
            let (status, sink) = self.send("GET", &path, None).await;
            assert_eq!(status, 200, "{sink}");
            if holds(&sink) {
                return sink;
            }
            tokio::task::yield_now().await;
        }
    }
}
