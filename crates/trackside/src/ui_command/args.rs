//! The command line of `trackside ui`. Doc comments are the help text.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct UiArgs {
    #[command(flatten)]
    pub(crate) place: Place,

    /// Answer in JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) action: Action,
}

// Neither has a default or a variable here: what is not said is resolved as `serve` resolves it.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The data directory of the server. Default: what `trackside serve` would take here.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// The configuration file of the server, which may say where its data directory is.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Unpack the web UI from MLflow's package. A running server shows it at once.
    ///
    /// Without a flag the package is downloaded by pip, from wherever pip is told to. Doing it twice is harmless.
    Install(Install),
    /// Show which versions are installed, and which of them is served.
    Status,
}

#[derive(Debug, Args)]
pub(crate) struct Install {
    /// Take it from this wheel of the package mlflow.
    #[arg(long, value_name = "FILE", conflicts_with = "from_python")]
    pub(crate) wheel: Option<PathBuf>,

    /// Take it from the package mlflow that is installed for this Python, e.g. .venv/bin/python.
    #[arg(long, value_name = "PYTHON")]
    pub(crate) from_python: Option<PathBuf>,

    /// The Python whose pip downloads. Default: python3, or python.
    #[arg(long, value_name = "PYTHON", conflicts_with_all = ["wheel", "from_python"])]
    pub(crate) python: Option<PathBuf>,
}
