//! `trackside sinks backfill`: begins one, and shows how it goes on.

use std::time::Duration;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use trackside_admin::shape;
use trackside_core::Timestamp;

use crate::{
    output::{Output, count},
    remote::Remote,
    sinks_command::args::Backfill,
};

/// How often to ask how far it is: often enough for a bar that moves, too seldom to be felt by the server.
const INTERVAL: Duration = Duration::from_millis(500);

/// Begins or cancels a backfill.
pub(crate) async fn run(remote: &Remote, wanted: &Backfill, output: Output) -> anyhow::Result<()> {
    let name = wanted.name.as_str();
    let path = ["sinks", name, "backfill"];
    if wanted.what.cancel {
        let done: shape::Done = remote.delete(&path).await?;
        return output.say(&done, || format!("the backfill of {name} has ended\n"));
    }
    let body = shape::Backfill {
        all: wanted.what.all.is_some(),
        experiment: wanted.what.experiment.clone(),
        since_ms: wanted.what.since.map(Timestamp::millis),
    };
    let begun: shape::Begun = remote.post(&path, Some(&body)).await?;
    if wanted.detach {
        return output.say(&begun, || format!("{} on the way to {name}\n", count(begun.total, "run")));
    }
    let bar = bar(begun.total, name, output);
    tokio::select! {
        followed = follow(remote, name, begun.total, &bar) => followed?,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            bar.abandon();
            bail!("the backfill of {name} goes on in the server; `trackside sinks backfill {name} --cancel` ends it");
        }
    }
    bar.finish_and_clear();
    output.say(&begun, || format!("{} sent to {name}\n", count(begun.total, "run")))
}

/// Returns once the server no longer knows of a backfill.
async fn follow(remote: &Remote, name: &str, total: u64, bar: &ProgressBar) -> anyhow::Result<()> {
    loop {
        let sink: shape::Sink = remote.get(&["sinks", name], &[]).await?;
        let Some(backfill) = sink.backfill else {
            bar.set_position(total);
            return Ok(());
        };
        bar.set_position(backfill.done);
        bar.set_message(match (sink.state.as_str(), sink.last_error) {
            ("retrying" | "open", Some(error)) => format!("{}: {}", sink.state, error.message),
            ("ok", _) => String::new(),
            (state, _) => state.to_owned(),
        });
        tokio::time::sleep(INTERVAL).await;
    }
}

fn bar(total: u64, name: &str, output: Output) -> ProgressBar {
    if output.json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{prefix} [{wide_bar}] {pos}/{len} runs, {eta} left {msg}")
        .expect("the template is well-formed");
    ProgressBar::new(total).with_style(style).with_prefix(name.to_owned())
}
