//! A command that is not typed, but repeats an earlier run.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

use super::{RunArgs, Session, session, sidecar::Sidecar};

/// What goes along with a command besides its flags.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    /// Variables that it gets besides those of this process, or instead of them.
    pub(crate) variables: BTreeMap<OsString, OsString>,
    /// What it writes to standard output goes to standard error, because standard output is for our answer.
    pub(crate) aside: bool,
}

/// A command that is to run as the one of an earlier run did.
#[derive(Debug)]
pub(crate) struct Repeat {
    /// The server to record at.
    pub(crate) url: String,
    /// Program and arguments.
    pub(crate) command: Vec<OsString>,
    /// What it reads, absolute.
    pub(crate) data: Vec<PathBuf>,
    /// It reads none.
    pub(crate) no_data: bool,
    /// What it writes, absolute.
    pub(crate) output: Vec<PathBuf>,
    /// The experiment of its runs.
    pub(crate) experiment: String,
    /// Variables to record besides those of the list.
    pub(crate) env: Vec<String>,
    /// What goes along.
    pub(crate) around: Around,
}

/// Runs it in the working directory of this process, as `trackside run` would.
pub(crate) async fn repeat(repeat: Repeat) -> anyhow::Result<Session> {
    let sidecar = Sidecar::find(Some(&repeat.url), None).await?;
    let args = RunArgs {
        data: repeat.data,
        no_data: repeat.no_data,
        output: repeat.output,
        name: None,
        experiment: Some(repeat.experiment),
        env: repeat.env,
        reuse: false,
        explain: false,
        no_capture_output: false,
        url: Some(repeat.url),
        data_dir: None,
        around: repeat.around,
        command: repeat.command,
    };
    session(args, &sidecar).await
}
