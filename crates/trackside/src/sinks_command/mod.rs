//! `trackside sinks`: sees and steers the sinks of a running server over its HTTP API.

mod args;
mod backfill;
mod dead_letters;
mod log;
mod table;

use trackside_admin::shape;

pub(crate) use self::args::SinksArgs;
use self::args::{Action, Name};
use crate::{
    output::{Output, count},
    remote::Remote,
};

/// Runs one command.
pub(crate) fn run(args: SinksArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let output = Output { json: args.server.json };
    runtime.block_on(act(args, output))
}

async fn act(args: SinksArgs, output: Output) -> anyhow::Result<()> {
    let remote = Remote::new(&args.server.url())?;
    match args.action.unwrap_or(Action::List) {
        Action::List => {
            let found: shape::Sinks = remote.get(&["sinks"], &[]).await?;
            output.say(&found, || table::of_sinks(&found))
        }
        Action::Pause(Name { name }) => {
            let sink: shape::Sink = remote.post(&["sinks", &name, "pause"], None::<&()>).await?;
            output.say(&sink, || format!("{name} is paused; {} wait\n", count(sink.lag.entries, "event")))
        }
        Action::Resume(Name { name }) => {
            let sink: shape::Sink = remote.post(&["sinks", &name, "resume"], None::<&()>).await?;
            output.say(&sink, || format!("{name} goes on with {}\n", count(sink.lag.entries, "event")))
        }
        Action::Log(Name { name }) => log::run(&remote, &name, output).await,
        Action::Backfill(wanted) => backfill::run(&remote, &wanted, output).await,
        Action::DeadLetters(action) => dead_letters::run(&remote, action, output).await,
        Action::Remove(Name { name }) => {
            let done: shape::Done = remote.delete(&["sinks", &name]).await?;
            output.say(&done, || format!("{name} is forgotten\n"))
        }
        Action::Reload => {
            let done: shape::Reloaded = remote.post(&["config", "reload"], None::<&()>).await?;
            output.say(&done, || reloaded(&done))
        }
    }
}

fn reloaded(done: &shape::Reloaded) -> String {
    let line = |what: &str, names: &[String]| {
        if names.is_empty() {
            String::new()
        } else {
            format!(
                "{what}: {}
",
                names.join(", ")
            )
        }
    };
    let lines = [
        line("added", &done.added),
        line("changed", &done.changed),
        line("removed", &done.removed),
        line("unchanged", &done.unchanged),
        line("changed, but only a restart takes it over", &done.restart_needed),
    ]
    .concat();
    if lines.is_empty() { "no sinks are configured\n".to_owned() } else { lines }
}
