//! As much of a W&B server as the destination calls.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{post, put},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};
use trackside_core::RunId;
use trackside_wandb_wire::{
    config::Document,
    file_stream::{FileStreamRequest, HISTORY},
};

use crate::shown_run::ShownRun;

/// `api:key` in base 64, as the destination is told to send it.
const AUTHORIZATION: &str = "Basic YXBpOmtleQ==";

/// Entity, project and id of a run.
type RunPath = (String, String, String);

/// A run and all that was sent of it.
#[derive(Debug, Default)]
pub(crate) struct StoredRun {
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) streams: BTreeMap<String, BTreeMap<u64, String>>,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) uploaded: Vec<String>,
    pub(crate) exit_code: Option<i32>,
    /// Lines of the history that may change, once.
    loose: BTreeSet<u64>,
}

impl StoredRun {
    /// From here on the run is told anew.
    pub(crate) fn begin_anew(&mut self) {
        self.loose = self.streams.get(HISTORY).into_iter().flat_map(BTreeMap::keys).copied().collect();
    }

    /// The vendor's client never changes a line of the history; nobody knows what the vendor's server would do.
    fn write_history(&mut self, number: u64, line: String) {
        let history = self.streams.entry(HISTORY.to_owned()).or_default();
        let former = history.insert(number, line);
        let changed = former.is_some_and(|former| former != history[&number]);
        assert!(!changed || self.loose.remove(&number), "line {number} has become {}", history[&number]);
    }
}

/// What happens to the next requests in place of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// This status, headers and body, and nothing is done.
    Refuse(u16, Vec<(&'static str, &'static str)>, &'static str),
    /// The request is acted on, and answered with 502.
    ActAndFail,
}

#[derive(Debug, Default)]
pub(crate) struct Stored {
    pub(crate) runs: BTreeMap<RunPath, StoredRun>,
    /// Path and body of each request, uploads without body.
    pub(crate) requests: Vec<(String, Value)>,
    /// `None` lets a request pass.
    pub(crate) faults: VecDeque<Option<Fault>>,
    address: String,
}

impl Stored {
    /// The one that is called so.
    pub(crate) fn run(&mut self, id: &RunId) -> Option<&mut StoredRun> {
        self.runs.iter_mut().find(|((_, _, name), _)| name == id.as_str()).map(|(_, run)| run)
    }
}

type Shared = Arc<Mutex<Stored>>;

/// A server that answers until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    shared: Shared,
    _stop: oneshot::Sender<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Shared::default();
        shared.lock().unwrap().address.clone_from(&url);
        let router = Router::new()
            .route("/graphql", post(graphql))
            .route("/files/{entity}/{project}/{run}/file_stream", post(file_stream))
            .route("/upload/{entity}/{project}/{run}/{*file}", put(upload))
            .layer(DefaultBodyLimit::max(64 << 20))
            .with_state(Arc::clone(&shared));
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            listener.into_std().map(|listener| {
                runtime.block_on(async {
                    let listener = TcpListener::from_std(listener).unwrap();
                    tokio::select! {
                        served = axum::serve(listener, router).into_future() => served.unwrap(),
                        _ = stopped => {}
                    }
                });
            })
        });
        Self { url, shared, _stop: stop }
    }

    pub(crate) fn stored(&self) -> MutexGuard<'_, Stored> {
        self.shared.lock().unwrap()
    }
}

/// What a user sees of a run.
pub(crate) fn shown(run: &StoredRun) -> ShownRun {
    let history = run.streams.get(HISTORY).cloned().unwrap_or_default();
    assert!(history.keys().copied().eq(0..history.len() as u64), "the history has gaps");
    assert!(run.uploaded.iter().all(|name| run.files.contains_key(name)), "a file was announced that is not there");
    ShownRun {
        display_name: run.fields["displayName"].clone(),
        config: Document::parse(&run.fields["config"]).unwrap(),
        history: history.into_values().collect(),
        exit_code: run.exit_code,
        files: run.uploaded.iter().map(|name| (name.clone(), run.files[name].len() as u64)).collect(),
    }
}

/// Notes a request, and says what is to become of it.
fn note(stored: &mut Stored, path: &str, body: Value) -> Option<Fault> {
    stored.requests.push((path.to_owned(), body));
    stored.faults.pop_front().flatten()
}

fn refused(fault: Option<Fault>) -> Result<bool, Box<Response>> {
    match fault {
        None => Ok(false),
        Some(Fault::ActAndFail) => Ok(true),
        Some(Fault::Refuse(status, headers, body)) => {
            let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            Err(Box::new(response))
        }
    }
}

