//! Where the log goes, and how it looks.

use std::io::{self, IsTerminal};

use anyhow::Context;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Human,
    /// One JSON object per line.
    Json,
}

/// Refuses what is no level or filter.
pub(crate) fn check(filter: &str) -> anyhow::Result<()> {
    parse(filter).map(drop)
}

fn parse(filter: &str) -> anyhow::Result<EnvFilter> {
    EnvFilter::try_new(filter).with_context(|| format!("--log {filter}: not a level or filter"))
}

/// Writes the log to standard error from here on.
pub(crate) fn start(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    let filter = parse(filter)?;
    let log = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Human => log
            .with(fmt::layer().with_target(false).with_ansi(io::stderr().is_terminal()).with_writer(io::stderr))
            .try_init(),
        LogFormat::Json => log.with(fmt::layer().json().flatten_event(true).with_writer(io::stderr)).try_init(),
    }
    .context("the log was started before")
}
