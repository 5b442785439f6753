//! SIGKILL at any instant loses no acknowledged write and leaves no torn one, wherever points are just then.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::tempdir;
use tokio::task::JoinSet;
use trackside_tests::{Client, Server};

const ROUNDS: u64 = 30;
const WRITERS: usize = 8;
const READERS: usize = 2;
/// Batches of one run.
const BATCHES: i64 = 12;
/// Points of one batch; they share a step, so that a torn batch shows.
const POINTS: i64 = 20;
/// Each request packs what it brings, puts small chunks together, and leaves points for the sealer to fold into them,
/// which it is at all the time.
const SEALED_AT_ONCE: &str = "storage: {tail_points: 1, unsealed_points: 1, chunk_points: 7, idle_ms: 0}";

/// What the server said is stored: per run the batches it acknowledged.
type Acknowledged = Arc<Mutex<BTreeMap<String, BTreeSet<i64>>>>;

/// A pseudo-random pause between 5 and 250 ms; the instants within the server's work differ in every run anyway.
fn pause(round: u64) -> Duration {
    Duration::from_millis(5 + round.wrapping_mul(6_364_136_223_846_793_005).rotate_left(17) % 245)
}

/// Times and values of a batch. A third of the points come after those of all batches before, a third before them, and
/// a third among them.
fn points(batch: i64) -> Vec<(i64, f64)> {
    let time = |at: i64| match at % 3 {
        0 => 10_000 + POINTS * batch + at,
        1 => 1_000 - (POINTS * batch + at),
        _ => 2_000 + 100 * at + batch,
    };
    (0..POINTS)
        .map(|at| (time(at), if at == 5 { -0.0 } else { 1.0 / f64::from(1 + i32::try_from(at).unwrap()) }))
        .collect()
}

/// The points of the batch before are sent once more, which changes nothing.
fn body(run: &str, batch: i64) -> Value {
    let numbers = (batch - 1).max(0)..=batch;
    let metrics: Vec<Value> = numbers
        .flat_map(|number| points(number).into_iter().map(move |point| (number, point)))
        .map(|(step, (time, value))| json!({"key": "m", "value": value, "timestamp": time, "step": step}))
        .collect();
    json!({
        "run_id": run,
        "metrics": metrics,
        "params": [{"key": format!("p{batch}"), "value": "x"}],
        "tags": [{"key": format!("t{batch}"), "value": "x"}],
    })
}

/// The history of these batches: time, step, and all bits of the value.
fn expected(batches: &BTreeSet<i64>) -> Vec<(i64, i64, u64)> {
    let of_batch = |batch: i64| points(batch).into_iter().map(move |(time, value)| (time, batch, value.to_bits()));
    let mut all: Vec<_> = batches.iter().copied().flat_map(of_batch).collect();
    all.sort_unstable();
    all
}

/// The history as it is read, in pages of so many points.
async fn history(client: &Client, run: &str, page: usize) -> anyhow::Result<Vec<(i64, i64, u64)>> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("metrics/get-history?run_id={run}&metric_key=m&max_results={page}&page_token={token}");
        let answer = client.get(&path).await?;
        for point in answer["metrics"].as_array().into_iter().flatten() {
            let whole = |field: &str| point[field].as_i64().unwrap();
            all.push((whole("timestamp"), whole("step"), point["value"].as_f64().unwrap().to_bits()));
        }
        match answer["next_page_token"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut token),
            _ => return Ok(all),
        }
    }
}

/// Writes until the server is gone.
async fn write(client: Client, acknowledged: Acknowledged) {
    while let Ok(run) = client.create_run().await {
        acknowledged.lock().unwrap().entry(run.clone()).or_default();
        for batch in 0..BATCHES {
            if client.post("runs/log-batch", &body(&run, batch)).await.is_err() {
                return;
            }
            acknowledged.lock().unwrap().entry(run.clone()).or_default().insert(batch);
        }
    }
}

/// Reads until the server is gone, some pages of which see the run as it is later; returns how often.
async fn read(client: Client, acknowledged: Acknowledged, page: usize) -> usize {
    for n in 0.. {
        let run = {
            let known = acknowledged.lock().unwrap();
            let under_way: Vec<_> = known.iter().filter(|(_, batches)| !batches.contains(&(BATCHES - 1))).collect();
            under_way.get(n % WRITERS).map(|(run, batches)| ((*run).clone(), (*batches).clone()))
        };
        let Some((run, batches)) = run else {
            tokio::task::yield_now().await;
            if client.get("experiments/get?experiment_id=0").await.is_err() {
                return n;
            }
            continue;
        };
        let Ok(found) = history(&client, &run, page).await else { return n };
        assert!(found.is_sorted_by(|a, b| a < b), "a point of {run} twice, or out of order: {found:?}");
        let missing: Vec<_> =
            expected(&batches).into_iter().filter(|point| found.binary_search(point).is_err()).collect();
        assert!(missing.is_empty(), "{run} misses {missing:?}");
        let seen: BTreeSet<i64> = found.iter().map(|(_, batch, _)| *batch).collect();
        // Several pages are several snapshots.
        assert!(page < 1_000 || found == expected(&seen), "a torn batch in {run}: {found:?}");
    }
    unreachable!("it reads for ever")
}

