//! SIGKILL at any instant loses no acknowledged write and leaves no torn one.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::tempdir;
use tokio::task::JoinSet;
use trackside_tests::{Client, Server};

const ROUNDS: u64 = 30;
const WRITERS: usize = 8;
/// Points of one batch; they share a step, so that a torn batch shows.
const POINTS: usize = 20;

/// What the server said is stored: per run the batches it acknowledged.
type Acknowledged = Arc<Mutex<BTreeMap<String, BTreeSet<usize>>>>;

/// A pseudo-random pause between 5 and 250 ms; the instants within the server's work differ in every run anyway.
fn pause(round: u64) -> Duration {
    Duration::from_millis(5 + round.wrapping_mul(6_364_136_223_846_793_005).rotate_left(17) % 245)
}

fn batch(run: &str, number: usize) -> Value {
    let points: Vec<Value> =
        (0..POINTS).map(|at| json!({"key": "m", "value": 0.5, "timestamp": at, "step": number})).collect();
    json!({
        "run_id": run,
        "metrics": points,
        "params": [{"key": format!("p{number}"), "value": "x"}],
        "tags": [{"key": format!("t{number}"), "value": "x"}],
    })
}

/// Writes until the server is gone.
async fn write(client: Client, acknowledged: Acknowledged) {
    while let Ok(run) = client.create_run().await {
        acknowledged.lock().unwrap().entry(run.clone()).or_default();
        for number in 0..12 {
            if client.post("runs/log-batch", &batch(&run, number)).await.is_err() {
                return;
            }
            acknowledged.lock().unwrap().entry(run.clone()).or_default().insert(number);
        }
    }
}

async fn check(client: &Client, run: &str, acknowledged: &BTreeSet<usize>) {
    let found = client.get(&format!("runs/get?run_id={run}")).await.unwrap();
    let history = client.get(&format!("metrics/get-history?run_id={run}&metric_key=m")).await.unwrap();
    let numbers = |field: &str, letter: char| -> BTreeSet<usize> {
        let items = found["run"]["data"][field].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item["key"].as_str()?.strip_prefix(letter)?.parse().ok()).collect()
    };
    let mut points: BTreeMap<usize, usize> = BTreeMap::new();
    for point in history["metrics"].as_array().cloned().unwrap_or_default() {
        *points.entry(usize::try_from(point["step"].as_u64().unwrap()).unwrap()).or_default() += 1;
    }
    let whole: BTreeSet<usize> = points.keys().copied().collect();
    assert!(points.values().all(|count| *count == POINTS), "a torn batch in {run}: {points:?}");
    assert_eq!(numbers("params", 'p'), whole, "params and points of {run} differ");
    assert_eq!(numbers("tags", 't'), whole, "tags and points of {run} differ");
    assert!(whole.is_superset(acknowledged), "{run} lost batches: {:?}", acknowledged.difference(&whole));
    // At most the one batch that was under way may be there without having been acknowledged.
    assert!(whole.len() <= acknowledged.len() + 1, "{run} holds batches nobody sent");
}

async fn round(dir: &Path, number: u64) -> BTreeMap<String, BTreeSet<usize>> {
    let server = Server::start(dir).await.unwrap();
    let acknowledged = Acknowledged::default();
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        writers.spawn(write(server.client(), Arc::clone(&acknowledged)));
    }
    tokio::time::sleep(pause(number)).await;
    server.kill().await.unwrap();
    writers.join_all().await;
    std::mem::take(&mut *acknowledged.lock().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_loses_no_acknowledged_write_and_leaves_no_torn_one() {
    let dir = tempdir().unwrap();
    let mut all = BTreeMap::new();
    for number in 0..ROUNDS {
        let acknowledged = round(dir.path(), number).await;
        let server = Server::start(dir.path()).await.unwrap();
        for (run, batches) in &acknowledged {
            check(&server.client(), run, batches).await;
        }
        server.kill().await.unwrap();
        all.extend(acknowledged);
    }
    let batches: usize = all.values().map(BTreeSet::len).sum();
    assert!(batches > 100, "only {batches} batches were acknowledged in all; the load is no load");
    let server = Server::start(dir.path()).await.unwrap();
    for (run, batches) in &all {
        check(&server.client(), run, batches).await;
    }
    server.stop().await.unwrap();
    let database = rusqlite::Connection::open(dir.path().join("data/trackside.db")).unwrap();
    let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}
