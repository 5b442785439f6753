//! `mlflow server`, with the number of workers it starts by itself.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::Server;

#[derive(Debug)]
pub(super) struct Mlflow {
    pub(super) executable: PathBuf,
    pub(super) n_workers: NonZeroUsize,
}

impl Server for Mlflow {
    fn name(&self) -> &'static str {
        "MLflow"
    }

    fn command(&self, port: u16, data: &Path) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(["server", "--host", "127.0.0.1", "--port", &port.to_string()]);
        command.args(["--workers", &self.n_workers.to_string()]);
        command.arg("--backend-store-uri").arg(format!("sqlite:///{}", data.join("mlflow.db").display()));
        command.arg("--artifacts-destination").arg(data.join("artifacts"));
        command
    }

    fn starts_fast(&self) -> bool {
        false
    }

    /// 3.17.2 took 65 to 86 s on two busy cores: it migrates the new database and imports itself in a dozen processes.
    fn start_limit(&self) -> Duration {
        Duration::from_mins(10)
    }

    /// Checked on 3.17.2: `mlflow/store/db/utils.py` sets neither `journal_mode` nor synchronous.
    fn durability(&self) -> &'static str {
        "answers after fsync: SQLite's defaults, a rollback journal and synchronous=FULL"
    }
}
