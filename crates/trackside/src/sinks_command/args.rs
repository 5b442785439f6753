//! The command line of `trackside sinks`. Doc comments are the help text.

use clap::{Args, Subcommand};
use trackside_core::Timestamp;

use crate::{instant, remote::ServerArgs};

#[derive(Debug, Args)]
pub(crate) struct SinksArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,

    #[command(subcommand)]
    pub(crate) action: Option<Action>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Show how each sink stands. This is the default.
    List,
    /// Stop delivering to a sink until it is resumed, also over restarts. Nothing is lost meanwhile.
    Pause(Name),
    /// Go on with a paused sink, or try one at once that has failed.
    Resume(Name),
    /// Show the last messages to a webhook, a chat or people with mail, with every try that failed.
    Log(Name),
    /// Send history to a sink, beside live traffic.
    Backfill(Backfill),
    /// See, retry or discard what could not be delivered.
    #[command(subcommand)]
    DeadLetters(DeadLetters),
    /// Forget a sink that is no longer configured: its place in the log, its memories and its dead letters.
    Remove(Name),
    /// Make the server read its configuration again.
    Reload,
}

#[derive(Debug, Args)]
pub(crate) struct Name {
    /// Name of the sink in the configuration.
    pub(crate) name: String,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "trackside sinks backfill <NAME> <all|--experiment <NAME>|--since <TIME>|--cancel> [OPTIONS]"
)]
pub(crate) struct Backfill {
    /// Name of the sink in the configuration.
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) what: What,

    /// Do not wait until it is done.
    #[arg(long, conflicts_with = "cancel")]
    pub(crate) detach: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct What {
    /// Everything.
    #[arg(value_parser = ["all"])]
    pub(crate) all: Option<String>,

    /// Runs and logged models of one experiment.
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Option<String>,

    /// Runs and logged models begun since: 2026-01-31, 2026-01-31T10:00, 2026-01-31T10:00:00+02:00. UTC by default.
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    pub(crate) since: Option<Timestamp>,

    /// End the backfill that is under way, where it is.
    #[arg(long)]
    pub(crate) cancel: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// List them, of one sink or of all.
    List {
        /// Name of the sink; all sinks when absent.
        name: Option<String>,
        /// Also show what they hold; with --json.
        #[arg(long, requires = "json")]
        batches: bool,
    },
    /// Try them again.
    Retry(Letters),
    /// Remove them for good.
    Discard {
        #[command(flatten)]
        letters: Letters,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Letters {
    /// Name of the sink.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) which: Which,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// These, by number.
    #[arg(long, value_name = "N", num_args = 1..)]
    pub(crate) id: Vec<u64>,
    /// All of the sink.
    #[arg(long)]
    pub(crate) all: bool,
}
