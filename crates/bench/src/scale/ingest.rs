//! Writing to a store that holds more and more: each measurement begins with a copy of a filled one, because what is
//! measured adds to it.

use std::sync::Arc;

use tempfile::TempDir;

use super::{Scope, filling};
use crate::{
    client::Client,
    disk,
    measure::{Cell, measure as measure_cell},
    progress::step,
    report::sheet::{Over, Sheet},
    scenario::Kind,
    server::Running,
    stats::grouped,
};

const CELLS: [(Kind, usize); 4] =
    [(Kind::LogMetric, 16), (Kind::LogBatch, 8), (Kind::Training, 32), (Kind::CreateRun, 16)];

pub(super) async fn measure(scope: &Scope) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new("Writing to a filled store").note(format!(
        "windows of {} s, closed loop; what is there before is runs of 1,000 points (10 metrics of 100 steps), sealed; each \
         cell begins with a new copy of it; goal: flat within 20 %",
        scope.seconds
    ));
    let mut filled = Vec::new();
    let mut data = None;
    let mut n_before = 0;
    for n_runs in scope.n_filled {
        sheet = sheet.column(format!("{} points in {} runs", grouped(n_runs * 1_000), grouped(n_runs)), true);
        let running = match data.take() {
            None => scope.start().await?,
            Some(data) => Running::start_on(&scope.server, data).await?.0,
        };
        let experiment_id = Client::connect(running.address).await?.create_experiment().await?;
        let batch = |_, run_id: &str| Kind::LogBatch.scenario().template(run_id).render(0);
        filling::fill(running.address, &experiment_id, n_before..n_runs, batch).await?;
        n_before = n_runs;
        scope.rest(&running).await?;
        let ended = running.end();
        filled.push(copy(&ended, scope)?);
        data = Some(ended);
    }
    drop(data);
    for round in 0..scope.n_rounds {
        for (kind, connections) in CELLS {
            let cell = Cell { scenario: kind.scenario(), connections };
            for turn in 0..filled.len() {
                let column = (turn + round) % filled.len();
                take(&mut sheet, column, &filled[column], cell, scope).await?;
            }
        }
    }
    Ok(sheet)
}

async fn take(sheet: &mut Sheet, column: usize, filled: &TempDir, cell: Cell, scope: &Scope) -> anyhow::Result<()> {
    let (running, _) = Running::start_on(&scope.server, copy(filled, scope)?).await?;
    let name = format!("{}, {} connections", cell.scenario.title(), cell.connections);
    match measure_cell(running.target(), cell, scope.settings()).await {
        Ok(measured) => {
            let rate = format!("{name}: {}/s", cell.scenario.unit());
            sheet.add(column, &rate, Over::Median, measured.units_per_second);
            sheet.add(column, &format!("{name}: p99, ms"), Over::Median, measured.p99_ms);
        }
        Err(error) => sheet.void(column, &name, &error),
    }
    Ok(())
}

/// A directory of its own with the same files, of a server that has ended.
fn copy(data: &TempDir, scope: &Scope) -> anyhow::Result<Arc<TempDir>> {
    let copy = tempfile::Builder::new().prefix("trackside-bench-").tempdir_in(&scope.data_dir)?;
    disk::copy_below(data.path(), copy.path())?;
    step(&format!("a copy of {} KiB", disk::bytes_below(copy.path()) >> 10));
    Ok(Arc::new(copy))
}
