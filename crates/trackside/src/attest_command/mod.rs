//! `trackside attest`: what is known of a run as a signed statement, and whether such a one is to be believed.

mod args;
mod files;
mod keygen;
mod making;
mod verify;

use std::process::ExitCode;

use self::args::Action;
pub(crate) use self::args::AttestArgs;
use crate::output::Output;

/// Runs one command.
pub(crate) fn run(args: &AttestArgs) -> anyhow::Result<ExitCode> {
    let output = Output { json: args.server.json };
    match &args.action {
        Some(Action::Keygen(wanted)) => keygen::run(wanted, output).map(|()| ExitCode::SUCCESS),
        Some(Action::Verify(wanted)) => verify::run(wanted, output),
        None => making::run(args, output).map(|()| ExitCode::SUCCESS),
    }
}