fn answered(fail: bool, answer: Value) -> Response {
    if fail { StatusCode::BAD_GATEWAY.into_response() } else { Json(answer).into_response() }
}

async fn graphql(State(shared): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let mut stored = shared.lock().unwrap();
    let fail = match refused(note(&mut stored, "/graphql", body.clone())) {
        Ok(fail) => fail,
        Err(response) => return *response,
    };
    if headers.get("authorization").is_none_or(|sent| sent != AUTHORIZATION) {
        let body = Json(json!({ "errors": [{ "message": "who are you?" }] }));
        return (StatusCode::UNAUTHORIZED, body).into_response();
    }
    let sent = &body["variables"];
    let data = match body["operationName"].as_str().unwrap() {
        "Viewer" => json!({ "viewer": { "entity": "team" } }),
        "UpsertBucket" => upsert(&mut stored, sent),
        "RunResumeStatus" => resume_status(&stored, sent),
        "CreateRunFiles" => run_files(&stored, sent),
        other => panic!("nobody calls {other}"),
    };
    answered(fail, json!({ "data": data }))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn upsert(stored: &mut Stored, sent: &Value) -> Value {
    let entity = sent["entity"].as_str().unwrap_or("team").to_owned();
    let (project, name) = (text(&sent["project"]), text(&sent["name"]));
    let run = stored.runs.entry((entity.clone(), project.clone(), name.clone())).or_default();
    for (key, value) in sent.as_object().unwrap() {
        if let Some(value) = value.as_str() {
            run.fields.insert(key.clone(), value.to_owned());
        }
    }
    let project = json!({ "name": project, "entity": { "name": entity } });
    json!({ "upsertBucket": { "bucket": { "name": name, "project": project } } })
}

fn resume_status(stored: &Stored, sent: &Value) -> Value {
    let path = (text(&sent["entity"]), text(&sent["project"]), text(&sent["name"]));
    let bucket = stored.runs.get(&path).map(|run| json!({ "config": run.fields["config"] }));
    json!({ "model": { "bucket": bucket } })
}

fn run_files(stored: &Stored, sent: &Value) -> Value {
    let base = format!(
        "{}/upload/{}/{}/{}",
        stored.address,
        text(&sent["entity"]),
        text(&sent["project"]),
        text(&sent["run"])
    );
    let names = sent["files"].as_array().unwrap().iter().rev();
    let files: Vec<Value> = names
        .map(|name| {
            // What a server would sign: the name in the query.
            json!({ "name": name, "uploadUrl": format!("{base}/x?name={}", hex(name.as_str().unwrap())) })
        })
        .collect();
    json!({ "createRunFiles": { "runID": "1", "uploadHeaders": ["X-Signed: yes"], "files": files } })
}

fn hex(text: &str) -> String {
    text.bytes()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

fn unhex(text: &str) -> String {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    String::from_utf8((0..text.len()).step_by(2).map(byte).collect()).unwrap()
}

async fn file_stream(
    State(shared): State<Shared>,
    Path(path): Path<RunPath>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let mut stored = shared.lock().unwrap();
    let fail = match refused(note(&mut stored, "/file_stream", body.clone())) {
        Ok(fail) => fail,
        Err(response) => return *response,
    };
    assert_eq!(headers["authorization"], AUTHORIZATION);
    let Some(run) = stored.runs.get_mut(&path) else { return StatusCode::NOT_FOUND.into_response() };
    let request: FileStreamRequest = serde_json::from_value(body).unwrap();
    for (stream, lines) in request.files {
        for (number, line) in (lines.offset..).zip(lines.content) {
            if stream == HISTORY {
                run.write_history(number, line);
            } else {
                run.streams.entry(stream.clone()).or_default().insert(number, line);
            }
        }
    }
    run.uploaded.extend(request.uploaded);
    run.uploaded.sort();
    run.uploaded.dedup();
    run.exit_code = request.complete.and(request.exitcode);
    answered(fail, json!({}))
}

async fn upload(
    State(shared): State<Shared>,
    Path((entity, project, run, _)): Path<(String, String, String, String)>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut stored = shared.lock().unwrap();
    let fail = match refused(note(&mut stored, "/upload", Value::Null)) {
        Ok(fail) => fail,
        Err(response) => return *response,
    };
    assert_eq!(headers["x-signed"], "yes");
    assert!(!headers.contains_key("authorization"), "an address authorises itself");
    let name = unhex(uri.query().unwrap().strip_prefix("name=").unwrap());
    stored.runs.get_mut(&(entity, project, run)).unwrap().files.insert(name, body.to_vec());
    answered(fail, json!({}))
}
