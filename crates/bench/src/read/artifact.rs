//! A large file through the artifact proxy, up and down, beside a copy of it on the same disk.
//!
//! A copy is durable as an artifact of Trackside is: written beside, synced, renamed, its directory synced. What comes
//! down is kept in the same way; and once more it is thrown away, which is the server's part alone.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use http::{Method, Request, header::HOST};
use http_body_util::BodyExt as _;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::{
    Scope,
    pattern::{Material, Pattern},
    start,
};
use crate::{
    client::excerpt,
    growth::Before,
    load::Connection,
    report::{
        markdown::MIB,
        sheet::{Over, Sheet},
    },
    server::{Choice, Running},
    stats::float,
};

const PATH: &str = "/api/2.0/mlflow-artifacts/artifacts/bench/large.bin";
/// Read and written at a time by the copy.
const CHUNK: usize = 1 << 20;
/// Frames that wait for the disk of the client, of at most some hundred KiB each.
const WAITING: usize = 8;
const MB: f64 = 1e6;

pub(super) async fn measure(servers: &Choice, scope: &Scope) -> anyhow::Result<Sheet> {
    let servers = servers.rivals()?.into_iter().filter(|server| server.has_artifact_proxy());
    let mut sheet = Sheet::new(format!("Artifact of {} MiB", scope.n_bytes >> 20)).note(
        "one client, mlflow-artifacts by PUT and GET, MB/s; \"copy\" is the file copied with the same durability (write \
         beside, fsync, rename, fsync the directory); memory is the growth of resident memory to its peak",
    );
    let mut running = Vec::new();
    for server in servers {
        sheet = sheet.column(server.name(), true);
        running.push(start(server.as_ref(), scope).await?);
    }
    let copy = running.len();
    sheet = sheet.column("copy", true);
    let scratch = tempfile::Builder::new().prefix("trackside-bench-copy-").tempdir_in(&scope.data_dir)?;
    let material = Material::new();
    for round in 0..scope.n_rounds {
        for turn in 0..=copy {
            let column = (turn + round) % (copy + 1);
            if column == copy {
                let rate = rate(scope, copied(scratch.path(), &material, scope.n_bytes)?);
                for name in ["up", "down, kept"] {
                    sheet.add(copy, &format!("{name}, MB/s"), Over::Median, rate);
                }
                continue;
            }
            running[column].resume().await;
            if let Err(error) = transfers(&mut sheet, column, &running[column], &scratch, &material, scope).await {
                sheet.void(column, "up, MB/s", &error);
            }
            running[column].pause();
        }
    }
    Ok(sheet)
}

fn rate(scope: &Scope, time: Duration) -> f64 {
    float(scope.n_bytes) / MB / time.as_secs_f64()
}

/// One round on one server.
async fn transfers(
    sheet: &mut Sheet,
    column: usize,
    running: &Running,
    scratch: &TempDir,
    material: &Material,
    scope: &Scope,
) -> anyhow::Result<()> {
    // Anew for each, before the clock runs: MLflow closes a connection that is idle while a file is compared.
    let connect = || Remote::connect(running.address, material);
    let mut done = |name: &str, before: &Before, time| {
        sheet.add(column, &format!("{name}, MB/s"), Over::Median, rate(scope, time));
        let growth = float(before.growth_bytes(&running.processes())) / MIB;
        sheet.add(column, &format!("{name}: memory growth, MiB"), Over::Most, growth);
    };
    let mut remote = connect().await?;
    let before = Before::of(&running.processes())?;
    let time = remote.upload(scope.n_bytes).await.context("up")?;
    done("up", &before, time);
    remote = connect().await?;
    let before = Before::of(&running.processes())?;
    let time = remote.download_durably(scratch.path(), scope.n_bytes).await.context("down, kept")?;
    done("down, kept", &before, time);
    remote = connect().await?;
    let before = Before::of(&running.processes())?;
    let time = remote.download(scope.n_bytes).await.context("down, thrown away")?;
    done("down, thrown away", &before, time);
    remote.delete().await
}

/// The server's end of a connection.
struct Remote {
    connection: Connection<Pattern>,
    address: SocketAddr,
    material: Material,
}

impl Remote {
    async fn connect(address: SocketAddr, material: &Material) -> anyhow::Result<Self> {
        Ok(Self { connection: Connection::open(address).await?, address, material: material.clone() })
    }

    fn request(&self, method: Method, n_bytes: u64) -> anyhow::Result<Request<Pattern>> {
        let request = Request::builder().method(method).uri(PATH).header(HOST, self.address.to_string());
        Ok(request.body(self.material.body(n_bytes))?)
    }

