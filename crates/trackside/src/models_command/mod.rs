//! `trackside models`: the history of the model registry, over the HTTP API of a running server.

mod args;
mod history;
mod ledger;
mod show;
mod verify;

use std::process::ExitCode;

use args::Action;
pub(crate) use args::ModelsArgs;

use crate::{output::Output, remote::Remote};

/// Runs one command. Exit code 1 when what was to be verified is not as it should be.
pub(crate) fn run(args: &ModelsArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let output = Output { json: args.server.json };
    runtime.block_on(async {
        let remote = Remote::new(&args.server.url())?;
        match &args.action {
            Action::History(wanted) => history::run(&remote, wanted, output).await?,
            Action::Show(wanted) => show::run(&remote, wanted, output).await?,
            Action::Verify(wanted) => return verify::run(&remote, wanted, output).await,
        }
        Ok(ExitCode::SUCCESS)
    })
}
