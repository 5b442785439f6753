//! As much of a W&B server as the sink calls. Lines of a file stream have numbers: one that comes again is no new one.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    routing::{post, put},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

/// A run as it was sent.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    pub(crate) project: String,
    pub(crate) display_name: String,
    pub(crate) config: Value,
    pub(crate) history: BTreeMap<u64, String>,
    /// Lines that came again with another content, which the vendor's client never does: before and after.
    pub(crate) rewritten: Vec<(String, String)>,
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) exit_code: Option<i64>,
}

/// By id.
type Buckets = BTreeMap<String, Bucket>;

/// Cheap to clone; clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct WandbServer {
    pub(crate) address: SocketAddr,
    buckets: Arc<Mutex<Buckets>>,
    /// Where uploads go: not past the proxy.
    uploads: Arc<Mutex<String>>,
}

impl WandbServer {
    pub(crate) async fn start(tasks: &mut JoinSet<()>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self { address, buckets: Arc::default(), uploads: Arc::default() };
        let router = Router::new()
            .route("/graphql", post(graphql))
            .route("/files/{entity}/{project}/{run}/file_stream", post(file_stream))
            .route("/upload/{run}/{*file}", put(upload))
            .with_state(server.clone());
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        server
    }

    /// Tells under which URL clients see it.
    pub(crate) fn is_seen_at(&self, url: &str) {
        url.clone_into(&mut self.uploads.lock().unwrap());
    }

    pub(crate) fn buckets(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

async fn graphql(State(server): State<WandbServer>, Json(body): Json<Value>) -> Json<Value> {
    let sent = &body["variables"];
    let data = match body["operationName"].as_str().unwrap() {
        "Viewer" => json!({"viewer": {"entity": "team"}}),
        "UpsertBucket" => server.upsert(sent),
        "RunResumeStatus" => {
            let config =
                server.buckets().get(&text(&sent["name"])).map(|bucket| json!({"config": bucket.config.to_string()}));
            json!({"model": {"bucket": config}})
        }
        "CreateRunFiles" => server.upload_urls(sent),
        other => panic!("nobody calls {other}"),
    };
    Json(json!({"data": data}))
}

impl WandbServer {
    fn upsert(&self, sent: &Value) -> Value {
        let mut buckets = self.buckets();
        let bucket = buckets.entry(text(&sent["name"])).or_default();
        bucket.project = text(&sent["project"]);
        if let Some(name) = sent["displayName"].as_str() {
            name.clone_into(&mut bucket.display_name);
        }
        if let Some(config) = sent["config"].as_str() {
            bucket.config = serde_json::from_str(config).unwrap();
        }
        let project = json!({"name": sent["project"], "entity": {"name": "team"}});
        json!({"upsertBucket": {"bucket": {"name": sent["name"], "project": project}}})
    }

    fn upload_urls(&self, sent: &Value) -> Value {
        let base = format!("{}/upload/{}", self.uploads.lock().unwrap(), text(&sent["run"]));
        let names = sent["files"].as_array().unwrap().iter();
        let files: Vec<Value> =
            names.map(|name| json!({"name": name, "uploadUrl": format!("{base}/{}", text(name))})).collect();
        json!({"createRunFiles": {"runID": "1", "uploadHeaders": [], "files": files}})
    }
}

async fn file_stream(
    State(server): State<WandbServer>,
    Path((_, project, run)): Path<(String, String, String)>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let mut buckets = server.buckets();
    let bucket = buckets.get_mut(&run).filter(|bucket| bucket.project == project).ok_or(StatusCode::NOT_FOUND)?;
    let history = &body["files"]["wandb-history.jsonl"];
    let lines = history["content"].as_array().into_iter().flatten().map(text);
    for (number, line) in (history["offset"].as_u64().unwrap_or_default()..).zip(lines) {
        if let Some(former) = bucket.history.insert(number, line.clone()).filter(|former| *former != line) {
            bucket.rewritten.push((former, line));
        }
    }
    bucket.exit_code = if body["complete"] == true { body["exitcode"].as_i64() } else { None };
    Ok(Json(json!({})))
}

async fn upload(
    State(server): State<WandbServer>,
    Path((run, file)): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    let mut buckets = server.buckets();
    let Some(bucket) = buckets.get_mut(&run) else { return StatusCode::NOT_FOUND };
    bucket.files.insert(file, String::from_utf8(body.to_vec()).unwrap());
    StatusCode::OK
}
