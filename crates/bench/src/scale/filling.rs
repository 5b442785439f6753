//! Runs by the thousand, over a few connections: two requests each, runs/create and runs/log-batch.

use std::{net::SocketAddr, ops::Range};

use anyhow::Context as _;
use bytes::Bytes;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    client::{Client, Empty},
    progress::step,
};

const N_CONNECTIONS: u64 = 16;
const START_TIME: u64 = 1_700_000_000_000;
/// Runs from one line of progress to the next.
const TOLD: u64 = 10_000;

/// What a run is given: the body of its log-batch, of its number and its id.
pub(super) type Content = fn(u64, &str) -> Bytes;

/// The name of the run with that number.
pub(super) fn name(number: u64) -> String {
    format!("run-{number:06}")
}

/// Creates the runs with these numbers.
pub(super) async fn fill(
    address: SocketAddr,
    experiment_id: &str,
    numbers: Range<u64>,
    content: Content,
) -> anyhow::Result<()> {
    step(&format!("creating {} runs", numbers.end - numbers.start));
    let mut tasks = JoinSet::new();
    for offset in 0..N_CONNECTIONS {
        let (experiment_id, numbers) = (experiment_id.to_owned(), numbers.clone());
        tasks.spawn(async move {
            let mut client = Client::connect(address).await?;
            for number in (numbers.start + offset..numbers.end).step_by(usize::try_from(N_CONNECTIONS)?) {
                create(&mut client, &experiment_id, number, content).await.with_context(|| name(number))?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.context("a task failed")??;
    }
    Ok(())
}

async fn create(client: &mut Client, experiment_id: &str, number: u64, content: Content) -> anyhow::Result<()> {
    let run = json!({
        "experiment_id": experiment_id, "run_name": name(number), "start_time": START_TIME + number * 1_000,
    });
    let run_id = client.create_run(&run).await?;
    let _: Empty = client.post_raw("/api/2.0/mlflow/runs/log-batch", content(number, &run_id)).await?;
    if number > 0 && number.is_multiple_of(TOLD) {
        step(&format!("{number} runs"));
    }
    Ok(())
}
