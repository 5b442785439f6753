//! Bytes on the disk per point, when everything has come to rest and the write-ahead log is folded.
//!
//! What counts are all files of the server but its output, less what they took while there were runs but no points.

use anyhow::{Context as _, ensure};

use super::{Scope, start};
use crate::{
    client::Client,
    curve::{self, Curve},
    disk, history,
    progress::step,
    report::sheet::{Over, Sheet},
    server::{Choice, Running, Server, kept_bytes},
    stats::{float, grouped},
};

const NAME: &str = "bytes per point";
const IN_USE: &str = "bytes per point, without free pages";

pub(super) async fn measure(servers: &Choice, scope: &Scope) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new("Size on disk").note(format!(
        "{} runs of {} steps, logged 1,000 points a request: loss (f32 widened to f64, noise), accuracy (4 decimals), \
         learning rate (warm-up and cosine, full f64), gradient norm (noise, full f64) at every step; loss and accuracy of \
         an evaluation every 50 steps; times 180 ms apart with 40 ms of jitter",
        scope.n_runs,
        grouped(scope.n_steps)
    ))
    .note(
        "files after the server has ended and the write-ahead log is folded, less the database with the same runs and no \
         points; pages that sealing has freed are used again by what is written next",
    );
    let servers = servers.rivals()?.into_iter().filter(|server| server.is_weighed());
    for (column, server) in servers.enumerate() {
        sheet = sheet.column(server.name(), true);
        match bytes_per_point(server.as_ref(), scope).await {
            Ok((bytes, in_use)) => {
                sheet.add(column, NAME, Over::Median, bytes);
                sheet.add(column, IN_USE, Over::Median, in_use);
            }
            Err(error) => sheet.void(column, NAME, &error),
        }
    }
    Ok(sheet)
}

/// Per point: bytes of the files, and those without pages that SQLite will use again.
async fn bytes_per_point(server: &dyn Server, scope: &Scope) -> anyhow::Result<(f64, f64)> {
    let running = start(server, scope).await?;
    running.resume().await;
    let n_runs = usize::try_from(scope.n_runs)?;
    let run_ids = Client::connect(running.address).await?.create_runs(n_runs).await?;
    let (running, empty) = weigh(running, server).await?;

    step(&format!("{}: writing {} runs of {} steps", server.name(), scope.n_runs, scope.n_steps));
    let mut client = Client::connect(running.address).await?;
    let mut n_points = 0;
    for (run, run_id) in (0..).zip(&run_ids) {
        n_points += curve::log(&mut client, run_id, &Curve::ALL, run, scope.n_steps).await?;
    }
    if server.seals() {
        step(&format!("{}: until it has sealed", server.name()));
        running.rest(scope.idle).await?;
    }
    let (running, full) = weigh(running, server).await?;
    let free = running.free_bytes()?;
    let mut client = Client::connect(running.address).await?;
    for (run, run_id) in (0..).zip(&run_ids) {
        for curve in Curve::ALL {
            check(&mut client, run_id, curve, run, scope.n_steps)
                .await
                .with_context(|| format!("{} of run {run_id}", curve.key()))?;
        }
    }
    let per_point = |bytes: u64| float(bytes) / float(n_points);
    Ok((per_point(full.saturating_sub(empty)), per_point(full.saturating_sub(empty).saturating_sub(free))))
}

/// Bytes that the server keeps. One that starts fast is ended for it; the rollback journal of another is empty between
/// transactions.
async fn weigh(running: Running, server: &dyn Server) -> anyhow::Result<(Running, u64)> {
    if !server.starts_fast() {
        let bytes = running.disk_bytes();
        return Ok((running, bytes));
    }
    let data = running.end();
    disk::fold_logs(data.path())?;
    let bytes = kept_bytes(&data);
    Ok((Running::start_on(server, data).await?.0, bytes))
}

async fn check(client: &mut Client, run_id: &str, curve: Curve, run: u64, n_steps: u64) -> anyhow::Result<()> {
    let (points, _) = history::read(client, run_id, curve.key(), None).await?;
    let expected: Vec<_> = curve.points(run, n_steps).collect();
    ensure!(points.len() == expected.len(), "{} points were read, {} were written", points.len(), expected.len());
    let wrong = points.iter().zip(&expected).find(|(read, written)| read != written);
    ensure!(wrong.is_none(), "read and written: {wrong:?}");
    Ok(())
}
