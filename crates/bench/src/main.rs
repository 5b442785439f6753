//! Load program: measures servers that speak MLflow's REST API beside each other in one run, and prints ratios.
//!
//! Absolute numbers belong to one machine on one day; the ratio between two servers that were measured in turns,
//! round by round, under the same generator is what may be quoted. Nothing here asserts a time.
//!
//! Where to look: a server to compare with is a file in `server/`, a kind of load is a file in `scenario/`, the
//! generator is `load/`, what is printed is `report/`; `compare.rs` measures writing, `read/` what comes after it,
//! `scale/` how costs grow, `fanout/` sinks in trouble.

mod cli;
mod client;
mod clock;
mod compare;
mod curve;
mod disk;
mod fanout;
mod files;
mod growth;
mod history;
mod limits;
mod load;
mod machine;
mod measure;
mod process;
mod progress;
mod read;
mod readback;
mod report;
mod scale;
mod scenario;
mod server;
mod single;
mod stats;

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    match start(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress::step(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start(command: Command) -> anyhow::Result<()> {
    let runtime = match command {
        // Like the servers it is compared with, it may use all cores.
        Command::Naive { .. } => tokio::runtime::Builder::new_multi_thread().enable_all().build()?,
        _ => tokio::runtime::Builder::new_current_thread().enable_all().build()?,
    };
    // On a signal the future below is dropped, and with it the servers: `Running` ends its processes in `Drop`.
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = run(command) => outcome,
            outcome = interrupted() => outcome,
        }
    });
    // Generator threads may still be within their window; they have nothing to clean up.
    runtime.shutdown_background();
    outcome
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Compare(args) => compare::run(&args).await,
        Command::Fanout(args) => fanout::run(&args).await,
        Command::Load(args) => single::run(&args).await,
        Command::Read(args) => read::run(&args).await,
        Command::Scale(args) => scale::run(&args).await,
        Command::Naive { port, data_dir } => server::naive::serve(port, &data_dir).await,
        Command::Bare { port } => server::bare::serve(port).await,
    }
}

/// Ends, with an error, at the first SIGINT or SIGTERM.
async fn interrupted() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt.context("cannot listen for SIGINT")?,
        _ = terminate.recv() => {}
    }
    bail!("interrupted; no table is written")
}
