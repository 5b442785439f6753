//! `mlflow server`, with the number of workers it starts by itself, on SQLite or on PostgreSQL.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{Server, postgres::Postgres};

/// Connections that a worker may keep to its database, one for each client here. With its own limit of 15 in all, 3.17.2
/// answers 400 to some of 32 clients.
const POOL: &str = "64";

#[derive(Debug)]
pub(super) struct Mlflow {
    pub(super) executable: PathBuf,
    pub(super) n_workers: NonZeroUsize,
    /// Instead of SQLite.
    pub(super) postgres: Option<Postgres>,
}

impl Server for Mlflow {
    fn name(&self) -> &'static str {
        if self.postgres.is_some() { "MLflow on PostgreSQL" } else { "MLflow" }
    }

    fn prepare(&self, data: &Path) -> anyhow::Result<()> {
        self.postgres.as_ref().map_or(Ok(()), |postgres| postgres.prepare(data))
    }

    fn command(&self, port: u16, data: &Path) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(["server", "--host", "127.0.0.1", "--port", &port.to_string()]);
        command.args(["--workers", &self.n_workers.to_string()]);
        command.env("MLFLOW_SQLALCHEMYSTORE_POOL_SIZE", POOL);
        let sqlite = || format!("sqlite:///{}", data.join("mlflow.db").display());
        let uri = self.postgres.as_ref().map_or_else(sqlite, |_| Postgres::uri(data));
        command.arg("--backend-store-uri").arg(uri).arg("--artifacts-destination").arg(data.join("artifacts"));
        match &self.postgres {
            Some(postgres) => postgres.before(&command, data),
            None => command,
        }
    }

    fn starts_fast(&self) -> bool {
        false
    }

    /// 3.17.2 took 65 to 86 s on two busy cores: it migrates the new database and imports itself in a dozen processes.
    fn start_limit(&self) -> Duration {
        Duration::from_mins(10)
    }

    /// PostgreSQL allocates its log in segments of 16 MiB.
    fn is_weighed(&self) -> bool {
        self.postgres.is_none()
    }

    /// Checked on 3.17.2: `mlflow/store/db/utils.py` sets neither `journal_mode` nor synchronous.
    fn durability(&self) -> &'static str {
        if self.postgres.is_some() {
            "answers after fsync: PostgreSQL's defaults, fsync and synchronous_commit on; 64 connections a worker"
        } else {
            "answers after fsync: SQLite's defaults, a rollback journal and synchronous=FULL; 64 connections a worker"
        }
    }
}
