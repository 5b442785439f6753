//! The binary: command line, composition and life cycle. What it composes lives in the other crates.

mod age;
mod attest_command;
mod audit_command;
mod backend;
mod cli;
mod columns;
mod config;
mod config_command;
mod data_command;
mod duties;
mod gc_command;
mod import_command;
mod instant;
mod invocation;
mod keys_command;
mod lazy_capture;
mod lifecycle;
mod lineage_command;
mod logging;
mod mlflow_flags;
mod models_command;
mod output;
mod prefix;
mod recording;
mod remote;
mod reproduce_command;
mod retention;
mod roots;
mod rule_flags;
mod run_command;
mod serve;
mod serving;
mod sinks;
mod sinks_command;
mod stale;
mod ui;
mod ui_command;
mod version_name;
mod webhooks;
mod webhooks_command;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    cli::{Cli, Command, ConfigCommand},
    config::Sources,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Run(args) => match run_command::run(*args) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Send(args) => match run_command::send(&args) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Import(args) => match import_command::run(&args) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Audit(args) => match audit_command::run(&args) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Reproduce(args) => match reproduce_command::run(&args) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Attest(args) => match attest_command::run(&args) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Models(args) => match models_command::run(&args) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Lineage(args) => lineage_command::run(&args),
        Command::Serve(_) => serve::run(Sources::of_process()),
        Command::Config(ConfigCommand::Check(args)) => config_command::check(&args, &Sources::of_process()),
        Command::Config(ConfigCommand::Print(args)) => config_command::print(&args, &Sources::of_process()),
        Command::Sinks(args) => sinks_command::run(args),
        Command::Ui(args) => ui_command::run(&args),
        Command::Gc(args) => gc_command::run(&args, &Sources::of_process()),
        Command::Keys(args) => keys_command::run(&args, &Sources::of_process()),
        Command::Data(args) => data_command::run(&args),
        Command::Webhooks(args) => webhooks_command::run(&args),
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
