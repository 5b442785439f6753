//! `fml server` of `FastTrackML`: another server of MLflow's REST API, in Go.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::Server;

#[derive(Debug)]
pub(super) struct FastTrackMl {
    pub(super) executable: PathBuf,
}

impl Server for FastTrackMl {
    fn name(&self) -> &'static str {
        "FastTrackML"
    }

    fn command(&self, port: u16, data: &Path) -> Command {
        let mut command = Command::new(&self.executable);
        // One warning per slow statement is what it logs then; "info" would be a line per request.
        command.args(["server", "--log-level", "warn", "--listen-address", &format!("127.0.0.1:{port}")]);
        command.arg("--database-uri").arg(format!("sqlite://{}", data.join("fasttrackml.db").display()));
        command.arg("--default-artifact-root").arg(data.join("artifacts"));
        command
    }

    /// 0.6.0 knows no path below `mlflow-artifacts`.
    fn has_artifact_proxy(&self) -> bool {
        false
    }

    /// `pkg/database/sqlite_db_instance.go` at 076c466 asks for WAL and leaves synchronous to mattn/go-sqlite3, whose
    /// default is NORMAL.
    fn durability(&self) -> &'static str {
        "answers before fsync: SQLite in WAL mode, synchronous=NORMAL; a power cut may take the latest points"
    }
}
