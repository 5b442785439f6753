//! What to run, and how.

use std::{fmt, path::PathBuf, time::Duration};

use trackside_core::Capability;

/// The settings of one program.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// Name of the sink.
    pub name: String,
    /// The program and its arguments. A program without a path is searched for in `PATH`; no shell is involved.
    pub command: Vec<String>,
    /// Variables added to those of this process.
    pub env: Vec<(String, String)>,
    /// Where it runs; where this process does by default.
    pub working_dir: Option<PathBuf>,
    /// A program that owes answers and gives none for so long is taken for hung, and ended.
    pub answer_timeout: Duration,
    /// What it can represent at most.
    pub capability: Capability,
}

impl Config {
    /// A program that takes everything. It may be silent for 20 seconds: less than what callers commonly wait, so
    /// that a program that hangs is ended before they have given up.
    pub fn new(name: impl Into<String>, command: Vec<String>) -> Self {
        Self {
            name: name.into(),
            command,
            env: Vec::new(),
            working_dir: None,
            answer_timeout: Duration::from_secs(20),
            capability: Capability::ALL,
        }
    }
}

/// Values of variables are not shown: they are where plugins get their secrets.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables: Vec<&str> = self.env.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Config")
            .field("name", &self.name)
            .field("command", &self.command)
            .field("env", &variables)
            .field("working_dir", &self.working_dir)
            .field("answer_timeout", &self.answer_timeout)
            .field("capability", &self.capability)
            .finish()
    }
}
