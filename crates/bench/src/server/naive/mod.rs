//! What is to be beaten by design and not by diligence: HTTP by hyper, JSON by `serde_json`, one thread that writes to
//! SQLite with group commit, one row per point in a clustered table, no checks. Every server of that shape has this
//! limit, whatever its language.

mod api;
mod database;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinSet};

use self::{api::Api, database::Database};
use super::Server;

#[derive(Debug)]
pub(in crate::server) struct Naive {
    /// This program.
    pub(in crate::server) executable: PathBuf,
}

impl Server for Naive {
    fn name(&self) -> &'static str {
        "naive limit"
    }

    fn command(&self, port: u16, data: &Path) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(["naive", "--port", &port.to_string()]).arg("--data-dir").arg(data);
        command
    }

    fn version_command(&self) -> Option<Command> {
        let mut command = Command::new(&self.executable);
        command.arg("--version");
        Some(command)
    }

    fn durability(&self) -> &'static str {
        "answers after fsync: SQLite in WAL mode, synchronous=FULL; one row per point and no checks"
    }
}

/// Serves on that loopback port until the process is ended.
pub(crate) async fn serve(port: u16, data_dir: &Path) -> anyhow::Result<()> {
    let api = Api::new(Database::open(&data_dir.join("naive.db"))?);
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.with_context(|| format!("cannot listen on port {port}"))?;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, api) = (accepted?.0, api.clone());
                connections.spawn(async move {
                    stream.set_nodelay(true)?;
                    let service = service_fn(move |request| api.clone().answer(request));
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await?;
                    anyhow::Ok(())
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
