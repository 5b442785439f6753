//! The binary: command line, composition and life cycle. What it composes lives in the other crates.

mod backend;
mod cli;
mod lifecycle;
mod logging;
mod mlflow_flags;
mod roots;
mod serve;
mod welcome;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Serve(args) => serve::run(*args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The log may be off or JSON; whoever started the program must read why it ended.
            #[expect(clippy::print_stderr, reason = "the last word of a command line program")]
            {
                eprintln!("trackside: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
