//! Downloading MLflow's wheel. pip does it: it knows the package index, the proxy and the certificates of its user.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use indicatif::ProgressBar;
use tempfile::TempDir;
use trackside_compat_mlflow::MLFLOW_VERSION;

use crate::{output::Output, ui_command::python};

/// A wheel that is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Download {
    wheel: PathBuf,
    _directory: TempDir,
}

impl Download {
    pub(super) fn wheel(&self) -> &Path {
        &self.wheel
    }
}

/// Downloads the wheel of the version whose protocol the server speaks.
pub(super) fn run(python: Option<&Path>, output: Output) -> anyhow::Result<Download> {
    let wanted = format!("mlflow=={MLFLOW_VERSION}");
    download(python, &wanted, output).with_context(|| {
        format!(
            "cannot download {wanted}. Where pip can, run `pip download --no-deps {wanted}`, then `trackside ui install \
             --wheel FILE` here; or name a Python that has the package: `trackside ui install --from-python PYTHON`"
        )
    })
}

fn download(python: Option<&Path>, wanted: &str, output: Output) -> anyhow::Result<Download> {
    let directory = TempDir::new()?;
    let bar = if output.json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    bar.set_message(format!("downloading {wanted} with pip"));
    bar.enable_steady_tick(Duration::from_millis(100));
    let pip = "-m pip download --quiet --disable-pip-version-check --no-input --no-deps --only-binary :all: \
               --ignore-requires-python --dest";
    let mut arguments: Vec<&OsStr> = pip.split_whitespace().map(OsStr::new).collect();
    arguments.extend([directory.path().as_os_str(), OsStr::new(wanted)]);
    let python = match python {
        Some(python) => python.to_owned(),
        None => with_pip()?,
    };
    python::run(&python, &arguments)?;
    bar.finish_and_clear();
    let entry = fs::read_dir(directory.path())?.next().context("pip downloaded nothing")??;
    Ok(Download { wheel: entry.path(), _directory: directory })
}

/// A Python on the path that has pip.
fn with_pip() -> anyhow::Result<PathBuf> {
    let ask = ["-m", "pip", "--version"].map(OsStr::new);
    let mut candidates = ["python3", "python"].map(PathBuf::from).into_iter();
    candidates.find(|python| python::run(python, &ask).is_ok()).context("there is no python3 with pip on the path")
}
