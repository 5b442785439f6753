//! The configuration: `trackside.yaml`, what the environment and the command line say over it, and all that is wrong
//! with them.
//!
//! Flags go over variables, variables over the file, the file over defaults. Every value of the file has a name in the
//! environment, see [`Environment`]. Reading collects every fault instead of stopping at the first.

mod backends;
mod environment;
mod fault;
mod file;
mod outbox;
mod own_place;
mod print;
mod registry;
mod retention;
mod scalar;
mod section;
mod serve_check;
mod serve_flags;
pub(crate) mod sink;
mod start;
mod storage;
mod suggestion;
#[cfg(test)]
mod tests;
mod value;
mod yaml;

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::PathBuf,
    time::Duration,
};

use anyhow::Context;
use clap::{ArgMatches, CommandFactory, FromArgMatches};
use serde_json::Value as Json;
use trackside_adapter_sqlite as sqlite;
use trackside_fanout::Limits;
use trackside_policy::Governance;

use self::{
    section::{Field, Report, Section, Setting},
    sink::SinkConfig,
    value::{Origin, Value},
};
use crate::cli::{Cli, ServeArgs};

pub(crate) use self::{
    environment::Environment,
    fault::{Fault, Faults},
    print::{as_json, as_yaml},
};

const VERSION: Field = Field::new("version", "1", "1");

/// Everything that was configured.
#[derive(Debug)]
pub(crate) struct Config {
    /// The file, where there is one.
    pub(crate) file: Option<PathBuf>,
    /// What the flags say, once the file has had its word.
    pub(crate) serve: ServeArgs,
    /// The sinks that are wanted, by name.
    pub(crate) sinks: Vec<SinkConfig>,
    /// The bounds of the log of undelivered events.
    pub(crate) limits: Limits,
    /// Of the database of the server.
    pub(crate) storage: sqlite::Config,
    /// After which time what was deleted is removed for good.
    pub(crate) retention: Option<Duration>,
    /// What a team wants of versions before they have a stage or an alias.
    pub(crate) governance: Governance,
    /// Whether every sink must answer before the server serves.
    pub(crate) require_reachable: bool,
    /// Each value and who gave it, in the order they are shown.
    settings: Vec<Setting>,
}

/// What a configuration is resolved from; kept so that it can be resolved again.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    /// The command line, the name of the program included.
    pub(crate) arguments: Vec<OsString>,
    /// The variables.
    pub(crate) environment: Environment,
}

impl Sources {
    /// Of this process.
    pub(crate) fn of_process() -> Self {
        Self { arguments: std::env::args_os().collect(), environment: Environment::of_process() }
    }

    /// Reads the file anew and resolves everything. [`Faults`] when anything is wrong with it.
    pub(crate) fn resolve(&self) -> anyhow::Result<Config> {
        let given = leaf(Cli::command().try_get_matches_from(&self.arguments)?);
        let args = ServeArgs::from_arg_matches(&given)?;
        let file = file::find(&args);
        let mut report = Report::new(self.environment.clone(), file.as_deref());
        let faulty = |faults| Faults::new(file.clone(), faults);
        let mut tree = match &file {
            Some(path) => file::read(path).map_err(|fault| faulty(vec![fault]))?,
            None => Value::empty_map(Origin::Default),
        };
        self.environment.overlay(&mut tree, &mut report.faults);

        let mut root = Section::open(&mut report, "", Some(tree), "version: 1");
        root.or(&VERSION, 1, scalar::integer(1..=1), |version| (*version).into());
        let wanted = backends::read(&mut root);
        let flags = serve_flags::read(&mut root, &given);
        let limits = outbox::read(&mut root);
        let storage = storage::read(&mut root);
        let retention = retention::read(&mut root);
        let governance = registry::read(&mut root);
        let require_reachable = start::read(&mut root);
        let (names, sinks) = sink::read_all(&mut root);
        let sinks = backends::select(&mut root, &names, sinks, wanted);
        root.finish();

        let injected = flags.injected.iter().map(OsString::from);
        let arguments = self.arguments.iter().cloned().chain(injected);
        let all = Cli::command().try_get_matches_from(arguments).context("the section serve cannot be used")?;
        let all = leaf(all);
        let serve = ServeArgs::from_arg_matches(&all)?;
        let mut settings = serve_flags::settings(&given, &all, &flags);
        report.faults.extend(serve_check::faults(&serve, &settings));
        report.faults.extend(own_place::faults(&serve, &sinks));
        if !report.faults.is_empty() {
            return Err(faulty(report.faults).into());
        }
        settings.extend(report.settings);
        Ok(Config { file, serve, sinks, limits, storage, retention, governance, require_reachable, settings })
    }
}

impl Config {
    /// Settings outside of sinks whose values differ from those of another configuration.
    pub(crate) fn differing_settings(&self, other: &Self) -> Vec<String> {
        let outside = |config: &Self| -> BTreeMap<String, Json> {
            let settings = config.settings.iter().filter(|setting| !setting.path.starts_with("sinks."));
            settings.map(|setting| (setting.path.clone(), setting.value.clone())).collect()
        };
        let (mut own, mut others) = (outside(self), outside(other));
        // Which sinks are used is taken over at once.
        own.remove("backends");
        others.remove("backends");
        let paths: BTreeSet<&String> = own.keys().chain(others.keys()).collect();
        paths.into_iter().filter(|path| own.get(*path) != others.get(*path)).cloned().collect()
    }
}

/// The matches of the innermost subcommand.
fn leaf(mut matches: ArgMatches) -> ArgMatches {
    while let Some((_, inner)) = matches.remove_subcommand() {
        matches = inner;
    }
    matches
}