    async fn send(&mut self, method: Method, n_bytes: u64) -> anyhow::Result<()> {
        let request = self.request(method, n_bytes)?;
        let answer = self.connection.send(request).await?;
        ensure!(answer.status == 200, "{PATH} answered {}: {}", answer.status, excerpt(&answer.body));
        Ok(())
    }

    async fn upload(&mut self, n_bytes: u64) -> anyhow::Result<Duration> {
        let asked = Instant::now();
        self.send(Method::PUT, n_bytes).await?;
        Ok(asked.elapsed())
    }

    async fn delete(&mut self) -> anyhow::Result<()> {
        self.send(Method::DELETE, 0).await
    }

    /// Compares what comes, and forgets it.
    async fn download(&mut self, n_bytes: u64) -> anyhow::Result<Duration> {
        let asked = Instant::now();
        let (material, mut position) = (self.material.clone(), 0);
        self.receive(async |bytes: Bytes| {
            material.check(position, &bytes)?;
            position += bytes.len() as u64;
            Ok(())
        })
        .await?;
        let time = asked.elapsed();
        ensure!(position == n_bytes, "{position} bytes came");
        Ok(time)
    }

    /// Keeps what comes as a copy would, and compares it afterwards.
    async fn download_durably(&mut self, directory: &Path, n_bytes: u64) -> anyhow::Result<Duration> {
        let asked = Instant::now();
        let (sender, mut receiver) = mpsc::channel::<Bytes>(WAITING);
        let place = directory.to_owned();
        let writing = tokio::task::spawn_blocking(move || {
            durably(&place, |file| {
                while let Some(bytes) = receiver.blocking_recv() {
                    file.write_all(&bytes)?;
                }
                Ok(())
            })
        });
        let received = self.receive(async |bytes| sender.send(bytes).await.context("the disk failed")).await;
        drop(sender);
        writing.await.context("the writer failed")??;
        received?;
        let time = asked.elapsed();
        check_and_remove(directory, &self.material, n_bytes)?;
        Ok(time)
    }

    async fn receive(&mut self, mut take: impl AsyncFnMut(Bytes) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let request = self.request(Method::GET, 0)?;
        self.connection
            .exchange(request, async |response| {
                let status = response.status();
                if status != 200 {
                    let body = response.into_body().collect().await?.to_bytes();
                    bail!("{PATH} answered {status}: {}", excerpt(&body));
                }
                let mut body = response.into_body();
                while let Some(frame) = body.frame().await {
                    if let Ok(bytes) = frame?.into_data() {
                        take(bytes).await?;
                    }
                }
                Ok(())
            })
            .await
    }
}

/// The same file by reading and writing. What is read was just written, as what a server sends was.
fn copied(directory: &Path, material: &Material, n_bytes: u64) -> anyhow::Result<Duration> {
    let source = directory.join("source");
    let mut file = File::create(&source)?;
    for block in material.body(n_bytes) {
        file.write_all(&block)?;
    }
    file.sync_all()?;
    let started = Instant::now();
    durably(directory, |file| {
        let (mut source, mut chunk) = (File::open(&source)?, vec![0; CHUNK]);
        loop {
            match source.read(&mut chunk)? {
                0 => return Ok(()),
                n_read => file.write_all(&chunk[..n_read])?,
            }
        }
    })?;
    let time = started.elapsed();
    fs::remove_file(source)?;
    check_and_remove(directory, material, n_bytes)?;
    Ok(time)
}

/// Writes the file that [`check_and_remove`] looks at.
fn durably(directory: &Path, write: impl FnOnce(&mut File) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let beside = directory.join("target.part");
    let mut file = File::create(&beside)?;
    write(&mut file)?;
    file.sync_all()?;
    fs::rename(&beside, directory.join("target"))?;
    Ok(File::open(directory)?.sync_all()?)
}

fn check_and_remove(directory: &Path, material: &Material, n_bytes: u64) -> anyhow::Result<()> {
    let path = directory.join("target");
    let (mut file, mut chunk, mut position) = (File::open(&path)?, vec![0; CHUNK], 0);
    loop {
        let n_read = file.read(&mut chunk)?;
        if n_read == 0 {
            break;
        }
        material.check(position, &chunk[..n_read])?;
        position += n_read as u64;
    }
    ensure!(position == n_bytes, "{position} bytes were kept");
    Ok(fs::remove_file(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_whole_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        copied(directory.path(), &Material::new(), 3_000_000).unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        fs::write(directory.path().join("target"), "short").unwrap();
        assert!(check_and_remove(directory.path(), &Material::new(), 5).is_err());
    }
}
