//! What is looked at before the command begins.

use std::{
    path::{Path, PathBuf},
    thread,
};

use anyhow::Context;
use trackside_core::{Clock, SystemClock};
use trackside_evidence::{Dimension, Environment, Execution, Gap, Instant, Record, Scope, hide_in_command};
use trackside_provenance::{
    data::{Captured as Found, Survey},
    environment, git,
};

use super::args::RunArgs;
use crate::recording::{Manifests, survey};

/// The record of a command that has not begun, and what goes with it.
#[derive(Debug, Clone)]
pub(super) struct Captured {
    pub(super) record: Record,
    /// Of what is read.
    pub(super) inputs: Manifests,
    /// Of what was written.
    pub(super) outputs: Manifests,
    /// The working directory.
    pub(super) directory: PathBuf,
}

impl Captured {
    /// Looks at code, data and environment, at the same time. Blocks.
    pub(super) fn of(args: &RunArgs) -> anyhow::Result<Self> {
        let directory = std::env::current_dir().context("the working directory cannot be told")?;
        let clock = SystemClock;
        let captured_at = Instant(clock.now());
        let (code, surroundings, found) = thread::scope(|scope| {
            let code = scope.spawn(|| git::capture(&directory, &git::Limits::default(), &clock));
            let surroundings = scope.spawn(|| surroundings(&directory, args));
            let found = look(&directory, |survey| survey.everything(&args.data));
            (code.join(), surroundings.join(), found)
        });
        let panicked = |_| anyhow::anyhow!("a part of the capture failed");
        let (code, code_gaps) = code.map_err(panicked)?;
        let (environment, environment_gaps) = surroundings.map_err(panicked)?;
        let mut record = Record::new(env!("CARGO_PKG_VERSION"), captured_at, code, environment);
        record.data = found.data;
        record.reads_no_data = args.no_data;
        record.gaps = [code_gaps, environment_gaps, found.gaps].concat();
        let words: Vec<_> = args.command.iter().map(|word| word.to_string_lossy()).collect();
        record.execution = Some(Execution {
            command: hide_in_command(&words),
            directory: directory.to_string_lossy().into_owned(),
            started_at: captured_at,
            ended_at: None,
            exit_code: None,
            signal: None,
            resources: None,
            streams: Vec::new(),
        });
        record.inputs_key = record.key(Scope::Inputs).ok();
        Ok(Self { record, inputs: found.manifests, outputs: Manifests::new(), directory })
    }

    /// Looks at what the command has written. Blocks.
    pub(super) fn look_at_outputs(&mut self, paths: &[PathBuf]) {
        if paths.is_empty() {
            return;
        }
        let found = look(&self.directory, |survey| survey.only(paths));
        self.record.outputs = found.data;
        self.record.gaps.extend(found.gaps);
        self.outputs = found.manifests;
    }
}

/// What is found of data; a project that cannot be looked at is a gap.
fn look(directory: &Path, find: impl FnOnce(&Survey) -> Found) -> Found {
    match survey(&Survey::project(directory)) {
        Ok(survey) => find(&survey),
        Err(error) => Found { gaps: vec![Gap::new(Dimension::Data, "data", format!("{error:#}"))], ..Found::default() },
    }
}

fn surroundings(directory: &Path, args: &RunArgs) -> (Environment, Vec<Gap>) {
    let variables = std::env::vars_os().chain(args.around.variables.clone()).collect();
    environment::capture(&environment::Request {
        directory,
        command: &args.command,
        variables: &variables,
        also: &args.env,
        root: Path::new("/"),
    })
}
