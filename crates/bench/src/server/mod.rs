//! The servers that can be compared. To add one: a file here, and a flag in `cli.rs` read by [`selected`].

pub(crate) mod bare;
mod fasttrackml;
mod mlflow;
pub(crate) mod naive;
mod running;
mod trackside;

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, ensure};

pub(crate) use self::{running::Running, trackside::Trackside};
use crate::cli::CompareArgs;

/// How to start one server and what to expect of it.
pub(crate) trait Server: Send + Sync {
    /// Heading of its column.
    fn name(&self) -> &'static str;
    /// Serves `127.0.0.1:port` with everything it keeps below `data`, which exists and is empty.
    fn command(&self, port: u16, data: &Path) -> Command;
    /// Prints the version, for a server whose `GET /version` says something else.
    fn version_command(&self) -> Option<Command> {
        None
    }
    /// Whether the start is short enough to be repeated for a median.
    fn starts_fast(&self) -> bool {
        true
    }
    /// How long a start may take before the comparison is given up.
    fn start_limit(&self) -> Duration {
        Duration::from_mins(1)
    }
    /// Whether it keeps what it is sent; otherwise nothing is created before and read back after a measurement.
    fn keeps_points(&self) -> bool {
        true
    }
    /// When its answer means that a point survives a power cut, for the notes below the table.
    fn durability(&self) -> &'static str;
}

/// The servers that the flags name, Trackside first, the limit last.
pub(crate) fn selected(args: &CompareArgs) -> anyhow::Result<Vec<Box<dyn Server>>> {
    let own = env::current_exe().context("cannot find this program's own path")?;
    let mut servers: Vec<Box<dyn Server>> = Vec::new();
    if let Some(executable) = trackside_executable(args.trackside.as_deref())? {
        servers.push(Box::new(Trackside { executable, args: Vec::new() }));
    }
    if let Some(path) = &args.mlflow {
        servers.push(Box::new(mlflow::Mlflow { executable: executable(path)?, n_workers: args.mlflow_workers }));
    }
    if let Some(path) = &args.fasttrackml {
        servers.push(Box::new(fasttrackml::FastTrackMl { executable: executable(path)? }));
    }
    ensure!(!servers.is_empty(), "nothing to measure: name servers by --trackside, --mlflow or --fasttrackml");
    servers.push(Box::new(naive::Naive { executable: own.clone() }));
    servers.push(Box::new(bare::Bare { executable: own }));
    Ok(servers)
}

/// The one that is named, or the one beside this program where there is one.
pub(crate) fn trackside_executable(named: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    let beside = env::current_exe().context("cannot find this program's own path")?.with_file_name("trackside");
    let found = named.or_else(|| beside.is_file().then_some(&beside));
    found.map(executable).transpose()
}

/// Absolute, because servers start in a directory of their own.
fn executable(path: &Path) -> anyhow::Result<PathBuf> {
    ensure!(path.is_file(), "{}: there is no such file", path.display());
    std::path::absolute(path).with_context(|| format!("{}: has no absolute path", path.display()))
}
