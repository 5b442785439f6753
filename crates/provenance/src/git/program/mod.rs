//! The program `git`, which reads every repository that libgit2 does not.
//!
//! It is run so that it changes and fetches nothing by itself: no variable `GIT_*` reaches it, it takes no lock that
//! it could do without, runs no hook and no file system monitor, asks nobody, and may use no transport.

mod find;
mod porcelain;
mod reading;
mod snapshot;

use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use trackside_core::Timestamp;
use trackside_evidence::Engine as Name;

use super::{capture::Engine, fault::Fault, reading::Reading, selection::Selection};
use crate::child;

/// Set for every call. `protocol.allow` and `GIT_NO_LAZY_FETCH` keep a partial clone from fetching what it lacks.
const SETTINGS: [&str; 6] = [
    "core.fsmonitor=false",
    "core.quotePath=false",
    "core.hooksPath=/dev/null",
    "protocol.allow=never",
    "i18n.commitEncoding=UTF-8",
    "gc.auto=0",
];

/// Calls of `git` in a directory until a deadline.
#[derive(Debug, Clone)]
pub(super) struct Git {
    directory: PathBuf,
    deadline: Instant,
    settings: Vec<String>,
    variables: Vec<(&'static str, OsString)>,
}

impl Git {
    pub(super) fn new(directory: &Path, deadline: Instant) -> Self {
        Self { directory: directory.to_owned(), deadline, settings: Vec::new(), variables: Vec::new() }
    }

    fn set(mut self, setting: impl Into<String>) -> Self {
        self.settings.push(setting.into());
        self
    }

    fn variable(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// What it writes, when it succeeds.
    pub(super) fn output<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Vec<u8>, Fault> {
        self.answer(arguments, Vec::new()).map(|(stdout, _)| stdout)
    }

    /// The one line that it writes.
    pub(super) fn line<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<String, Fault> {
        let output = self.output(arguments)?;
        let text = String::from_utf8_lossy(&output);
        Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
    }

    /// What it writes to both streams, when it succeeds.
    fn answer<S: AsRef<OsStr>>(&self, arguments: &[S], input: Vec<u8>) -> Result<(Vec<u8>, String), Fault> {
        // A missing directory would look like a missing program.
        std::fs::metadata(&self.directory).map_err(|error| Fault::io(&self.directory, error))?;
        let mut command = Command::new("git");
        for (name, _) in env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"GIT_")) {
            command.env_remove(name);
        }
        command.envs([("LC_ALL", "C"), ("GIT_TERMINAL_PROMPT", "0"), ("GIT_NO_LAZY_FETCH", "1")]);
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
        command.arg("--no-optional-locks");
        for setting in SETTINGS.into_iter().chain(self.settings.iter().map(String::as_str)) {
            command.args(["-c", setting]);
        }
        command.args(arguments).current_dir(&self.directory);
        let ended = child::run(command, input, self.deadline)?;
        let stderr = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
        if ended.status.success() {
            return Ok((ended.stdout, stderr));
        }
        let said = if stderr.is_empty() { ended.status.to_string() } else { stderr.replace('\n', " ") };
        if said.contains("not a git repository") {
            return Err(Fault::NoRepository);
        }
        Err(Fault::Program(said))
    }
}

/// The program as an engine of a capture.
#[derive(Debug)]
pub(super) struct Program<'a> {
    pub(super) directory: &'a Path,
    pub(super) deadline: Instant,
}

impl Engine for Program<'_> {
    fn name(&self) -> Name {
        Name::Git
    }

    fn read(&self) -> Result<Reading, Fault> {
        reading::read(self.directory, self.deadline)
    }

    fn write(&self, reading: &Reading, selection: &Selection, at: Timestamp) -> Result<(String, String), Fault> {
        snapshot::write(reading, selection, at, self.deadline)
    }
}

pub(super) use self::{find::find, reading::below};
