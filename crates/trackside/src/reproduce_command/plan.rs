//! What would be done, as it is told.

use std::fmt::Write;

use serde::Serialize;

use crate::{columns::plain, output::count};

/// What would be done.
#[derive(Debug, Default, Serialize)]
pub(super) struct Plan {
    pub(super) run: String,
    pub(super) experiment: String,
    /// Why it cannot be done; empty when it can.
    pub(super) refused: Vec<String>,
    pub(super) warnings: Vec<String>,
    pub(super) code: Option<CodePlan>,
    pub(super) data: Vec<DataPlan>,
    pub(super) environment: EnvironmentPlan,
    pub(super) command: Vec<String>,
    pub(super) compared: Compared,
}

/// What would be checked out.
#[derive(Debug, Serialize)]
pub(super) struct CodePlan {
    pub(super) repository: String,
    pub(super) commit: String,
    /// The commit holds what was not committed.
    pub(super) uncommitted: bool,
    /// Below the top of the repository.
    pub(super) subdirectory: String,
}

/// Where data would come from.
#[derive(Debug, Serialize)]
pub(super) struct DataPlan {
    pub(super) path: String,
    pub(super) from: String,
    /// It has the recorded digest.
    pub(super) fits: bool,
}

/// What it would run in.
#[derive(Debug, Default, Serialize)]
pub(super) struct EnvironmentPlan {
    /// What would be done.
    pub(super) action: String,
    /// What is not as recorded.
    pub(super) differences: Vec<String>,
}

/// What would be compared.
#[derive(Debug, Default, Serialize)]
pub(super) struct Compared {
    pub(super) runs: usize,
    pub(super) metrics: usize,
    pub(super) files: usize,
    pub(super) tolerance: String,
}

impl Plan {
    /// Notes why it cannot be done.
    pub(super) fn refuse(&mut self, why: impl Into<String>) {
        self.refused.push(why.into());
    }

    /// For a terminal.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("a text can always be written");
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "To repeat run {} of experiment {}\n", self.run, plain(&self.experiment))?;
        if let Some(code) = &self.code {
            let short = code.commit.get(..12).unwrap_or(&code.commit);
            let uncommitted = if code.uncommitted { ", which holds what was not committed" } else { "" };
            writeln!(text, "  code         commit {short}{uncommitted}, of {}", plain(&code.repository))?;
            if !code.subdirectory.is_empty() {
                writeln!(text, "               the command runs in {}", plain(&code.subdirectory))?;
            }
        }
        for (index, data) in self.data.iter().enumerate() {
            let head = if index == 0 { "data" } else { "" };
            writeln!(text, "  {head:<12} {}: {}", plain(&data.path), plain(&data.from))?;
        }
        if !self.environment.action.is_empty() {
            writeln!(text, "  environment  {}", plain(&self.environment.action))?;
        }
        for difference in &self.environment.differences {
            writeln!(text, "               {}", plain(difference))?;
        }
        if !self.command.is_empty() {
            writeln!(text, "  command      {}", plain(&self.command.join(" ")))?;
        }
        let Compared { runs, metrics, files, tolerance } = &self.compared;
        let [runs, metrics, files] =
            [(runs, "run"), (metrics, "metric"), (files, "file")].map(|(n, noun)| count(*n as u64, noun));
        writeln!(text, "  compared     {metrics} and {files} of {runs}; {tolerance}")?;
        for warning in &self.warnings {
            writeln!(text, "\nwarning: {}", plain(warning))?;
        }
        for refused in &self.refused {
            writeln!(text, "\nrefused: {}", plain(refused))?;
        }
        Ok(())
    }
}
