//! Which servers take part, from the command line.

use std::{
    env,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use clap::Args;

use super::{Server, Trackside, bare, fasttrackml, mlflow, naive, postgres::Postgres};

/// When Trackside seals what is quiet, without a flag; and how often its sealer looks.
const IDLE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_secs(2);

/// Trackside alone.
#[derive(Debug, Args)]
pub(crate) struct Ours {
    /// The trackside executable [default: the one beside this program].
    #[arg(long, value_name = "PATH")]
    trackside: Option<PathBuf>,

    /// After how many milliseconds without a write Trackside seals a series [default: its own, 30 s].
    #[arg(long, value_name = "N")]
    idle_millis: Option<u64>,
}

/// Trackside and others.
#[derive(Debug, Args)]
pub(crate) struct Choice {
    #[command(flatten)]
    ours: Ours,

    /// The mlflow executable of a Python environment. Its start takes from ten seconds to minutes.
    #[arg(long, value_name = "PATH")]
    mlflow: Option<PathBuf>,

    /// Workers of `mlflow server`; 4 is its own default.
    #[arg(long, value_name = "N", default_value = "4")]
    mlflow_workers: NonZeroUsize,

    /// Where PostgreSQL's `initdb` and `postgres` are: MLflow is then measured on it as well. The Python environment
    /// must hold psycopg2. When this program is run by root, PostgreSQL is run by the user postgres.
    #[arg(long, value_name = "DIR", requires = "mlflow")]
    postgres_bin: Option<PathBuf>,

    #[arg(long, value_name = "PATH", help = "The fml executable of FastTrackML")]
    fasttrackml: Option<PathBuf>,
}

impl Ours {
    /// `None` when it is not named and not beside this program.
    pub(crate) fn server(&self) -> anyhow::Result<Option<Trackside>> {
        let executable = trackside_executable(self.trackside.as_deref())?;
        Ok(executable.map(|executable| Trackside { executable, args: Vec::new(), idle_millis: self.idle_millis }))
    }

    /// How long it is to be left alone until its sealer has begun.
    pub(crate) fn idle(&self) -> Duration {
        self.idle_millis.map_or(IDLE, Duration::from_millis) + LOOK
    }
}

impl Choice {
    /// The servers that the flags name, Trackside first.
    pub(crate) fn rivals(&self) -> anyhow::Result<Vec<Box<dyn Server>>> {
        let mut servers: Vec<Box<dyn Server>> = Vec::new();
        if let Some(server) = self.ours.server()? {
            servers.push(Box::new(server));
        }
        if let Some(path) = &self.mlflow {
            let (executable, n_workers) = (executable(path)?, self.mlflow_workers);
            servers.push(Box::new(mlflow::Mlflow { executable: executable.clone(), n_workers, postgres: None }));
            if let Some(programs) = &self.postgres_bin {
                let postgres = Some(Postgres::find(programs)?);
                servers.push(Box::new(mlflow::Mlflow { executable, n_workers, postgres }));
            }
        }
        if let Some(path) = &self.fasttrackml {
            servers.push(Box::new(fasttrackml::FastTrackMl { executable: executable(path)? }));
        }
        ensure!(!servers.is_empty(), "nothing to measure: name servers by --trackside, --mlflow or --fasttrackml");
        Ok(servers)
    }

    /// How long Trackside is to be left alone until its sealer has begun.
    pub(crate) fn idle(&self) -> Duration {
        self.ours.idle()
    }

    /// A row per point and nothing else.
    pub(crate) fn naive() -> anyhow::Result<Box<dyn Server>> {
        Ok(Box::new(naive::Naive { executable: own()? }))
    }

    /// The same and the limits of this machine, which come last.
    pub(crate) fn rivals_and_limits(&self) -> anyhow::Result<Vec<Box<dyn Server>>> {
        let mut servers = self.rivals()?;
        servers.push(Self::naive()?);
        servers.push(Box::new(bare::Bare { executable: own()? }));
        Ok(servers)
    }
}

/// The one that is named, or the one beside this program where there is one.
pub(crate) fn trackside_executable(named: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    let beside = own()?.with_file_name("trackside");
    let found = named.or_else(|| beside.is_file().then_some(&beside));
    found.map(executable).transpose()
}

fn own() -> anyhow::Result<PathBuf> {
    env::current_exe().context("cannot find this program's own path")
}

/// Absolute, because servers start in a directory of their own.
pub(super) fn executable(path: &Path) -> anyhow::Result<PathBuf> {
    ensure!(path.is_file(), "{}: there is no such file", path.display());
    std::path::absolute(path).with_context(|| format!("{}: has no absolute path", path.display()))
}
