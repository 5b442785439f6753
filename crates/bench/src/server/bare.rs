//! This machine's limit: a server that does nothing, in a process of its own as the others are.

use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::Server;

#[derive(Debug)]
pub(super) struct Bare {
    /// This program.
    pub(super) executable: PathBuf,
}

impl Server for Bare {
    fn name(&self) -> &'static str {
        "bare hyper"
    }

    fn command(&self, port: u16, _data: &Path) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(["bare", "--port", &port.to_string()]);
        command
    }

    fn version_command(&self) -> Option<Command> {
        let mut command = Command::new(&self.executable);
        command.arg("--version");
        Some(command)
    }

    fn keeps_points(&self) -> bool {
        false
    }

    fn durability(&self) -> &'static str {
        "keeps nothing: reads the request, answers {}; the limit of this machine and generator"
    }
}

/// Serves on that loopback port until the process is ended.
pub(crate) async fn serve(port: u16) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    answer_on(listener.with_context(|| format!("cannot listen on port {port}"))?).await
}

/// Answers `{}` to every request on every connection.
pub(crate) async fn answer_on(listener: TcpListener) -> anyhow::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => drop(connections.spawn(answer_all(accepted?.0))),
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer_all(stream: TcpStream) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await?;
    Ok(())
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // A body that breaks off ends the connection; there is nobody to tell.
    drop(request.into_body().collect().await);
    Ok(Response::new(Full::new(Bytes::from_static(b"{}"))))
}