async fn check(client: &Client, run: &str, acknowledged: &BTreeSet<i64>) {
    let found = client.get(&format!("runs/get?run_id={run}")).await.unwrap();
    let numbers = |field: &str, letter: char| -> BTreeSet<i64> {
        let items = found["run"]["data"][field].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item["key"].as_str()?.strip_prefix(letter)?.parse().ok()).collect()
    };
    let history = history(client, run, 1_000).await.unwrap();
    let whole: BTreeSet<i64> = history.iter().map(|(_, batch, _)| *batch).collect();
    assert_eq!(history, expected(&whole), "the points of {run}");
    assert_eq!(numbers("params", 'p'), whole, "params and points of {run} differ");
    assert_eq!(numbers("tags", 't'), whole, "tags and points of {run} differ");
    assert!(whole.is_superset(acknowledged), "{run} lost batches: {:?}", acknowledged.difference(&whole));
    // At most the one batch that was under way may be there without having been acknowledged.
    assert!(whole.len() <= acknowledged.len() + 1, "{run} holds batches nobody sent");
    let latest = found["run"]["data"]["metrics"][0].clone();
    let shown = latest["step"].as_i64().zip(latest["timestamp"].as_i64());
    assert_eq!(shown, history.iter().map(|(time, step, _)| (*step, *time)).max(), "the latest point of {run}");
}

/// Starts, loads and kills a server; returns what it acknowledged, and how often something was read.
async fn round(dir: &Path, number: u64) -> (BTreeMap<String, BTreeSet<i64>>, usize) {
    let server = Server::start(dir).await.unwrap();
    let acknowledged = Acknowledged::default();
    let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
    for _ in 0..WRITERS {
        writers.spawn(write(server.client(), Arc::clone(&acknowledged)));
    }
    for reader in 0..READERS {
        let page = if reader == 0 { 1_000 } else { 30 };
        readers.spawn(read(server.client(), Arc::clone(&acknowledged), page));
    }
    tokio::time::sleep(pause(number)).await;
    server.kill().await.unwrap();
    writers.join_all().await;
    let reads = readers.join_all().await.into_iter().sum();
    (std::mem::take(&mut *acknowledged.lock().unwrap()), reads)
}

/// What a killed server left, as SQLite recovers it.
fn left(dir: &Path, count: &str) -> i64 {
    let database = Connection::open(dir.join("data/trackside.db")).unwrap();
    database.query_row(&format!("SELECT count(*) FROM {count}"), [], |row| row.get(0)).unwrap()
}

/// Kills many times, compares whole contents after each, and returns in how many rounds there were late points left.
async fn kill_many_times(dir: &Path) -> u64 {
    let (mut all, mut n_reads, mut n_folding) = (BTreeMap::new(), 0, 0);
    for number in 0..ROUNDS {
        let (acknowledged, reads) = round(dir, number).await;
        n_reads += reads;
        n_folding += u64::from(left(dir, "point") > 0);
        let server = Server::start(dir).await.unwrap();
        for (run, batches) in &acknowledged {
            check(&server.client(), run, batches).await;
        }
        server.kill().await.unwrap();
        all.extend(acknowledged);
    }
    let batches: usize = all.values().map(BTreeSet::len).sum();
    assert!(batches > 100, "only {batches} batches were acknowledged in all; the load is no load");
    assert!(n_reads > 100, "only {n_reads} histories were read under load");
    let server = Server::start(dir).await.unwrap();
    for (run, batches) in &all {
        check(&server.client(), run, batches).await;
    }
    server.stop().await.unwrap();
    let database = Connection::open(dir.join("data/trackside.db")).unwrap();
    let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    n_folding
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_loses_no_acknowledged_write_and_leaves_no_torn_one() {
    let dir = tempdir().unwrap();
    kill_many_times(dir.path()).await;
    assert!(left(dir.path(), "tail") > 0, "this is about points that are not packed yet");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigkill_while_points_are_packed_loses_none() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("trackside.yaml"), SEALED_AT_ONCE).unwrap();
    let n_folding = kill_many_times(dir.path()).await;
    assert!(n_folding > ROUNDS / 2, "only {n_folding} of {ROUNDS} kills left something to fold");
    assert_eq!((left(dir.path(), "tail"), left(dir.path(), "block")), (0, 0), "each request packs what it brings");
    let chunks =
        left(dir.path(), "chunk JOIN series ON pk = series WHERE key = 'm' AND chunk.last < series.sealed_end");
    assert!(chunks > 100, "only {chunks} chunks");
    // Of each batch but the first of its run 13 points are late.
    let (late, batches, runs) = (left(dir.path(), "point"), left(dir.path(), "run_param"), left(dir.path(), "series"));
    assert!(late < 13 * (batches - runs), "nothing was folded of {batches} batches of {runs} runs");
}
