//! The servers, their sinks, and the peers in trouble.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinSet,
};

use crate::server::{Running, Trackside};

/// Sinks, which are called as their types; their places in the folder are called so too.
pub(super) const SQLITE: &str = "sqlite";
pub(super) const TENSORBOARD: &str = "tensorboard";
/// The sinks that work.
pub(super) const MIRRORS: [&str; 2] = [SQLITE, TENSORBOARD];
/// The sink whose peer accepts connections and never answers.
pub(super) const HANGS: &str = "hangs";

/// What outlives the servers.
#[derive(Debug)]
pub(super) struct Scene {
    hanging: SocketAddr,
    refusing: SocketAddr,
    /// Holds the port that refuses: bound, but nobody listens.
    _refuses: TcpSocket,
    /// Holds the connections of the one that hangs.
    _hangs: JoinSet<()>,
    /// Configurations and destinations.
    folder: TempDir,
}

impl Scene {
    pub(super) fn new(data_dir: &Path) -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let hanging = listener.local_addr()?;
        let mut hangs = JoinSet::new();
        hangs.spawn(hold(TcpListener::from_std(listener)?));
        let refuses = TcpSocket::new_v4()?;
        refuses.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let refusing = refuses.local_addr()?;
        let folder = tempfile::Builder::new().prefix("trackside-bench-sinks-").tempdir_in(data_dir)?;
        Ok(Self { hanging, refusing, _refuses: refuses, _hangs: hangs, folder })
    }

    /// Servers without sinks, with healthy ones, and with some in trouble besides; all of them stopped.
    pub(super) async fn start(&self, executable: &Path, data_dir: &Path) -> anyhow::Result<[Running; 3]> {
        let none = self.serve(executable, data_dir, None).await?;
        let healthy = self.configuration("healthy", &sinks("healthy-", ""))?;
        let healthy = self.serve(executable, data_dir, Some(healthy)).await?;
        let troubled = format!(
            "  {HANGS}: {{type: mlflow, url: \"http://{}\"}}\n  refuses: {{type: mlflow, url: \"http://{}\"}}\n",
            self.hanging, self.refusing
        );
        let trouble = self.configuration("trouble", &sinks("", &troubled))?;
        let trouble = self.serve(executable, data_dir, Some(trouble)).await?;
        Ok([none, healthy, trouble])
    }

    /// A server without sinks on the copy that the one in trouble has made; that one must have ended.
    pub(super) async fn serve_copy(&self, executable: &Path, data_dir: &Path) -> anyhow::Result<Running> {
        let mut copy = std::ffi::OsString::from("sqlite:///");
        copy.push(self.folder().join(SQLITE));
        start(executable, data_dir, vec!["--backend-store-uri".into(), copy]).await
    }

    /// Where the destinations of the server in trouble are.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn configuration(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let path = std::path::absolute(self.folder().join(format!("{name}.yaml")))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    async fn serve(&self, executable: &Path, data_dir: &Path, config: Option<PathBuf>) -> anyhow::Result<Running> {
        let args = config.map(|path| vec!["--config".into(), path.into()]).unwrap_or_default();
        let running = start(executable, data_dir, args).await?;
        running.pause();
        Ok(running)
    }
}

/// Paths are relative to the folder of the file.
fn sinks(prefix: &str, more: &str) -> String {
    format!(
        "sinks:\n  {SQLITE}: {{type: sqlite, path: {prefix}{SQLITE}}}\n  \
         {TENSORBOARD}: {{type: tensorboard, directory: {prefix}{TENSORBOARD}}}\n{more}"
    )
}

async fn start(executable: &Path, data_dir: &Path, args: Vec<std::ffi::OsString>) -> anyhow::Result<Running> {
    let server = Trackside { executable: executable.to_owned(), args, idle_millis: None };
    Ok(Running::start(&server, data_dir).await?.0)
}

/// Accepts and says nothing.
async fn hold(listener: TcpListener) {
    let mut held = Vec::new();
    while let Ok((stream, _)) = listener.accept().await {
        held.push(stream);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn one_peer_takes_connections_and_is_silent_the_other_refuses() {
        let directory = tempfile::tempdir().unwrap();
        let scene = Scene::new(directory.path()).unwrap();
        let stream = TcpStream::connect(scene.hanging).await.unwrap();
        // It would be readable with an answer as well as with an end.
        let silence = tokio::time::timeout(Duration::from_millis(50), stream.readable()).await;
        assert!(silence.is_err(), "{silence:?}");
        let error = TcpStream::connect(scene.refusing).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    }
}
