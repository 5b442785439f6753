//! `trackside serve`.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use super::Server;

#[derive(Debug)]
pub(crate) struct Trackside {
    pub(crate) executable: PathBuf,
    /// Further arguments of `serve`.
    pub(crate) args: Vec<OsString>,
}

impl Server for Trackside {
    fn name(&self) -> &'static str {
        "Trackside"
    }

    fn command(&self, port: u16, data: &Path) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(["serve", "--host", "127.0.0.1", "--port", &port.to_string()]).arg("--data-dir").arg(data);
        command.args(&self.args);
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
