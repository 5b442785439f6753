//! The contract of destinations as far as it concerns one that cannot be read back: to a receiver on this machine, from a
//! store of its own.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use trackside_adapter_notify::{Channel, Config, Notifier, Subscription};
use trackside_adapter_sqlite::SqliteStore;
use trackside_core::{
    Batch, Capability, ErrorKind, Event, RunBatch, RunId, RunStatus, RunUpdate, Seq, Subject, TrackerInterface,
    store::{Experiments, Runs},
};
use trackside_http_client::Secret;
use trackside_testkit::{
    ManualClock,
    fixture::{at, new_experiment, new_run},
    tracker_suite::history::one_of_each,
};

const MINUTE: i64 = 60_000;

/// Ids of the messages that came, and the status they are answered with.
#[derive(Debug, Default)]
struct Heard {
    ids: Mutex<Vec<String>>,
    status: AtomicU16,
}

struct Scene {
    heard: Arc<Heard>,
    store: Arc<SqliteStore>,
    clock: Arc<ManualClock>,
    url: String,
    task: JoinHandle<()>,
    _folder: TempDir,
}

impl Scene {
    /// With the runs 1 to 9.
    async fn begin() -> Self {
        let heard = Arc::new(Heard { status: AtomicU16::new(200), ..Heard::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let hear = async |State(heard): State<Arc<Heard>>, headers: HeaderMap, _: Bytes| {
            heard.ids.lock().unwrap().push(headers["x-mlflow-delivery-id"].to_str().unwrap().to_owned());
            StatusCode::from_u16(heard.status.load(Ordering::SeqCst)).unwrap()
        };
        let routes = Router::new().route("/hook", post(hear)).with_state(Arc::clone(&heard));
        #[expect(clippy::disallowed_methods, reason = "a peer of the test, ended with it")]
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("t.db");
        let store = Arc::new(SqliteStore::open(&path, trackside_adapter_sqlite::Config::default()).unwrap());
        let experiment = store.create_experiment(new_experiment("vision")).await.unwrap().id;
        for n in 1..10 {
            store.create_run(new_run(experiment, n)).await.unwrap();
        }
        Self { heard, store, clock: Arc::new(ManualClock::at(1)), url, task, _folder: folder }
    }

    /// What a process would make.
    fn notifier(&self, digest: Option<Duration>) -> Notifier {
        let config = Config {
            name: "hook".to_owned(),
            channel: Channel::Webhook { url: Secret::new(&*self.url), secret: None },
            subscription: Subscription::new(&[], &[], &[]).unwrap(),
            digest,
            public_url: None,
            timeout: Duration::from_secs(5),
            ca_file: None,
        };
        Notifier::new(config, self.store.clone(), self.clock.clone()).unwrap()
    }

    fn answer(&self, status: u16) {
        self.heard.status.store(status, Ordering::SeqCst);
    }

    /// Ids of all messages since the last call.
    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.ids.lock().unwrap())
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// It failed at these instants.
fn failed(n: u128, ends: &[i64]) -> Batch {
    let end = |millis: &i64| {
        let status = Some(RunStatus::Failed);
        Event::Updated(RunUpdate { status, ended_at: Some(at(*millis)), name: None })
    };
    let last = Seq(7);
    Batch::Run(RunBatch { run: RunId::fresh(n), started: None, events: ends.iter().map(end).collect(), last })
}

#[tokio::test]
async fn a_batch_that_comes_again_is_told_once_and_by_another_process_under_its_ids() {
    let scene = Scene::begin().await;
    let notifier = scene.notifier(None);
    let batch = failed(1, &[5, 6]);
    let first = notifier.deliver(&batch, None).await.unwrap();
    assert_eq!(notifier.deliver(&batch, None).await.unwrap(), first);
    let ids = scene.heard();
    assert_eq!(ids.len(), 2);
    assert_eq!(scene.notifier(None).deliver(&batch, None).await.unwrap(), first);
    assert_eq!(scene.heard(), ids, "whoever keeps ids can tell");
    // What was told last is remembered.
    scene.notifier(None).deliver(&failed(1, &[6]), first.memory.as_deref()).await.unwrap();
    assert_eq!(scene.heard(), [""; 0]);
}

#[tokio::test]
async fn what_was_taken_is_not_sent_again_when_the_rest_of_a_batch_fails() {
    let scene = Scene::begin().await;
    let notifier = scene.notifier(None);
    notifier.deliver(&failed(1, &[5]), None).await.unwrap();
    let [first] = scene.heard().try_into().unwrap();
    scene.answer(500);
    let error = notifier.deliver(&failed(1, &[5, 6]), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let [refused] = scene.heard().try_into().unwrap();
    scene.answer(200);
    notifier.deliver(&failed(1, &[5, 6]), None).await.unwrap();
    assert_eq!(scene.heard(), std::slice::from_ref(&refused));
    let noted: Vec<_> = notifier.take_sendings().into_iter().map(|one| (one.id, one.error.is_some())).collect();
    assert_eq!(noted, [(first, false), (refused.clone(), true), (refused, false)]);
    assert_eq!(notifier.take_sendings(), []);
}

#[tokio::test]
async fn what_nobody_is_told_of_is_refused_whole() {
    let scene = Scene::begin().await;
    let notifier = scene.notifier(None);
    assert_eq!(notifier.capability(), Capability { tags: true, registry: true, ..Capability::default() });
    for event in one_of_each() {
        let allowed = notifier.capability().allows(&event);
        let batch = RunBatch { run: RunId::fresh(1), started: None, events: vec![event], last: Seq(1) };
        let outcome = notifier.deliver(&Batch::Run(batch), None).await.map_err(|error| error.kind());
        assert!(if allowed { outcome.is_ok() } else { outcome == Err(ErrorKind::Unsupported) }, "{outcome:?}");
    }
}

#[tokio::test]
async fn a_digest_waits_in_memories_and_comes_again_as_the_same_message() {
    let scene = Scene::begin().await;
    let period = Some(Duration::from_mins(1));
    let mut held = Vec::new();
    for n in 1..=3 {
        let delivered = scene.notifier(period).deliver(&failed(n, &[5]), None).await.unwrap();
        assert!(delivered.keep_alive);
        held.push((Subject::Run(RunId::fresh(n)), delivered.memory));
    }
    assert_eq!(scene.notifier(period).release(&held).await.unwrap(), [None, None, None]);
    assert_eq!(scene.heard(), [""; 0], "the period is not over");
    scene.clock.set(at(MINUTE));
    // Of the next period.
    let delivered = scene.notifier(period).deliver(&failed(1, &[5, 6]), held[0].1.as_deref()).await.unwrap();
    held[0].1 = delivered.memory;
    scene.answer(503);
    assert!(scene.notifier(period).release(&held).await.is_err());
    scene.answer(200);
    let released = scene.notifier(period).release(&held).await.unwrap();
    let [failed, taken] = scene.heard().try_into().unwrap();
    assert_eq!(failed, taken, "the same message");
    assert!(released[0].as_ref().unwrap().keep_alive && !released[1].as_ref().unwrap().keep_alive);
    let rest = vec![(held[0].0.clone(), released[0].as_ref().unwrap().memory.clone())];
    scene.clock.set(at(2 * MINUTE));
    scene.notifier(None).release(&rest).await.unwrap();
    let [last] = scene.heard().try_into().unwrap();
    assert_ne!(last, taken, "what was held back is told also when digests are wanted no more");
}
