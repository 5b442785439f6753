//! `trackside models`: the history of the model registry, over the HTTP API of a running server.

mod args;
mod chain;
mod checkpoint;
mod compare;
mod export;
mod facts;
mod history;
mod ledger;
mod list;
mod mirror;
mod promote;
mod promotions;
mod prove;
mod show;
mod signature;
mod tree;
mod verify;
mod versions;

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
            Action::Checkpoint(wanted) => checkpoint::run(&remote, wanted, output).await?,
            Action::Mirror(wanted) => return mirror::run(&remote, &args.server.url(), wanted, output).await,
            Action::Sign(wanted) => signature::sign(&args.server.url(), wanted, output).await?,
            Action::CheckSignature(wanted) => return signature::check(&args.server.url(), wanted, output).await,
            Action::Tree(wanted) => tree::run(&remote, &args.server.url(), wanted, output).await?,
            Action::Prove(wanted) => prove::run(&remote, wanted, output).await?,
            Action::CheckProof(_) => {}
            Action::Versions(wanted) => versions::run(&remote, wanted, output).await?,
            Action::Promotions(wanted) => promotions::list(&remote, wanted, output).await?,
            Action::Check(wanted) => {
                let remote = Remote::by(&args.server.url(), wanted.api_key.as_deref(), None)?;
                return promotions::check(&remote, &args.server.url(), wanted, output).await;
            }
            Action::Approve(wanted) => return decide(args, wanted, "approve").await,
            Action::Reject(wanted) => return decide(args, wanted, "reject").await,
            Action::Withdraw(wanted) => return decide(args, wanted, "withdraw").await,
            Action::Verify(wanted) => return verify::run(&remote, wanted, output).await,
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn decide(args: &ModelsArgs, wanted: &args::Deciding, what: &str) -> anyhow::Result<ExitCode> {
    let remote = Remote::by(&args.server.url(), wanted.by.api_key.as_deref(), wanted.by.reason.as_deref())?;
    promotions::decide(&remote, wanted, what, Output { json: args.server.json }).await
}
