//! Logs a run from Rust into a SQLite file, which `trackside serve` then shows.
//!
//!     cargo run -p trackside-examples --bin log_a_run -- trackside-data/trackside.db
//!     cargo run --release -- serve
//!
//! The training is gradient descent on (x - 3)^2; the tracking is what matters here. Any destination that
//! implements `TrackerInterface` can take the place of the SQLite store.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_core::{
    Batch, Clock, Event, IdSource, Key, MetricPoint, Param, Point, RandomIds, RunBatch, RunId, RunStarted, RunStatus,
    RunUpdate, Seq, StoreTracker, SystemClock, Tag, TrackerInterface,
};

const STEPS: i64 = 50;
const RATE: f64 = 0.05;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let path = std::env::args().nth(1).context("which database? e.g. trackside-data/trackside.db")?;
    if let Some(parent) = Path::new(&path).parent() {
        std::fs::create_dir_all(parent)?;
    }
    let clock = Arc::new(SystemClock);
    let store = SqliteStore::open(&path, Config::default())?;
    let tracker = StoreTracker::new("sqlite", Arc::new(store.clone()), clock.clone(), "mlflow-artifacts:");

    let run = RunId::fresh(RandomIds.fresh()?);
    train(&tracker, clock.as_ref(), &run).await?;
    store.close().await;
    let mut out = std::io::stdout();
    std::io::Write::write_fmt(&mut out, format_args!("logged run {run} in experiment 'from-rust' into {path}\n"))?;
    Ok(())
}

/// Trains and tells the tracker: how the run began, what it measured, how it ended.
async fn train(tracker: &dyn TrackerInterface, clock: &dyn Clock, run: &RunId) -> anyhow::Result<()> {
    let started = RunStarted {
        experiment: Key::new("from-rust")?,
        name: "parabola".to_owned(),
        user: "example".to_owned(),
        started_at: clock.now(),
        tags: vec![Tag::new("mlflow.source.name", file!())?],
    };
    let params = Event::Params(vec![Param::new("optimizer", "sgd")?, Param::new("learning_rate", RATE.to_string())?]);
    let batch = RunBatch { run: run.clone(), started: Some(started), events: vec![params], last: Seq(1) };
    let memory = tracker.deliver(&Batch::Run(batch), None).await?.memory;

    let mut x = 10.0;
    let mut points = Vec::new();
    for step in 0..STEPS {
        let value = (x - 3.0_f64).powi(2);
        points.push(MetricPoint {
            key: Key::new("loss")?,
            point: Point { step, time: clock.now(), value },
            subject: None,
        });
        x -= RATE * 2.0 * (x - 3.0);
    }
    let finished = RunUpdate { status: Some(RunStatus::Finished), ended_at: Some(clock.now()), name: None };
    let events = vec![Event::Points(points), Event::Updated(finished)];
    let batch = RunBatch { run: run.clone(), started: None, events, last: Seq(2) };
    // What the destination asked to be told next time.
    tracker.deliver(&Batch::Run(batch), memory.as_deref()).await?;
    tracker.flush().await?;
    Ok(())
}
