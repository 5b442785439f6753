//! Writes a log directory to look at with `tensorboard --logdir`, and says how fast.
//!
//! ```text
//! cargo run --release -p trackside-adapter-tensorboard --example log_directory -- logs 1000000
//! ```

use std::{io::Write, path::PathBuf, sync::Arc, time::Instant};

use trackside_adapter_tensorboard::{Config, TensorBoardTracker};
use trackside_core::{
    Batch, Event, KeyValue, MetricPoint, Point, Result, RunBatch, RunId, RunStarted, RunStatus, RunUpdate, Seq,
    Timestamp, TrackerInterface,
};
use trackside_testkit::{
    MemoryArtifacts,
    fixture::{artifact, artifact_stored, dataset_input, key, tags},
};

/// 1 x 1 pixel, red.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\x0cIDAT\x08\xd7c\xf8\
\xcf\xc0\0\0\x03\x01\x01\0\x18\xdd\x8d\xb0\0\0\0\0IEND\xaeB`\x82";
/// When the runs began.
const BEGUN: i64 = 1_700_000_000_000;
/// Points of a batch, about as many as fan-out takes at once.
const BATCH: i64 = 20_000;

fn points(from: i64, to: i64) -> Event {
    let point = |step: i64| {
        #[expect(clippy::cast_precision_loss, reason = "a curve to look at")]
        let value = 1.0 / (1.0 + step as f64);
        let time = Timestamp::from_millis(BEGUN + step);
        MetricPoint { key: key("train/loss"), point: Point { step, time, value }, subject: None }
    };
    Event::Points((from..to).map(point).collect())
}

fn batches(run: &RunId, lr: &str, n_points: i64) -> Vec<Batch> {
    let started = RunStarted {
        experiment: key("demo/vision"),
        name: "calm-owl".to_owned(),
        user: "ada".to_owned(),
        started_at: Timestamp::from_millis(BEGUN),
        tags: vec![KeyValue::new("mlflow.note.content", "# A *run*").expect("valid")],
    };
    let params = [("lr", lr), ("opt", "adam"), ("amp", "True"), ("__a|b__", "<b>x</b> *y* $1:2~3")];
    let params = params.map(|(key, value)| KeyValue::new(key, value).expect("valid")).to_vec();
    let before = vec![Event::Params(params), tags(&[("team", "__red__ | blue")])];
    let after = vec![
        Event::DatasetInputs(vec![dataset_input("mnist", "abc")]),
        Event::Params(vec![KeyValue::new("late", "1").expect("valid")]),
        artifact_stored("plots/dot.png", PNG.len() as u64),
        artifact_stored("model-9.bin", 9),
        Event::Updated(RunUpdate {
            status: Some(RunStatus::Finished),
            ended_at: Some(Timestamp::from_millis(BEGUN + n_points)),
            name: Some("renamed".to_owned()),
        }),
    ];
    let steps = (0..n_points).step_by(usize::try_from(BATCH).expect("positive"));
    let middle = steps.map(|from| vec![points(from, n_points.min(from + BATCH))]);
    let all = std::iter::once(before).chain(middle).chain([after]);
    let mut started = Some(started);
    let batch =
        |(last, events)| Batch::Run(RunBatch { run: run.clone(), started: started.take(), events, last: Seq(last) });
    (1..).zip(all).map(batch).collect()
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().unwrap_or_else(|| "logs".to_owned()));
    let n_points: i64 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1_000);
    let artifacts = Arc::new(MemoryArtifacts::new());
    let config = Config { name: "tb".to_owned(), directory, images: true };
    let tracker = TensorBoardTracker::new(config, artifacts.clone());
    let mut out = std::io::stdout();
    for (n, lr) in [(1_u128, "0.1"), (2, "0.01")] {
        let run = RunId::fresh(n << 96 | 7);
        artifacts.put(&run, &artifact("plots/dot.png"), PNG);
        let batches = batches(&run, lr, n_points);
        let begun = Instant::now();
        let mut memory = None;
        let mut withheld = trackside_core::Withheld::default();
        for batch in &batches {
            let delivered = tracker.deliver(batch, memory.as_deref()).await?;
            tracker.flush().await?;
            withheld.extend(&delivered.withheld);
            memory = delivered.memory;
        }
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let speed = n_points as f64 / begun.elapsed().as_secs_f64();
        let line =
            writeln!(out, "{run}: {speed:.0} points/s, withheld {withheld:?}, memory {}", memory.unwrap_or_default());
        line.expect("standard output is open");
    }
    Ok(())
}
