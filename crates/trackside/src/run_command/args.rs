//! The flags of `trackside run`.

#![expect(clippy::doc_markdown, reason = "help texts are not Markdown")]

use std::{ffi::OsString, path::PathBuf};

use clap::Args;

use super::repeat::Around;

// The doc comments are the help text.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trackside run -- python train.py --lr 0.1
  trackside run --data data/train --output model.pt --experiment vision -- python train.py
  trackside run --reuse --output model.pt -- python train.py

What is recorded stands below trackside/ among the run's artifacts, and in tags that begin with trackside.
The exit code is that of the command; 128 + N when signal N ended it.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct RunArgs {
    /// A file or directory that the command reads; its digest is recorded. May be given several times.
    ///
    /// What DVC has on record in the project is recorded as well, without being named.
    #[arg(long, value_name = "PATH")]
    pub(super) data: Vec<PathBuf>,

    /// The command reads no data.
    #[arg(long, conflicts_with = "data")]
    pub(super) no_data: bool,

    /// A file or directory that the command writes: recorded when it succeeds. May be given several times.
    #[arg(long, value_name = "PATH")]
    pub(super) output: Vec<PathBuf>,

    /// What runs are called whose client does not say.
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,

    /// The experiment of runs whose client does not say.
    #[arg(long, value_name = "NAME", env = "MLFLOW_EXPERIMENT_NAME")]
    pub(super) experiment: Option<String>,

    /// A variable of the environment to record besides those that change results, such as PYTHONHASHSEED.
    #[arg(long, value_name = "NAME")]
    pub(super) env: Vec<String>,

    /// Do not run what has succeeded before with the same inputs: restore its outputs and say which run it was.
    #[arg(long)]
    pub(super) reuse: bool,

    /// Say why an earlier run is reused, or why not.
    #[arg(long, requires = "reuse")]
    pub(super) explain: bool,

    /// Leave the standard streams of the command alone. They are not recorded then.
    #[arg(long)]
    pub(super) no_capture_output: bool,

    /// The server to record at.
    ///
    /// Default: TRACKSIDE_URL, MLFLOW_TRACKING_URI when it is an http address, a server on http://127.0.0.1:5000, or one
    /// of its own for as long as the command runs.
    #[arg(long, env = "TRACKSIDE_URL", value_name = "URL")]
    pub(super) url: Option<String>,

    /// Where a server of its own keeps everything. Default: what trackside.yaml says, or trackside-data.
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,

    /// Of a command that is not typed, but repeats an earlier run.
    #[arg(skip)]
    pub(super) around: Around,

    /// The command and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
}
