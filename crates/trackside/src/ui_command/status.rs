//! `trackside ui status`: which versions are installed.

use std::{fmt::Write, path::PathBuf};

use serde::Serialize;
use trackside_compat_mlflow::MLFLOW_VERSION;

use crate::{output::Output, ui::Installed};

/// All that can be said.
#[derive(Debug, Serialize)]
struct Status {
    /// The version whose protocol the server speaks.
    protocol: &'static str,
    /// The version that is served.
    shown: Option<String>,
    /// All versions, the latest first.
    installed: Vec<One>,
}

/// An installed version.
#[derive(Debug, Serialize)]
struct One {
    version: String,
    path: PathBuf,
}

pub(super) fn run(installed: &Installed, output: Output) -> anyhow::Result<()> {
    let all = installed.all()?.into_iter().map(|found| One { version: found.version, path: found.path });
    let shown = installed.shown()?.map(|found| found.version);
    let status = Status { protocol: MLFLOW_VERSION, shown, installed: all.collect() };
    output.say(&status, || text(&status))
}

fn text(status: &Status) -> String {
    if status.installed.is_empty() {
        return "no web UI is installed; `trackside ui install` installs MLflow's\n".to_owned();
    }
    let mut text = format!("the server speaks the protocol of MLflow {}\n", status.protocol);
    for One { version, path } in &status.installed {
        let mark = if status.shown.as_ref() == Some(version) { "shown at /" } else { "" };
        let _infallible = writeln!(text, "{version:<12} {mark:<10}  {}", path.display());
    }
    text
}
