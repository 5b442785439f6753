//! One started server: from spawn to the end of its last process.

use std::{
    env,
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;

use super::Server;
use crate::{
    client::{Client, excerpt},
    disk,
    measure::Target,
    process::{self, Process, Signal},
};

/// How long a server may take to end after SIGTERM, before SIGKILL.
const END_LIMIT: Duration = Duration::from_secs(10);
const END_POLL: Duration = Duration::from_millis(20);
/// Between SIGCONT and the first request: what timers missed meanwhile runs first.
const SETTLE: Duration = Duration::from_millis(500);
/// A server has started when it takes less than this part of one core for the time of [`QUIET`]. MLflow's job runners
/// poll, so it is not nothing.
const SETTLED_CORES: f64 = 0.2;
/// And it rests when it takes no more than timers do.
const RESTING_CORES: f64 = 0.02;
const QUIET: Duration = Duration::from_secs(2);
const SETTLE_LIMIT: Duration = Duration::from_mins(3);
const REST_LIMIT: Duration = Duration::from_mins(20);
/// What it says, beside its data.
const LOG: &str = "server.log";
/// A single probe of /health.
const PROBE_LIMIT: Duration = Duration::from_secs(10);

/// A server that answers. Dropping it ends its processes, within [`END_LIMIT`], and removes its data.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) keeps_points: bool,
    /// Last, so that it is removed when nobody writes there any more.
    data: Arc<TempDir>,
}

impl Running {
    /// Starts a server with an empty database below `data_dir`. The duration is the cold start: from spawn to the first
    /// 200 of `GET /health`, at most 2 % or 1 ms too long.
    pub(crate) async fn start(server: &dyn Server, data_dir: &Path) -> anyhow::Result<(Self, Duration)> {
        let data = tempfile::Builder::new().prefix("trackside-bench-").tempdir_in(data_dir)?;
        server.prepare(data.path())?;
        Self::start_on(server, Arc::new(data)).await
    }

    /// The same with what another server of the kind, which has ended, has left.
    pub(crate) async fn start_on(server: &dyn Server, data: Arc<TempDir>) -> anyhow::Result<(Self, Duration)> {
        let log = data.path().join(LOG);
        let output = File::create(&log)?;
        // Free now; that another process takes it before the server does is unlikely, and would be an error.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = server.command(address.port(), data.path());
        forget_settings(&mut command);
        command.current_dir(data.path()).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        // Leader of a group: a ctrl-c in the terminal reaches this program alone, and orphans are still found.
        command.process_group(0);
        let spawned = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot start {}", server.name()))?;
        let mut running = Self { child, address, keeps_points: server.keeps_points(), data };
        let ready = running.wait_until_healthy(spawned, server.start_limit()).await;
        let cold_start =
            ready.with_context(|| format!("{} did not start; its last lines:\n{}", server.name(), tail(&log)))?;
        Ok((running, cold_start))
    }

    /// Ends its processes and hands out its data, which is removed when that is dropped.
    pub(crate) fn end(self) -> Arc<TempDir> {
        Arc::clone(&self.data)
    }

    /// Ends it and starts it again on its data.
    pub(crate) async fn restart(self, server: &dyn Server) -> anyhow::Result<Self> {
        let data = self.end();
        Ok(Self::start_on(server, data).await?.0)
    }

    pub(crate) fn processes(&self) -> Vec<Process> {
        process::tree(self.child.id())
    }

    /// What is to be measured.
    pub(crate) fn target(&self) -> Target {
        Target { address: self.address, keeps_points: self.keeps_points, root: Some(self.child.id()) }
    }

