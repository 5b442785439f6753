//! The command line.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::{
    files::Files,
    read, scale,
    scenario::Kind,
    server::{Choice, Ours},
};

/// Measure Trackside beside other servers of the MLflow REST API.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "\
Start here:
  cargo build --release -p trackside -p trackside-bench
  target/release/trackside-bench compare --mlflow \"$(command -v mlflow)\" --markdown comparison.md
  target/release/trackside-bench read --mlflow \"$(command -v mlflow)\" --markdown reading.md
  target/release/trackside-bench scale --markdown scale.md
  target/release/trackside-bench fanout --markdown fanout.md
  target/release/trackside-bench load --url http://127.0.0.1:5000 --scenario log-metric --connections 16

Numbers of a debug build, or of a machine that does other work, mean nothing.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start servers, load them in turns, print a Markdown table with ratios.
    ///
    /// Each server runs on a free loopback port with SQLite, or PostgreSQL, in a directory of its own, removed at the
    /// end. First come cold start (from spawn to the first 200 of GET /health, with a new database) and idle memory
    /// (PSS of the whole process tree once its start is over, after 2 s at least). Then every cell of the table (a
    /// scenario at a number of keep-alive connections) is measured on one server after the other, --rounds times; the
    /// table shows medians over rounds, and of memory under load the most. While one server is measured the others are
    /// stopped with SIGSTOP.
    ///
    /// The loop is closed: a connection sends its next request when the last one is answered, so p50 and p99 are the
    /// latencies at saturation by that many clients.
    ///
    /// At the end of a cell everything written is read back through get-history and runs/get. A wrong count or a wrong
    /// latest value, or any answer but 200, makes the cell void; the reason is printed below the table.
    ///
    /// Two further columns are limits. "naive limit" is a small server that does what every server with a row per point
    /// must do (HTTP, JSON, group commit into SQLite) and checks nothing. "bare hyper" is a server in a process of its
    /// own that answers {} to everything: the most that this generator can measure on this machine.
    Compare(Box<CompareArgs>),

    /// Load one server that is already running, and read back what it kept.
    ///
    /// Creates an experiment named trackside-bench-..., with one run per connection, and leaves it there.
    Load(LoadArgs),

    /// Measure what sinks in trouble cost clients, and how fast a backlog drains.
    ///
    /// Three servers take turns under the same load, the others being stopped: one without sinks, one with healthy
    /// sinks (sqlite and tensorboard), one that has these two and two MLflow servers in trouble besides: one accepts
    /// connections and never answers, one refuses them. The load is that of a training cluster, at a pace: 8 clients
    /// that log a metric every 20 ms, 2 that log 1,000 points every 250 ms. A latency counts from when the request
    /// was due. Everything is read back.
    ///
    /// Then sqlite and tensorboard are paused until 1,000,000 points wait for each, and memory is read; then one after
    /// the other is resumed, once while nobody writes and once under the load. At the end the copy is served by another
    /// process, and the points are counted there.
    ///
    /// Fails when a bound is missed.
    Fanout(FanoutArgs),

    /// Measure what comes after writing: histories, size on disk, large files.
    ///
    /// A series of 100,000 points is read through the paged REST call; realistic curves are written, and the files are
    /// weighed once they are at rest; a file of 1 GiB goes up and down through the artifact proxy, beside a copy on the
    /// same disk. Servers take turns, the others being stopped. Every answer is compared with what was written: a wrong
    /// one makes the cell void.
    Read(Box<ReadArgs>),

    /// Measure how costs grow with what Trackside keeps.
    ///
    /// A series of 10,000,000 points is sampled for a chart; runs are searched among 1,000, 10,000 and 100,000; and the
    /// kinds of load of `compare` meet stores that hold 100,000, 1,000,000 and 10,000,000 points. Every answer is
    /// compared with what was written: a wrong one makes the cell void.
    Scale(ScaleArgs),

    /// Serve a row per point and nothing else, on loopback: what `compare` measures as the naive limit.
    #[command(hide = true)]
    Naive {
        #[arg(long)]
        port: u16,

        #[arg(long)]
        data_dir: PathBuf,
    },

    /// Answer {} to every request, on loopback: what `compare` measures as this machine's limit.
    #[command(hide = true)]
    Bare {
        #[arg(long)]
        port: u16,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    #[command(flatten)]
    pub(crate) servers: Choice,

    /// Only these kinds of load; may be repeated [default: all].
    #[arg(long, value_name = "NAME")]
    pub(crate) scenario: Vec<Kind>,

    /// Seconds measured per cell, server and round, after a second of warm-up.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) seconds: u64,

    /// Times that each cell is measured on each server.
    #[arg(long, value_name = "N", default_value = "3")]
    pub(crate) rounds: NonZeroUsize,

    /// Cold starts of each server whose start is short; MLflow is started once.
    #[arg(long, value_name = "N", default_value = "5")]
    pub(crate) cold_starts: NonZeroUsize,

    /// Threads that generate load [default: half the cores].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,

    #[command(flatten)]
    pub(crate) files: Files,
}

#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    pub(crate) servers: Choice,

    /// Only these; may be repeated [default: all].
    #[arg(long, value_name = "NAME")]
    pub(crate) part: Vec<read::Part>,

    /// Times that each cell is measured on each server.
    #[arg(long, value_name = "N", default_value = "3")]
    pub(crate) rounds: NonZeroUsize,

    /// Everything small, and once: to see that it works.
    #[arg(long, conflicts_with = "rounds")]
    pub(crate) quick: bool,

    #[command(flatten)]
    pub(crate) files: Files,
}

#[derive(Debug, Args)]
pub(crate) struct ScaleArgs {
    #[command(flatten)]
    pub(crate) ours: Ours,

    /// Only these; may be repeated [default: all].
    #[arg(long, value_name = "NAME")]
    pub(crate) part: Vec<scale::Part>,

    /// Times that each cell is measured.
    #[arg(long, value_name = "N", default_value = "3")]
    pub(crate) rounds: NonZeroUsize,

    /// Threads that generate load [default: half the cores].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Everything small, and once: to see that it works.
    #[arg(long, conflicts_with = "rounds")]
    pub(crate) quick: bool,

    #[command(flatten)]
    pub(crate) files: Files,
}

#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// Where the server listens: `http://HOST:PORT`.
    #[arg(long)]
    pub(crate) url: String,

    /// What each request does.
    #[arg(long, value_name = "NAME", default_value = "log-metric")]
    pub(crate) scenario: Kind,

    /// Keep-alive connections, each with a run of its own and one request at a time.
    #[arg(long, value_name = "N", default_value = "16")]
    pub(crate) connections: NonZeroUsize,

    /// Requests per second of all connections together, whatever the server takes: a latency then counts from when the
    /// request was due [default: each connection sends when it was answered].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) rate: Option<u64>,

    /// Seconds measured, after a second of warm-up.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) seconds: u64,

    /// Threads that generate load [default: half the cores].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Args)]
pub(crate) struct FanoutArgs {
    /// The trackside executable [default: the one beside this program].
    #[arg(long, value_name = "PATH")]
    pub(crate) trackside: Option<PathBuf>,

    /// Minutes of load on the server with sinks in trouble; the whole takes three times as long and some minutes.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1440))]
    pub(crate) minutes: u64,

    /// Only 20 seconds of load: to see that it works.
    #[arg(long, conflicts_with = "minutes")]
    pub(crate) quick: bool,

    #[command(flatten)]
    pub(crate) files: Files,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
