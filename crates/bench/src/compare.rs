//! `trackside-bench compare`: all servers on one machine, in turns.

use std::{path::Path, process::Command, time::Duration};

use anyhow::Context as _;
use clap::ValueEnum as _;

use crate::{
    cli::CompareArgs,
    clock,
    machine::Machine,
    measure::{Cell, Settings, measure},
    progress::step,
    report::{self, CellReport, Report, Round, ServerReport, markdown},
    scenario::Kind,
    server::{Running, Server},
};

/// Before anything is measured, each server answers some requests that do not count: MLflow's workers open the
/// database at their first one.
const REHEARSAL: Duration = Duration::from_secs(3);
const REHEARSAL_CONNECTIONS: usize = 16;

pub(crate) async fn run(args: &CompareArgs) -> anyhow::Result<()> {
    let data_dir = args.files.data_dir();
    let settings = Settings::new(args.seconds, args.threads);
    let servers = args.servers.rivals_and_limits()?;
    let cells = cells(&args.scenario);
    let mut report = Report {
        date: clock::utc(clock::since_epoch()),
        machine: Machine::survey(&data_dir).with_context(|| format!("cannot use {}", data_dir.display()))?,
        settings: report::Settings {
            seconds: args.seconds,
            n_rounds: args.rounds.get(),
            n_threads: settings.n_threads,
            optimised: !cfg!(debug_assertions),
        },
        servers: Vec::new(),
        cells: cells.iter().map(|cell| CellReport::new(*cell, servers.len())).collect(),
    };

    let mut running: Vec<Running> = Vec::new();
    for server in &servers {
        let n_starts = if server.starts_fast() { args.cold_starts.get() } else { 1 };
        step(&format!("{}: starting, {n_starts} time(s)", server.name()));
        let (server, started) = start(server.as_ref(), n_starts, &data_dir).await?;
        step(&format!("{}: {}", server.name, server.summary()));
        rehearse(&started, settings).await;
        started.pause();
        report.servers.push(server);
        running.push(started);
    }
    for round in 0..args.rounds.get() {
        for (cell, cell_report) in cells.iter().zip(&mut report.cells) {
            for turn in 0..running.len() {
                // Each round begins with another one: none is always the first after a pause.
                let index = (turn + round) % running.len();
                let outcome = take_turn(&running[index], *cell, settings).await;
                let server = &mut report.servers[index];
                server.peak_memory_bytes = server.peak_memory_bytes.max(outcome.peak_memory_bytes());
                step(&format!(
                    "round {}/{}, {} x {}, {}: {}",
                    round + 1,
                    args.rounds,
                    cell.scenario.name(),
                    cell.connections,
                    server.name,
                    outcome.summary(cell.scenario.unit())
                ));
                cell_report.rounds[index].push(outcome);
            }
        }
    }
    step("ending the servers");
    drop(running);
    args.files.write(&markdown::render(&report)?, &report)
}

fn cells(kinds: &[Kind]) -> Vec<Cell> {
    let kinds = if kinds.is_empty() { Kind::value_variants() } else { kinds };
    let cells = |kind: &Kind| {
        let scenario = kind.scenario();
        scenario.connections().iter().map(move |&connections| Cell { scenario, connections })
    };
    kinds.iter().flat_map(cells).collect()
}

/// Starts a server so many times, and keeps it running the last time.
async fn start(server: &dyn Server, n_starts: usize, data_dir: &Path) -> anyhow::Result<(ServerReport, Running)> {
    let mut cold_start_ms = Vec::with_capacity(n_starts);
    for _ in 1..n_starts {
        cold_start_ms.push(Running::start(server, data_dir).await?.1.as_secs_f64() * 1e3);
    }
    let (running, last) = Running::start(server, data_dir).await?;
    cold_start_ms.push(last.as_secs_f64() * 1e3);
    running.settle().await;
    let idle_memory_bytes = running.memory_bytes();
    let report = ServerReport {
        name: server.name(),
        version: version(server, &running).await?,
        durability: server.durability(),
        keeps_points: running.keeps_points,
        cold_start_ms,
        n_processes: running.processes().len(),
        idle_memory_bytes,
        peak_memory_bytes: idle_memory_bytes,
    };
    Ok((report, running))
}

async fn rehearse(running: &Running, settings: Settings) {
    let cell = Cell { scenario: Kind::LogMetric.scenario(), connections: REHEARSAL_CONNECTIONS };
    let settings = Settings { window: REHEARSAL, ..settings };
    if let Err(error) = measure(running.target(), cell, settings).await {
        // It will fail again where it counts.
        step(&format!("the rehearsal failed: {error:#}"));
    }
}

async fn version(server: &dyn Server, running: &Running) -> anyhow::Result<String> {
    let Some(mut command): Option<Command> = server.version_command() else { return running.version().await };
    let output = command.output()?.stdout;
    // `name 1.2.3`.
    let text = String::from_utf8_lossy(&output);
    Ok(text.split_whitespace().last().unwrap_or("unknown").to_owned())
}

/// Measures one cell on one server, the others being stopped.
async fn take_turn(running: &Running, cell: Cell, settings: Settings) -> Round {
    running.resume().await;
    let outcome = measure(running.target(), cell, settings).await;
    running.pause();
    Round::from(outcome)
}
