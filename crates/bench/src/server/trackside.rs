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
    /// How long a series must be quiet before it is sealed, when not the default.
    pub(crate) idle_millis: Option<u64>,
}

impl Server for Trackside {
    fn name(&self) -> &'static str {
        "Trackside"
    }

    fn command(&self, port: u16, data: &Path) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(["serve", "--host", "127.0.0.1", "--port", &port.to_string()]).arg("--data-dir").arg(data);
        command.args(&self.args);
        if let Some(idle_millis) = self.idle_millis {
            command.env("TRACKSIDE_STORAGE__IDLE_MS", idle_millis.to_string());
        }
        command
    }

    /// `GET /version` names the MLflow version whose clients it suits.
    fn version_command(&self) -> Option<Command> {
        let mut command = Command::new(&self.executable);
        command.arg("--version");
        Some(command)
    }

    fn seals(&self) -> bool {
        true
    }

    fn durability(&self) -> &'static str {
        "answers after fsync: SQLite in WAL mode, synchronous=FULL"
    }
}
