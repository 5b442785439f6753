//! How fast this machine writes and reads: `cargo run --release -p trackside-adapter-sqlite --example throughput`.

#![expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a report for a person")]

use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::task::JoinSet;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_core::{
    ArtifactLocation, Event, ExperimentId, Key, MetricPoint, NewExperiment, NewRun, PageRequest, Point, Query, Result,
    RunId, Tag, Timestamp,
    query::{Compare, Filter, Order, RunField, Test},
    store::{Experiments, HistoryQuery, Metrics, Runs},
};

const BATCH: i64 = 1000;
const BATCHES: i64 = 300;
const TASKS: u32 = 64;
const APPENDS_PER_TASK: i64 = 200;
const RUNS: u32 = 20_000;

#[tokio::main]
async fn main() -> Result<()> {
    // Beside the sources, not in /tmp, which may be memory.
    let folder = TempDir::new_in(env!("CARGO_MANIFEST_DIR")).expect("the folder can be written");
    let store = SqliteStore::open(folder.path().join("trackside.db"), Config::default())?;
    let experiment = store.create_experiment(new_experiment()).await?.id;
    batches(&store, experiment).await?;
    singles(&store, experiment).await?;
    searches(&store).await?;
    store.close().await;
    Ok(())
}

async fn batches(store: &SqliteStore, experiment: ExperimentId) -> Result<()> {
    for n_series in [1, 10, 1000] {
        let run = store.create_run(new_run(experiment, n_series)).await?.info.id;
        let begun = Instant::now();
        for batch in 0..BATCHES {
            let point = |n| point(&format!("metric-{}", n % i64::from(n_series)), batch * BATCH + n);
            store.append(&run, vec![Event::Points((0..BATCH).map(point).collect())]).await?;
        }
        report(&format!("points in batches of {BATCH}, {n_series} series"), BATCHES * BATCH, begun.elapsed());
    }
    let run = new_run(experiment, 10).id;
    let begun = Instant::now();
    let query = HistoryQuery { run, key: key("metric-0"), limit: None, after: None, since: None };
    let n_points = store.history(query).await?.items.len();
    report("points of one history", i64::try_from(n_points).unwrap_or(0), begun.elapsed());
    Ok(())
}

async fn singles(store: &SqliteStore, experiment: ExperimentId) -> Result<()> {
    for n_tasks in [1, TASKS] {
        let before = store.stats();
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        for n in 0..n_tasks {
            let store = store.clone();
            tasks.spawn(async move {
                let run = store.create_run(new_run(experiment, n_tasks * 10_000 + n)).await?.info.id;
                let mut latencies = Vec::new();
                for step in 0..APPENDS_PER_TASK {
                    let asked = Instant::now();
                    store.append(&run, vec![Event::Points(vec![point("loss", step)])]).await?;
                    latencies.push(asked.elapsed());
                }
                Ok(latencies)
            });
        }
        let mut latencies = tasks.join_all().await.into_iter().collect::<Result<Vec<_>>>()?.concat();
        report(
            &format!("appends of one point, {n_tasks} tasks"),
            APPENDS_PER_TASK * i64::from(n_tasks),
            begun.elapsed(),
        );
        let after = store.stats();
        let jobs = (after.jobs - before.jobs) as f64 / (after.commits - before.commits) as f64;
        latencies.sort();
        let (median, worst) = (latencies[latencies.len() / 2], latencies[latencies.len() * 99 / 100]);
        println!("{jobs:>12.1} requests per commit, {median:.2?} median and {worst:.2?} 99th percentile of latency");
    }
    Ok(())
}

async fn searches(store: &SqliteStore) -> Result<()> {
    let experiment = store.create_experiment(NewExperiment { name: key("many"), ..new_experiment() }).await?.id;
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = store.clone();
        tasks.spawn(async move {
            for n in (0..RUNS).filter(|n| n % TASKS == task) {
                let run = store.create_run(new_run(experiment, 1_000_000 + n)).await?.info.id;
                let points = (0..5).map(|metric| point(&format!("metric-{metric}"), i64::from(n))).collect();
                let params = (0..5).map(|param| Tag::new(format!("p{param}"), n.to_string())).collect::<Result<_>>()?;
                store.append(&run, vec![Event::Params(params), Event::Points(points)]).await?;
            }
            Ok(())
        });
    }
    tasks.join_all().await.into_iter().collect::<Result<()>>()?;
    report("runs created with 5 params and 5 metrics", i64::from(RUNS), begun.elapsed());

    let metric = || RunField::Metric(key("metric-0"));
    let filter = Filter::Field(metric(), Test::Number(Compare::Less, 0.5));
    let by_metric = vec![Order { field: metric(), ascending: false }];
    for (what, query) in [
        ("first page of 100, latest runs", Query::default()),
        ("first page of 100, by metric", Query { order: by_metric.clone(), ..Query::default() }),
        ("first page of 100, filtered and by metric", Query { order: by_metric, filter, ..Query::default() }),
    ] {
        let begun = Instant::now();
        for _ in 0..10 {
            store.search_runs(vec![experiment], query.clone(), PageRequest::first(100)).await?;
        }
        report(what, 10, begun.elapsed());
    }
    let begun = Instant::now();
    let all = store.search_runs(vec![experiment], Query::default(), PageRequest::first(50_000)).await?;
    report("runs of one page", i64::try_from(all.items.len()).unwrap_or(0), begun.elapsed());
    Ok(())
}

fn report(what: &str, count: i64, took: Duration) {
    println!("{:>12.0} per second: {what} ({count} in {took:.2?})", count as f64 / took.as_secs_f64());
}

fn key(text: &str) -> Key {
    Key::new(text).expect("a short key")
}

fn point(metric: &str, n: i64) -> MetricPoint {
    let time = Timestamp::from_millis(1_700_000_000_000 + n);
    MetricPoint { key: key(metric), point: Point { step: n, time, value: (n as f64).sin() }, subject: None }
}

fn new_experiment() -> NewExperiment {
    NewExperiment {
        name: key("throughput"),
        artifact_location: ArtifactLocation::Under("mlflow-artifacts:".to_owned()),
        created_at: Timestamp::default(),
        tags: Vec::new(),
    }
}

fn new_run(experiment: ExperimentId, n: u32) -> NewRun {
    NewRun {
        id: RunId::fresh(u128::from(n)),
        experiment,
        name: format!("run-{n}"),
        user: "ada".to_owned(),
        started_at: Timestamp::from_millis(i64::from(n)),
        artifact_uri: format!("mlflow-artifacts:/1/{n}/artifacts"),
        tags: Vec::new(),
    }
}
