//! `trackside-bench fanout`: what sinks in trouble cost clients, and how fast a backlog drains.
//!
//! The bounds are those of the project: no failed request, a p99 within twice the healthy one of the same minutes,
//! 128 MB with a million undelivered points, 50,000 points per second and sink afterwards.
//!
//! Elsewhere: the servers and their sinks (`scene.rs`), the load in turns (`turns.rs`), what waits and how it drains
//! (`backlog.rs`), the admin API (`sinks.rs`), what is printed (`report.rs`).

mod backlog;
mod report;
mod scene;
mod sinks;
mod turns;

use std::{path::Path, time::Duration};

use anyhow::{Context as _, bail, ensure};

use self::{
    backlog::{Backlog, Drained},
    report::{Bound, Report},
    scene::{HANGS, MIRRORS, Scene, TENSORBOARD},
    sinks::Sinks,
    turns::Turns,
};
use crate::{
    cli::FanoutArgs,
    clock, disk,
    machine::Machine,
    progress::step,
    server::{self, Running},
    stats::float,
};

/// Of load on one server before the next one's turn.
const SLICE: Duration = Duration::from_secs(15);
const QUICK_SLICE: Duration = Duration::from_secs(5);
const QUICK: Duration = Duration::from_secs(20);
/// That wait for a sink when memory is read and it is resumed.
const N_POINTS: u64 = 1_000_000;
/// 128 MB, not MiB.
const MEMORY_BOUND: f64 = 128.0;
const MB: f64 = 1e6;

pub(crate) async fn run(args: &FanoutArgs) -> anyhow::Result<()> {
    let data_dir = args.files.data_dir();
    let (slice, total) = if args.quick { (QUICK_SLICE, QUICK) } else { (SLICE, Duration::from_mins(args.minutes)) };
    let executable = server::trackside_executable(args.trackside.as_deref())?
        .context("no trackside executable beside this program: name it by --trackside")?;
    let mut report = Report {
        date: clock::utc(clock::since_epoch()),
        machine: Machine::survey(&data_dir).with_context(|| format!("cannot use {}", data_dir.display()))?,
        seconds: total.as_secs(),
        optimised: !cfg!(debug_assertions),
        turns: Turns::new(),
        figures: Vec::new(),
    };
    let scene = Scene::new(&data_dir)?;

    step("starting three servers: without sinks, with healthy ones, with some in trouble");
    let servers = scene.start(&executable, &data_dir).await?;
    report.turns.take(&servers, slice, total).await;
    report.turns_to_figures();

    let [none, healthy, trouble] = servers;
    drop((none, healthy));
    trouble.resume().await;
    undelivered(&mut report, &scene, trouble, &executable, &data_dir).await?;
    step("ended the servers");
    args.files.write(&report.render()?, &report)?;
    let missed = report.missed();
    ensure!(missed.is_empty(), "missed: {}", missed.join("; "));
    Ok(())
}

/// All that is about a backlog, on the server with sinks in trouble; ends it.
async fn undelivered(
    report: &mut Report,
    scene: &Scene,
    trouble: Running,
    executable: &Path,
    data_dir: &Path,
) -> anyhow::Result<()> {
    let mut sinks = Sinks::connect(trouble.address).await?;
    for name in MIRRORS {
        sinks.wait_until_drained(name).await?;
        sinks.pause(name).await?;
    }
    step(&format!("sinks {} are paused while {N_POINTS} points are logged", MIRRORS.join(" and ")));
    let mut backlog = Backlog::create(trouble.address).await?;
    backlog.log(N_POINTS).await?;
    memory(report, &mut sinks, &trouble).await?;
    for name in MIRRORS {
        let drained = sinks.drain(&trouble, name).await?;
        step(&format!("{name}: {}", drained.summary()));
        drain_rate(report, &format!("{name}: drained, nobody writing"), &drained, Some(Bound::AtLeast(50_000.0)));
    }
    let (_, peak) = trouble.resident_bytes()?;
    let name = "peak resident memory with both drained";
    report.figure(name, float(peak) / MB, "MB", Some(Bound::AtMost(MEMORY_BOUND)));
    for name in MIRRORS {
        sinks.pause(name).await?;
    }
    backlog.log(N_POINTS).await?;
    for name in MIRRORS {
        let (drained, p99) = turns::drain_under_load(&trouble, &mut sinks, name).await?;
        step(&format!("{name}, under load: {}", drained.summary()));
        drain_rate(report, &format!("{name}: drained, clients writing"), &drained, None);
        report.figure(&format!("{name}: p99 of one metric meanwhile"), p99, "ms", None);
    }
    let (_, peak) = trouble.resident_bytes()?;
    let name = "peak resident memory at the end, drained under load";
    report.figure(name, float(peak) / MB, "MB", Some(Bound::AtMost(MEMORY_BOUND)));
    backlog.check(trouble.address).await?;
    for name in MIRRORS {
        sinks.wait_until_drained(name).await?;
        let sink = sinks.sink(name).await?;
        let n_lost = float(sink.dead + sink.n_withheld());
        report.figure(&format!("{name}: dead letters and items withheld"), n_lost, "items", Some(Bound::AtMost(0.0)));
    }
    drop(trouble);

    step("counting the points of the copy");
    let copy = scene.serve_copy(executable, data_dir).await?;
    if let Err(error) = backlog.check(copy.address).await {
        bail!("the copy is not complete: {error:#}");
    }
    report.figure("points of the backlog read back from the copy", float(backlog.n_points()), "points", None);
    let bytes = float(disk::bytes_below(&scene.folder().join(TENSORBOARD)));
    report.figure("event files", bytes / MB, "MB", None);
    Ok(())
}

/// What a backlog costs while it waits.
async fn memory(report: &mut Report, sinks: &mut Sinks, trouble: &Running) -> anyhow::Result<()> {
    let (log_bytes, waiting) = (sinks.log_bytes().await?, sinks.sink(HANGS).await?.lag.items);
    ensure!(waiting >= N_POINTS, "only {waiting} items wait for the sink that hangs");
    let (now, peak) = trouble.resident_bytes()?;
    let n_points = float(waiting);
    report.figure("undelivered items in the log", n_points, "items", Some(Bound::AtLeast(float(N_POINTS))));
    report.figure("resident memory with these", float(now) / MB, "MB", Some(Bound::AtMost(MEMORY_BOUND)));
    report.figure("peak resident memory until then", float(peak) / MB, "MB", Some(Bound::AtMost(MEMORY_BOUND)));
    report.figure("log, per undelivered item", float(log_bytes) / n_points, "bytes", None);
    report.figure("log", float(log_bytes) / MB, "MB", None);
    report.figure("whole data directory, state and log", float(trouble.disk_bytes()) / MB, "MB", None);
    Ok(())
}

fn drain_rate(report: &mut Report, name: &str, drained: &Drained, bound: Option<Bound>) {
    report.figure(name, drained.per_second(), "points/s", bound);
    report.figure(&format!("{name}, per second of CPU"), drained.per_cpu_second(), "points/s", None);
}
