//! `trackside-bench read`: what comes after writing. Histories, size on disk, large files.
//!
//! Each part starts the servers anew, so that none finds what another part has left in memory.

mod artifact;
mod history;
mod pattern;
mod size;

use std::{path::PathBuf, time::Duration};

use clap::ValueEnum;

use crate::{
    cli::ReadArgs,
    progress::step,
    report::book::Book,
    server::{Running, Server},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// A long series through the paged REST call.
    History,
    /// Bytes per point on the disk.
    Size,
    /// A large file up and down, beside copying it.
    Artifact,
}

/// How much.
#[derive(Debug, Clone)]
struct Scope {
    data_dir: PathBuf,
    n_rounds: usize,
    /// How long Trackside is left alone before everything is sealed.
    idle: Duration,
    /// Of the history.
    n_points: u64,
    /// Of the size.
    n_runs: u64,
    n_steps: u64,
    /// Of the artifact.
    n_bytes: u64,
}

pub(crate) async fn run(args: &ReadArgs) -> anyhow::Result<()> {
    let data_dir = args.files.data_dir();
    let idle = args.servers.idle();
    let scope = if args.quick {
        Scope { data_dir, n_rounds: 1, idle, n_points: 5_000, n_runs: 2, n_steps: 1_000, n_bytes: 32 << 20 }
    } else {
        let n_rounds = args.rounds.get();
        Scope { data_dir, n_rounds, idle, n_points: 100_000, n_runs: 10, n_steps: 10_000, n_bytes: 1 << 30 }
    };
    let mut book = Book::new("Reading, size, files", &scope.data_dir, scope.n_rounds, args.quick)?;
    let parts = if args.part.is_empty() { Part::value_variants() } else { &args.part };
    for part in parts {
        book.sheets.push(match part {
            Part::History => history::measure(&args.servers, &scope).await?,
            Part::Size => size::measure(&args.servers, &scope).await?,
            Part::Artifact => artifact::measure(&args.servers, &scope).await?,
        });
    }
    args.files.write(&book.render()?, &book)
}

/// Starts a server, waits until its start is over, and stops it: another one is measured.
async fn start(server: &dyn Server, scope: &Scope) -> anyhow::Result<Running> {
    step(&format!("{}: starting", server.name()));
    let (running, _) = Running::start(server, &scope.data_dir).await?;
    running.settle().await;
    running.pause();
    Ok(running)
}
