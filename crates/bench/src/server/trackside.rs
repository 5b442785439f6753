//! `trackside serve`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::Server;

#[derive(Debug)]
pub(super) struct Trackside {
    pub(super) executable: PathBuf,
}

impl Server for Trackside {
    fn name(&self) -> &'static str {
        "Trackside"
    }

    fn command(&self, port: u16, data: &Path) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(["serve", "--host", "127.0.0.1", "--port", &port.to_string()]).arg("--data-dir").arg(data);
        command
    }

    /// `GET /version` names the MLflow version whose clients it suits.
    fn version_command(&self) -> Option<Command> {
        let mut command = Command::new(&self.executable);
        command.arg("--version");
        Some(command)
    }

    fn durability(&self) -> &'static str {
        "answers after fsync: SQLite in WAL mode, synchronous=FULL"
    }
}
