//! What a server may do to a delivery: refuse, hang, break off, talk nonsense, act without answering.

use std::{
    collections::VecDeque,
    future::{Future, pending, poll_fn},
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify, task::JoinSet};
use trackside_adapter_mlflow::{Config, MlflowTracker};
use trackside_core::{
    Batch, Error, ErrorKind, Event, Kind, Retry, RunBatch, RunId, RunStarted, Seq, SystemClock, TrackerInterface,
};
use trackside_testkit::{
    MemoryArtifacts,
    fixture::{artifact_stored, at, key, params, point, points, tag_list, tags},
};

/// What the server does with the next call of a path.
enum Fault {
    /// Answers this status and body.
    Answer(u16, &'static str),
    /// Asks to be left alone for this many seconds.
    Later(u16, &'static str),
    /// Never answers.
    Hang,
    /// Acts, and closes the connection.
    Cut,
    /// Acts once told to.
    Wait(Arc<Notify>),
}

/// As much of MLflow as the deliveries here need: one experiment, and runs that can be found by tag.
#[derive(Default)]
struct Server {
    runs: Mutex<Vec<Value>>,
    calls: Mutex<Vec<(String, Value)>>,
    faults: Mutex<VecDeque<(&'static str, Fault)>>,
    artifact_root: Mutex<Option<&'static str>>,
}

impl Server {
    fn fault(&self, path: &str) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        let at = faults.iter().position(|(fault, _)| path.ends_with(fault))?;
        faults.remove(at).map(|(_, fault)| fault)
    }

    fn next(&self, path: &'static str, fault: Fault) {
        self.faults.lock().unwrap().push_back((path, fault));
    }

    fn calls(&self, path: &str) -> Vec<Value> {
        self.calls
            .lock()
            .unwrap()
            .iter()
            .filter(|(called, _)| called.ends_with(path))
            .map(|(_, body)| body.clone())
            .collect()
    }

    fn n_runs(&self) -> usize {
        self.runs.lock().unwrap().len()
    }

    fn act(&self, path: &str, body: &Value) -> Value {
        let mut runs = self.runs.lock().unwrap();
        match path.rsplit("/mlflow/").next().unwrap() {
            "experiments/get-by-name" => {
                json!({"experiment": {"experiment_id": "1", "name": "e", "artifact_location": "",
                "lifecycle_stage": "active"}})
            }
            "experiments/search" => json!({"experiments": []}),
            "runs/search" => {
                let filter = body["filter"].as_str().unwrap();
                let has = |tag: &Value| {
                    filter == format!("tags.`{}` = '{}'", tag["key"].as_str().unwrap(), tag["value"].as_str().unwrap())
                };
                let found = runs.iter().filter(|run| run["data"]["tags"].as_array().unwrap().iter().any(has));
                json!({"runs": found.collect::<Vec<_>>()})
            }
            "runs/create" => {
                let id = format!("r{}", runs.len());
                let root = self.artifact_root.lock().unwrap().unwrap_or("mlflow-artifacts:/1");
                let run = json!({"info": {"run_id": id, "experiment_id": "1", "status": "RUNNING",
                    "artifact_uri": format!("{root}/{id}/artifacts"), "lifecycle_stage": "active"},
                    "data": {"tags": body["tags"]}});
                runs.push(run.clone());
                json!({"run": run})
            }
            _ => json!({}),
        }
    }
}

async fn serve(State(server): State<Arc<Server>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let bytes: Vec<u8> =
        request.into_body().into_data_stream().map(|chunk| chunk.unwrap_or_default().to_vec()).concat().await;
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    server.calls.lock().unwrap().push((path.clone(), body.clone()));
    let answer = |status: u16, body: &'static str| (StatusCode::from_u16(status).unwrap(), body);
    match server.fault(&path) {
        None => axum::Json(server.act(&path, &body)).into_response(),
        Some(Fault::Answer(status, body)) => answer(status, body).into_response(),
        Some(Fault::Later(status, seconds)) => ([("retry-after", seconds)], answer(status, "")).into_response(),
        Some(Fault::Hang) => pending().await,
        Some(Fault::Cut) => {
            server.act(&path, &body);
            let torn = futures_util::stream::iter([Ok("{"), Err(std::io::Error::other("cut"))]);
            axum::body::Body::from_stream(torn).into_response()
        }
        Some(Fault::Wait(go)) => {
            go.notified().await;
            axum::Json(server.act(&path, &body)).into_response()
        }
    }
}

struct Scene {
    server: Arc<Server>,
    tracker: MlflowTracker,
    _tasks: JoinSet<()>,
}

async fn scene() -> Scene {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = Config::new("mlflow", format!("http://{}", listener.local_addr().unwrap()));
    config.http.timeout = Duration::from_millis(300);
    let server = Arc::new(Server::default());
    let router = Router::new().fallback(serve).with_state(Arc::clone(&server));
    let mut tasks = JoinSet::new();
    // A connection outlives the client's interest in it, as those of uvicorn do.
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let tracker = MlflowTracker::new(config, Arc::new(MemoryArtifacts::new()), Arc::new(SystemClock)).unwrap();
    Scene { server, tracker, _tasks: tasks }
}

fn begin(events: Vec<Event>) -> Batch {
    let started = RunStarted {
        experiment: key("e"),
        name: "n".to_owned(),
        user: "u".to_owned(),
        started_at: at(1),
        tags: tag_list(&[]),
    };
    Batch::Run(RunBatch { run: RunId::fresh(1), started: Some(started), events, last: Seq(1) })
}

fn one_point() -> Batch {
    begin(vec![points("m", &[point(1, 1, 0.5)])])
}

impl Scene {
    async fn fails(&self, batch: &Batch) -> Error {
        self.tracker.deliver(batch, None).await.unwrap_err()
    }

    async fn succeeds(&self, batch: &Batch) {
        self.tracker.deliver(batch, None).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_refusal_means_is_told_by_code_and_status() {
    use ErrorKind::{
        Conflict, Denied, Internal, Invalid, NotFound, Throttled, Unauthenticated, Unavailable, Unsupported,
    };
    use Retry::{Later, Never};
    let scene = scene().await;
    for (status, body, kind, retry) in [
        (400, r#"{"error_code": "INVALID_PARAMETER_VALUE", "message": "no"}"#, Invalid, Never),
        (400, r#"{"error_code": "BAD_REQUEST", "message": "no"}"#, Invalid, Never),
        (404, r#"{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run with id=r0 not found"}"#, NotFound, Never),
        (500, r#"{"error_code": "INVALID_STATE", "message": "no"}"#, Conflict, Never),
        (500, r#"{"error_code": "INTERNAL_ERROR", "message": "no"}"#, Unavailable, Later),
        (500, "<html>Internal Server Error", Internal, Later),
        (503, r#"{"error_code": "TEMPORARILY_UNAVAILABLE", "message": "database is locked"}"#, Unavailable, Later),
        (400, r#"{"error_code": "SOMETHING_NEW", "message": "no"}"#, Invalid, Never),
        (401, "You are not authenticated.", Unauthenticated, Never),
        (403, "Permission denied", Denied, Never),
        (404, "<html>Not Found", Unsupported, Later),
        (413, "<html>nginx", Invalid, Never),
        (429, "", Throttled, Later),
        (502, "<html>Bad Gateway", Unavailable, Later),
    ] {
        let twice = kind == Conflict;
        for _ in 0..=usize::from(twice) {
            scene.server.next("runs/log-batch", Fault::Answer(status, body));
        }
        let error = scene.fails(&one_point()).await;
        assert_eq!((error.kind(), error.retry()), (kind, retry), "{status} {body}: {error}");
        assert!(error.message().contains("/api/2.0/mlflow/runs/log-batch"), "{error}");
    }
    assert_eq!(scene.server.n_runs(), 1);
}

#[tokio::test]
async fn the_server_says_when_to_come_back() {
    let scene = scene().await;
    for status in [429, 503] {
        scene.server.next("runs/log-batch", Fault::Later(status, "9"));
        assert_eq!(scene.fails(&one_point()).await.retry(), Retry::After(Duration::from_secs(9)));
    }
}

#[tokio::test]
async fn nonsense_is_the_servers_trouble() {
    let scene = scene().await;
    for nonsense in ["", "<html>who are you?", "5", r#"{"run": {}, "experiments": 5}"#] {
        scene.server.next("runs/create", Fault::Answer(200, nonsense));
        let error = scene.fails(&one_point()).await;
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Later), "{nonsense}");
        scene.server.next("experiments/search", Fault::Answer(200, nonsense));
        assert_eq!(scene.tracker.probe().await.unwrap_err().kind(), ErrorKind::Unavailable, "{nonsense}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let scene = scene().await;
    for path in ["experiments/get-by-name", "runs/search", "runs/create", "runs/log-batch", "artifacts/f-9.bin"] {
        scene.server.next(path, Fault::Hang);
        let batch = begin(vec![points("m", &[point(1, 1, 0.5)]), artifact_stored("f-9.bin", 9)]);
        let error = scene.fails(&batch).await;
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Later), "{path}");
    }
}

#[tokio::test]
async fn what_was_done_without_an_answer_is_not_done_again() {
    let scene = scene().await;
    scene.server.next("runs/create", Fault::Cut);
    assert_eq!(scene.fails(&one_point()).await.kind(), ErrorKind::Unavailable);
    assert_eq!(scene.server.n_runs(), 1);
    scene.succeeds(&one_point()).await;
    assert_eq!(scene.server.n_runs(), 1);
}

#[tokio::test]
async fn a_call_that_was_let_go_of_ends_before_the_next_one_begins() {
    let scene = scene().await;
    let go = Arc::new(Notify::new());
    scene.server.next("runs/create", Fault::Wait(Arc::clone(&go)));
    {
        let batch = one_point();
        let mut delivery = pin!(scene.tracker.deliver(&batch, None));
        while scene.server.calls("runs/create").is_empty() {
            poll_fn(|context| Poll::Ready(delivery.as_mut().poll(context).is_ready())).await;
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(scene.server.n_runs(), 0, "the server is still at it");
    go.notify_one();
    scene.succeeds(&one_point()).await;
    assert_eq!((scene.server.n_runs(), scene.server.calls("runs/create").len()), (1, 1));
}

#[tokio::test]
async fn a_run_in_the_bin_is_written_to_and_goes_back() {
    let scene = scene().await;
    let not_active = r#"{"error_code": "INVALID_PARAMETER_VALUE", "message": "The run r0 must be in the 'active' state. Current state is deleted."}"#;
    scene.succeeds(&begin(vec![])).await;
    scene.server.next("runs/log-batch", Fault::Answer(400, not_active));
    let later = |events| Batch::Run(RunBatch { run: RunId::fresh(1), started: None, events, last: Seq(2) });
    scene.succeeds(&later(vec![params(&[("p", "1")])])).await;
    let n = |path| scene.server.calls(path).len();
    assert_eq!((n("runs/restore"), n("runs/log-batch"), n("runs/delete")), (1, 2, 1));

    // Also when the write fails all the same.
    scene.server.next("runs/log-batch", Fault::Answer(400, not_active));
    scene
        .server
        .next("runs/log-batch", Fault::Answer(400, r#"{"error_code": "INVALID_PARAMETER_VALUE", "message": "no"}"#));
    assert_eq!(scene.fails(&later(vec![params(&[("p", "2")])])).await.kind(), ErrorKind::Invalid);
    assert_eq!((n("runs/restore"), n("runs/delete")), (2, 2));
}

#[tokio::test]
async fn artifacts_that_the_server_does_not_store_are_withheld() {
    let scene = scene().await;
    let batch = begin(vec![artifact_stored("f-9.bin", 9), artifact_stored("unknown.bin", 9)]);
    let withheld = async || scene.tracker.deliver(&batch, None).await.unwrap().withheld.iter().collect::<Vec<_>>();
    assert_eq!(withheld().await, [(Kind::Artifacts, 1)], "the file that is gone");
    for disabled in [
        "Endpoint: /x disabled due to the mlflow server running with `--no-serve-artifacts`.",
        r#"{"detail":"Artifact serving is disabled."}"#,
    ] {
        scene.server.next("f-9.bin", Fault::Answer(503, disabled));
        assert_eq!(withheld().await, [(Kind::Artifacts, 2)], "{disabled}");
    }
    scene.server.runs.lock().unwrap().clear();
    *scene.server.artifact_root.lock().unwrap() = Some("s3://bucket");
    assert_eq!(withheld().await, [(Kind::Artifacts, 2)]);
}

#[tokio::test]
async fn an_older_server_goes_without_what_it_does_not_know() {
    let scene = scene().await;
    let model = trackside_core::LoggedModelId::fresh(1);
    let events = vec![
        Event::ModelInputs(vec![model.clone()]),
        Event::DatasetInputs(vec![trackside_testkit::fixture::dataset_input("d", "1")]),
        Event::Points(vec![trackside_testkit::fixture::model_metric("m", point(1, 1, 0.5), &model, None)]),
    ];
    for path in ["logged-models/search", "logged-models/search", "runs/log-inputs"] {
        scene.server.next(path, Fault::Answer(404, "<html>Not Found"));
    }
    let delivered = scene.tracker.deliver(&begin(events), None).await.unwrap();
    let expected = [(Kind::Datasets, 1), (Kind::ModelLinks, 1), (Kind::LoggedModels, 1)];
    assert_eq!(delivered.withheld.iter().collect::<Vec<_>>(), expected);
    let logged = scene.server.calls("runs/log-batch").remove(0);
    assert_eq!(logged["metrics"][0].get("model_id"), None);
}

#[tokio::test]
async fn an_experiment_in_the_bin_is_for_the_user() {
    let scene = scene().await;
    let deleted =
        r#"{"experiment": {"experiment_id": "1", "name": "e", "artifact_location": "", "lifecycle_stage": "deleted"}}"#;
    scene.server.next("experiments/get-by-name", Fault::Answer(200, deleted));
    let error = scene.fails(&one_point()).await;
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Conflict, Retry::Never));
    assert!(error.message().contains("the experiment 'e' is deleted") && error.message().contains("restore it"));
}

#[tokio::test]
async fn an_experiment_that_somebody_else_creates_first_is_used() {
    let scene = scene().await;
    let missing = r#"{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"}"#;
    scene.server.next("experiments/get-by-name", Fault::Answer(404, missing));
    let exists = r#"{"error_code": "RESOURCE_ALREADY_EXISTS", "message": "it exists"}"#;
    scene.server.next("experiments/create", Fault::Answer(400, exists));
    scene.succeeds(&one_point()).await;
    assert_eq!(scene.server.calls("experiments/get-by-name").len(), 2);
}

#[tokio::test]
async fn tags_called_like_ours_are_withheld() {
    let scene = scene().await;
    let batch = begin(vec![tags(&[("trackside.run_id", "other"), ("k", "1")])]);
    let delivered = scene.tracker.deliver(&batch, None).await.unwrap();
    assert_eq!(delivered.withheld.iter().collect::<Vec<_>>(), [(Kind::Tags, 1)]);
    assert_eq!(scene.server.calls("runs/log-batch")[0]["tags"], json!([{"key": "k", "value": "1"}]));
}

#[tokio::test]
async fn a_server_that_refuses_known_points_is_sent_the_others() {
    let scene = scene().await;
    let refusal = r#"{"error_code": "BAD_REQUEST", "message": "(sqlite3.IntegrityError) UNIQUE constraint failed"}"#;
    scene.server.next("runs/log-batch", Fault::Answer(400, refusal));
    let known = r#"{"metrics": [{"key": "m", "value": "NaN", "timestamp": 1, "step": 1},
        {"key": "m", "value": 1.7976931348623157e+308, "timestamp": 1, "step": 2}]}"#;
    scene.server.next("metrics/get-history", Fault::Answer(200, known));
    let all = [point(1, 1, f64::NAN), point(1, 1, 0.0), point(2, 1, f64::INFINITY), point(2, 2, f64::NAN)];
    scene.succeeds(&begin(vec![points("m", &all), params(&[("p", "1")])])).await;
    let logged = scene.server.calls("runs/log-batch");
    let rest = json!([{"key": "m", "value": 0.0, "timestamp": 1, "step": 1},
        {"key": "m", "value": "NaN", "timestamp": 2, "step": 2}]);
    assert_eq!((logged.len(), &logged[1]["metrics"]), (2, &rest));
    assert_eq!(logged[1]["params"], json!([{"key": "p", "value": "1"}]));
}

#[tokio::test]
async fn a_file_that_an_older_server_cannot_remove_is_withheld() {
    let scene = scene().await;
    scene.server.next("d/f.bin", Fault::Answer(500, "<html>Internal Server Error"));
    let gone = Event::ArtifactDeleted(trackside_testkit::fixture::artifact("d/f.bin"));
    let delivered = scene.tracker.deliver(&begin(vec![gone]), None).await.unwrap();
    assert_eq!(delivered.withheld.iter().collect::<Vec<_>>(), [(Kind::Artifacts, 1)]);
}
