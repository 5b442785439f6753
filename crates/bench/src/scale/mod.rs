//! `trackside-bench scale`: how costs grow with what Trackside keeps.

mod filling;
mod ingest;
mod samples;
mod search;
mod trial;

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use anyhow::Context as _;
use clap::ValueEnum;

use crate::{
    cli::ScaleArgs,
    measure::Settings,
    progress::step,
    report::book::Book,
    server::{Running, Trackside},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Samples of a long series for a chart.
    Samples,
    /// Pages of a search among many runs.
    Search,
    /// Writing to a store that is not empty.
    Ingest,
}

/// What is measured, and how much.
struct Scope {
    server: Trackside,
    data_dir: PathBuf,
    n_rounds: usize,
    /// How long the server is left alone before everything is sealed.
    idle: Duration,
    /// Of the series that is sampled.
    n_points: u64,
    /// Among which is searched.
    n_runs: [u64; 3],
    /// Runs of 1,000 points that are there before something is written.
    n_filled: [u64; 3],
    /// Requests of a kind per round.
    n_requests: usize,
    /// Of a window of writing.
    seconds: u64,
    threads: Option<NonZeroUsize>,
}

pub(crate) async fn run(args: &ScaleArgs) -> anyhow::Result<()> {
    let server = args.ours.server()?.context("no trackside executable beside this program: name it by --trackside")?;
    let full = Scope {
        server,
        data_dir: args.files.data_dir(),
        n_rounds: args.rounds.get(),
        idle: args.ours.idle(),
        n_points: 10_000_000,
        n_runs: [1_000, 10_000, 100_000],
        n_filled: [100, 1_000, 10_000],
        n_requests: 200,
        seconds: 5,
        threads: args.threads,
    };
    let scope = if args.quick {
        Scope {
            n_rounds: 1,
            n_points: 20_000,
            n_runs: [100, 300, 1_000],
            n_filled: [1, 3, 10],
            n_requests: 5,
            seconds: 1,
            ..full
        }
    } else {
        full
    };
    let mut book = Book::new("Growth", &scope.data_dir, scope.n_rounds, args.quick)?;
    let parts = if args.part.is_empty() { Part::value_variants() } else { &args.part };
    for part in parts {
        book.sheets.push(match part {
            Part::Samples => samples::measure(&scope).await?,
            Part::Search => search::measure(&scope).await?,
            Part::Ingest => ingest::measure(&scope).await?,
        });
    }
    args.files.write(&book.render()?, &book)
}

impl Scope {
    async fn start(&self) -> anyhow::Result<Running> {
        step("starting");
        Ok(Running::start(&self.server, &self.data_dir).await?.0)
    }

    /// Until everything is sealed.
    async fn rest(&self, running: &Running) -> anyhow::Result<()> {
        step("until it has sealed");
        running.rest(self.idle).await
    }

    fn settings(&self) -> Settings {
        Settings::new(self.seconds, self.threads)
    }
}
