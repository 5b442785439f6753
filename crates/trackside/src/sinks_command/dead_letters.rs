//! `trackside sinks dead-letters`.

use std::io::{self, IsTerminal, Write};

use anyhow::bail;
use trackside_admin::shape;

use crate::{
    output::{Output, count},
    remote::Remote,
    sinks_command::{
        args::{DeadLetters, Letters, Which},
        table,
    },
};

/// Lists, retries or discards.
pub(crate) async fn run(remote: &Remote, action: DeadLetters, output: Output) -> anyhow::Result<()> {
    match action {
        DeadLetters::List { name, batches } => {
            let letters = list(remote, name.as_deref(), batches).await?;
            output.say(&letters, || table::of_dead_letters(&letters))
        }
        DeadLetters::Retry(Letters { name, which }) => {
            let path = ["sinks", &name, "dead-letters", "retry"];
            let retried: shape::Retried = remote.post(&path, Some(&body(which))).await?;
            output.say(&retried, || format!("{} delivered, {} failed again\n", retried.delivered, retried.failed))?;
            if retried.failed > 0 {
                bail!("{} could not be delivered; `dead-letters list` says why", count(retried.failed, "dead letter"));
            }
            Ok(())
        }
        DeadLetters::Discard { letters: Letters { name, which }, yes } => {
            if !yes && !confirmed(&name)? {
                bail!("nothing was discarded");
            }
            let path = ["sinks", &name, "dead-letters", "discard"];
            let done: shape::Discarded = remote.post(&path, Some(&body(which))).await?;
            output.say(&done, || format!("{} discarded\n", count(done.discarded, "dead letter")))
        }
    }
}

/// All pages.
async fn list(remote: &Remote, name: Option<&str>, batches: bool) -> anyhow::Result<Vec<shape::DeadLetter>> {
    let path = match name {
        Some(name) => vec!["sinks", name, "dead-letters"],
        None => vec!["dead-letters"],
    };
    let (mut letters, mut after) = (Vec::new(), Some(0));
    while let Some(from) = after {
        let (from, batches) = (from.to_string(), batches.to_string());
        let page: shape::DeadLetters = remote.get(&path, &[("after", &from), ("batches", &batches)]).await?;
        letters.extend(page.dead_letters);
        after = page.next_after;
    }
    Ok(letters)
}

fn body(which: Which) -> shape::Letters {
    shape::Letters { all: which.all, ids: (!which.all).then_some(which.id) }
}

/// Asks whoever sits at the terminal; where nobody does, `--yes` is needed.
fn confirmed(name: &str) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("discarding loses data for good: say --yes");
    }
    let mut terminal = io::stderr().lock();
    write!(terminal, "Discard dead letters of {name} for good? [y/N] ")?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
