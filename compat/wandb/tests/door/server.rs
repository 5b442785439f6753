//! A door with a store and artifacts of its own.

use std::sync::Arc;

use axum::{Router, body::Body, response::Response, routing::post};
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_artifacts::Artifacts;
use trackside_compat_wandb::{Door, graphql, router};
use trackside_core::{Event, ExperimentId, Key, MetricPoint, Param, Point, Run, RunId, Timestamp};
use trackside_service::{ArtifactStore, Parts, RunRequest, Service};
use trackside_testkit::{ManualClock, MemoryHooks, SequentialIds};
use trackside_wandb_wire::run_name;

/// When every test begins.
pub(crate) const START: i64 = 1_700_000_000_000;

/// Creates a run or changes it.
pub(crate) const UPSERT: &str = "mutation UpsertBucket($input: UpsertBucketInput!) { upsertBucket(input: $input) { \
    inserted bucket { id name displayName historyLineCount project { id name entity { name } } } } }";

/// A server without sockets, whose other half answers `{"other": true}`.
pub(crate) struct Server {
    router: Router,
    pub(crate) service: Service,
    pub(crate) clock: Arc<ManualClock>,
    _files: TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let files = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::at(START));
        let parts = Parts {
            store: Arc::new(SqliteStore::open(files.path().join("trackside.db"), Config::default()).unwrap()),
            log: None,
            artifacts: Artifacts::proxied(ArtifactStore::local(&files.path().join("artifacts")).unwrap()),
            hooks: Arc::new(MemoryHooks::default()),
            news: None,
            artifact_root: "mlflow-artifacts:".to_owned(),
            clock: clock.clone(),
            ids: Arc::new(SequentialIds::default()),
        };
        let service = Service::start(parts).await.unwrap();
        let router = routes(&service).await;
        Self { router, service, clock, _files: files }
    }

    /// Forgets what it has only in memory.
    pub(crate) async fn restart(&mut self) {
        self.router = routes(&self.service).await;
    }

    pub(crate) async fn raw(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Status and body of an answer to a JSON body.
    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: String) -> (u16, Value) {
        let mut request = Request::builder().method(Method::POST).uri(path).header("host", "here:1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.raw(request.body(Body::from(body)).unwrap()).await;
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// The whole answer to a query.
    pub(crate) async fn query(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables, "operationName": "" });
        let (status, answer) = self.post("/wb/graphql", &[], body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// The data of an answer without errors.
    pub(crate) async fn data(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.query(query, variables).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].take()
    }

    /// The message of an answer that is an error.
    pub(crate) async fn refusal(&self, query: &str, variables: Value) -> String {
        let answer = self.query(query, variables).await;
        answer["errors"][0]["message"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Creates a run of the project `p`, or changes it; the bucket.
    pub(crate) async fn upsert(&self, name: &str, mut input: Value) -> Value {
        input["name"] = name.into();
        if input.get("id").is_none() && input.get("modelName").is_none() {
            input["modelName"] = "p".into();
        }
        self.data(UPSERT, json!({ "input": input })).await["upsertBucket"].take()
    }

    /// Sends a request of the file stream of a run of the project `p`.
    pub(crate) async fn stream(&self, run: &str, body: Value) -> (u16, Value) {
        self.post(&format!("/files/local/p/{run}/file_stream"), &[], body.to_string()).await
    }

    /// The same, which must succeed.
    pub(crate) async fn streamed(&self, run: &str, body: Value) -> Value {
        let (status, answer) = self.stream(run, body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// The fields of a run of the project `p`.
    pub(crate) async fn run(&self, name: &str, fields: &str) -> Value {
        let query = format!(
            "query Q($name: String!) {{ project(name: \"p\", entityName: \"local\") {{ run(name: $name) {{ {fields} }} }} }}"
        );
        self.data(&query, json!({ "name": name })).await["project"]["run"].take()
    }

    /// A run of the project `p` as everybody else sees it.
    pub(crate) async fn stored(&self, name: &str) -> Run {
        let experiment = self.service.experiment_by_name("p").await.unwrap().unwrap();
        self.service.run(&run_name::run_id(experiment.id, name).unwrap()).await.unwrap()
    }

    /// A run that MLflow's client made, in the project `p`: its id.
    pub(crate) async fn foreign(&self, points: &[(&str, i64, f64)], params: &[(&str, &str)]) -> RunId {
        let experiment = match self.service.experiment_by_name("p").await.unwrap() {
            Some(experiment) => experiment.id,
            None => self.service.create_experiment(Key::new("p").unwrap(), None, vec![]).await.unwrap().id,
        };
        let id = self.foreign_in(experiment).await;
        let point = |(key, step, value): &(&str, i64, f64)| MetricPoint {
            key: Key::new(*key).unwrap(),
            point: Point { step: *step, time: Timestamp::from_millis(START + step * 1000), value: *value },
            subject: None,
        };
        let params = params.iter().map(|(key, value)| Param::new(*key, *value).unwrap()).collect();
        let events = vec![Event::Points(points.iter().map(point).collect()), Event::Params(params)];
        self.service.append(&id, events).await.unwrap();
        id
    }

    async fn foreign_in(&self, experiment: ExperimentId) -> RunId {
        let request = RunRequest {
            experiment,
            name: Some("foreign".to_owned()),
            user: "ann".to_owned(),
            started_at: Timestamp::from_millis(START),
            tags: vec![],
        };
        self.service.create_run(request).await.unwrap().info.id
    }
}

async fn routes(service: &Service) -> Router {
    let door = Door::open(service.clone(), 1, true).await.unwrap();
    let other = post(|body: String| async move { format!("{{\"other\": {}}}", body.len()) });
    router(door.clone()).route("/graphql", graphql(door, other))
}

/// Params, tags or latest values as `key=value`.
pub(crate) fn told<'a>(pairs: impl IntoIterator<Item = &'a Param>) -> Vec<String> {
    pairs.into_iter().map(|pair| format!("{}={}", pair.key, pair.value)).collect()
}

/// Latest values as `key=value@step`.
pub(crate) fn latest(run: &Run) -> Vec<String> {
    run.metrics.iter().map(|metric| format!("{}={}@{}", metric.key, metric.point.value, metric.point.step)).collect()
}
