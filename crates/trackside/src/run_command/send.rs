//! `trackside send`: records what could not be recorded when its command ended.

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::Args;
use serde_json::json;
use trackside_core::SystemClock;
use trackside_tracking::Server;

use super::{kept::Unsent, warn};
use crate::output::{Output, count};

// The doc comments are the help text.
#[derive(Debug, Args)]
#[command(after_help = "\
What `trackside run` knows of a run is kept on this machine when the server is gone at the end. Exit code 1 when some of it
still cannot be recorded.")]
pub(crate) struct SendArgs {
    /// The server to record at. Default: the one that each command ran beside.
    #[arg(long, value_name = "URL")]
    url: Option<String>,

    /// Only tell what is kept.
    #[arg(long)]
    dry_run: bool,

    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// Sends what is kept.
pub(crate) fn send(args: &SendArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (unsent, mut faults) = Unsent::all()?;
    let mut told = Vec::new();
    let mut answers = Vec::new();
    for one in unsent {
        let url = args.url.as_ref().unwrap_or(&one.url);
        let command = one.kept.captured.record.execution.as_ref().map(|execution| execution.command.join(" "));
        let command = command.unwrap_or_default();
        let mut answer =
            json!({"invocation": one.invocation, "url": url, "command": command, "sent": false, "runs": []});
        if args.dry_run {
            told.push(format!("kept      {command}, for {url}\n"));
        } else {
            match runtime.block_on(async { one.send(Server::at(url, Arc::new(SystemClock))?).await }) {
                Ok(runs) => {
                    told.push(format!("recorded  {command}: run {}\n", runs.join(", ")));
                    answer["sent"] = json!(true);
                    answer["runs"] = json!(runs);
                }
                Err(error) => {
                    told.push(format!("kept      {command}, for {url}\n"));
                    faults.push(error.context(format!("{command} cannot be recorded at {url}")));
                }
            }
        }
        answers.push(answer);
    }
    for fault in &faults {
        warn(&format!("{fault:#}"));
    }
    let summary = format!("{}\n", count(told.len() as u64, "command"));
    Output { json: args.json }.say(&answers, || told.concat() + &summary).context("cannot answer")?;
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
