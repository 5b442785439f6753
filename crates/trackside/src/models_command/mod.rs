//! `trackside models`: the history of the model registry, over the HTTP API of a running server.

mod args;
mod chain;
mod compare;
mod export;
mod facts;
mod history;
mod ledger;
mod list;
mod promote;
mod prove;
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
    if let Action::CheckProof(wanted) = &args.action {
        return prove::check(wanted, output);
    }
    runtime.block_on(async {
        let remote = Remote::new(&args.server.url())?;
        match &args.action {
            Action::History(wanted) => history::run(&remote, wanted, output).await?,
            Action::Show(wanted) => show::run(&remote, wanted, output).await?,
            Action::Compare(wanted) => compare::run(&args.server.url(), wanted, output).await?,
            Action::List(wanted) => list::run(&remote, wanted, output).await?,
            Action::Card(wanted) => export::card(&args.server.url(), wanted).await?,
            Action::Bom(wanted) => export::bom(&args.server.url(), wanted).await?,
            Action::Promote(wanted) => promote::run(&args.server.url(), wanted, output).await?,
            Action::Rollback(wanted) => promote::back(&remote, &args.server.url(), wanted, output).await?,
            Action::Prove(wanted) => prove::run(&remote, wanted, output).await?,
            Action::CheckProof(_) => {}
            Action::Verify(wanted) => return verify::run(&remote, wanted, output).await,
        }
        Ok(ExitCode::SUCCESS)
    })
}