    /// Memory of the whole process tree in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        process::memory_bytes(&self.processes())
    }

    /// Time that its processes have spent on cores.
    pub(crate) fn cpu_time(&self) -> Duration {
        process::cpu_time(&self.processes())
    }

    /// Resident memory of the process itself in bytes, now and at most since it was started.
    pub(crate) fn resident_bytes(&self) -> anyhow::Result<(u64, u64)> {
        process::resident_bytes(self.child.id()).context("the server has ended")
    }

    /// What it keeps on the disk, in bytes.
    pub(crate) fn disk_bytes(&self) -> u64 {
        kept_bytes(&self.data)
    }

    /// Of that, in pages of SQLite that hold nothing any more.
    pub(crate) fn free_bytes(&self) -> anyhow::Result<u64> {
        disk::free_bytes(self.data.path())
    }

    /// Waits until it has nothing left to do of its start, at least [`QUIET`]: MLflow answers `GET /health` by its
    /// first worker while the others still start.
    pub(crate) async fn settle(&self) {
        // One that is never idle is measured all the same.
        self.wait_until_quiet(SETTLED_CORES, SETTLE_LIMIT).await;
    }

    /// Waits until it does nothing at all, at least for `idle`: what it puts off until nobody writes is then done.
    pub(crate) async fn rest(&self, idle: Duration) -> anyhow::Result<()> {
        tokio::time::sleep(idle).await;
        ensure!(self.wait_until_quiet(RESTING_CORES, REST_LIMIT).await, "it has not come to rest");
        Ok(())
    }

    async fn wait_until_quiet(&self, cores: f64, limit: Duration) -> bool {
        let given_up = Instant::now() + limit;
        while Instant::now() < given_up {
            let before = self.cpu_time();
            tokio::time::sleep(QUIET).await;
            if self.cpu_time().saturating_sub(before) < QUIET.mul_f64(cores) {
                return true;
            }
        }
        false
    }

    /// Stops all its processes: parents first, so that none sees a child that does not answer.
    pub(crate) fn pause(&self) {
        process::signal(&self.processes(), Signal::Stop);
    }

    /// Undoes [`Self::pause`], children first, and gives them a moment.
    pub(crate) async fn resume(&self) {
        let mut processes = self.processes();
        processes.reverse();
        process::signal(&processes, Signal::Continue);
        tokio::time::sleep(SETTLE).await;
    }

    /// What `GET /version` says.
    pub(crate) async fn version(&self) -> anyhow::Result<String> {
        let answer = Client::connect(self.address).await?.get_raw("/version").await?;
        ensure!(answer.status == 200, "/version answered {}", answer.status);
        Ok(excerpt(&answer.body).trim_matches('"').to_owned())
    }

    async fn wait_until_healthy(&mut self, spawned: Instant, limit: Duration) -> anyhow::Result<Duration> {
        while spawned.elapsed() < limit {
            if let Ok(true) = tokio::time::timeout(PROBE_LIMIT, is_healthy(self.address)).await {
                return Ok(spawned.elapsed());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the process ended: {status}");
            }
            // Rarer as time goes by: a minute of start is not worth a probe per millisecond.
            tokio::time::sleep((spawned.elapsed() / 50).max(Duration::from_millis(1))).await;
        }
        bail!("no 200 of GET /health within {} s", limit.as_secs())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut processes = self.processes();
        // A stopped process would keep SIGTERM pending.
        process::signal(&processes, Signal::Terminate);
        process::signal(&processes, Signal::Continue);
        let given_up = Instant::now() + END_LIMIT;
        while processes.iter().any(|process| process::is_alive(*process)) && Instant::now() < given_up {
            thread::sleep(END_POLL);
        }
        // Whoever was started meanwhile is in a tree below a survivor or in the group.
        let survivors: Vec<u32> =
            processes.iter().filter(|process| process::is_alive(**process)).map(|p| p.pid).collect();
        processes.extend(survivors.into_iter().chain([self.child.id()]).flat_map(process::tree));
        process::signal(&processes, Signal::Kill);
        // Not before: until the root is waited for, its id, which names tree and group, is nobody else's.
        drop(self.child.wait());
        // `data` is removed after this.
        debug_assert!(self.data.path().exists());
    }
}

async fn is_healthy(address: SocketAddr) -> bool {
    let Ok(mut client) = Client::connect(address).await else { return false };
    client.get_raw("/health").await.is_ok_and(|answer| answer.status == 200)
}

/// The caller's own settings of a server are not what is compared.
fn forget_settings(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let is_meant = command.get_envs().any(|(meant, _)| meant == name);
        if !is_meant && ["MLFLOW_", "TRACKSIDE_", "FML_"].iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
}

/// Bytes of what a server keeps.
pub(crate) fn kept_bytes(data: &TempDir) -> u64 {
    let log = fs::metadata(data.path().join(LOG)).map_or(0, |log| log.len());
    disk::bytes_below(data.path()).saturating_sub(log)
}

fn tail(log: &Path) -> String {
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
