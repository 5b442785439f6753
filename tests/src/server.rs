use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};

use crate::{Client, binary};

/// Longest wait for a start or an end; only a hanging server ever takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `trackside serve`, killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: PathBuf,
    url: String,
}

impl Server {
    /// Starts on a free port with its data below `dir`, and waits until it says where it listens.
    pub async fn start(dir: &Path) -> Result<Self> {
        Self::start_with(dir, &[]).await
    }

    /// As [`Self::start`], with further flags.
    pub async fn start_with(dir: &Path, flags: &[&str]) -> Result<Self> {
        let log = dir.join("server.log");
        let child = Command::new(binary("trackside"))
            .current_dir(dir)
            .args(["serve", "--port", "0", "--log-format", "json", "--data-dir", "data"])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .kill_on_drop(true)
            .spawn()?;
        let mut server = Self { child, log, url: String::new() };
        server.url = tokio::time::timeout(PATIENCE, server.announced()).await.context("the server did not start")??;
        Ok(server)
    }

    /// The URL in the log line that says that it listens.
    async fn announced(&mut self) -> Result<String> {
        loop {
            let log = self.log()?;
            let url = log.split("\"url\":\"").nth(1).and_then(|rest| rest.split_once('"'));
            if let Some((url, _)) = url {
                return Ok(url.to_owned());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status}: {log}");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// What it logged so far.
    pub fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.log)?)
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        Client::new(self.url.clone())
    }

    /// Its process id.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("the server has ended")
    }

    /// Sends a signal, e.g. `TERM`.
    pub async fn signal(&self, name: &str) -> Result<()> {
        let pid = self.pid()?.to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().await?;
        anyhow::ensure!(sent.success(), "kill -s {name} {pid} failed");
        Ok(())
    }

    /// Ends it at once, as a crash would.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        Ok(tokio::time::timeout(PATIENCE, self.child.wait()).await.context("the server did not end")??)
    }

    /// Ends it in order; fails unless it exits 0.
    pub async fn stop(mut self) -> Result<()> {
        self.signal("TERM").await?;
        let status = self.ended().await?;
        anyhow::ensure!(status.success(), "the server ended with {status}: {}", self.log()?);
        Ok(())
    }

    /// Resident memory in KiB: present, and the highest so far.
    pub fn memory_kib(&self) -> Result<(u64, u64)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).context("no such field")?;
            line.split_whitespace().nth(1).context("no value")?.parse::<u64>().context("not a number")
        };
        Ok((field("VmRSS:")?, field("VmHWM:")?))
    }
}
