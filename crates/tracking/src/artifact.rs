//! Artifacts: streamed to and from the store that the server itself is.
//!
//! Artifacts that lie elsewhere are reached only where they are files of this machine; all others are `Unsupported`.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;
use trackside_core::{ArtifactBytes, ArtifactPath, Error, ErrorKind, Result};
use trackside_http_client::Method;
use trackside_mlflow_wire::{ArtifactsFound, LoggedModelInfo, RunInfo, proxied_place};

use crate::Server;

/// The store of artifacts that the server itself is.
const STORE: &str = "/api/2.0/mlflow-artifacts/artifacts";
/// Directories deep; deeper ones are no artifacts that anybody keeps.
const MAX_DEPTH: usize = 64;

/// Bytes of a file as they come.
type Chunks = std::pin::Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// A file among the artifacts of a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// Below the artifacts of the run.
    pub path: String,
    /// In bytes.
    pub size: u64,
}

/// What is to be stored.
#[derive(Debug)]
pub enum Upload {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file as it is now.
    File(PathBuf),
}

impl Upload {
    async fn open(self) -> Result<ArtifactBytes> {
        match self {
            Self::Bytes(bytes) => Ok(ArtifactBytes {
                size: bytes.len() as u64,
                chunks: Box::pin(stream::once(async move { Ok(Bytes::from(bytes)) })),
            }),
            Self::File(path) => {
                let unreadable = |error| unusable(&path, error);
                let file = tokio::fs::File::open(&path).await.map_err(unreadable)?;
                let size = file.metadata().await.map_err(unreadable)?.len();
                let path = path.clone();
                let chunks = ReaderStream::with_capacity(file, 1 << 20).map_err(move |error| unusable(&path, error));
                Ok(ArtifactBytes { size, chunks: Box::pin(chunks) })
            }
        }
    }
}

impl Server {
    /// Stores a file among the artifacts of a run.
    pub async fn upload(&self, run: &RunInfo, path: &str, upload: Upload) -> Result<()> {
        let path = ArtifactPath::parse(path)?;
        let bytes = upload.open().await?;
        if let Some(place) = proxied_place(&run.artifact_uri, self.url()) {
            let segments = place.split('/').chain(path.as_str().split('/')).filter(|segment| !segment.is_empty());
            return self.client.call(Method::PUT, STORE).below(segments).stream(bytes).send().await.map(drop);
        }
        let target = local(&run.artifact_uri)?.join(path.as_str());
        let parent = target.parent().unwrap_or(&target).to_path_buf();
        let unwritable = |error| unusable(&target, error);
        tokio::fs::create_dir_all(parent).await.map_err(unwritable)?;
        let mut file = tokio::fs::File::create(&target).await.map_err(unwritable)?;
        let mut chunks = bytes.chunks;
        while let Some(chunk) = chunks.next().await {
            file.write_all(&chunk?).await.map_err(unwritable)?;
        }
        file.sync_all().await.map_err(unwritable)
    }

    /// The bytes of an artifact of a run as they come. `NotFound` when there is none.
    pub async fn download(&self, run: &RunInfo, path: &str) -> Result<Chunks> {
        self.download_from(&run.artifact_uri, path).await
    }

    /// The same of a file below an artifact URI, which may be that of a logged model.
    pub async fn download_from(&self, root: &str, path: &str) -> Result<Chunks> {
        let path = ArtifactPath::parse(path)?;
        if let Some(place) = proxied_place(root, self.url()) {
            let segments = place.split('/').chain(path.as_str().split('/')).filter(|segment| !segment.is_empty());
            return Ok(Box::pin(self.client.call(Method::GET, STORE).below(segments).download().await?));
        }
        let target = local(root)?.join(path.as_str());
        Ok(Upload::File(target).open().await?.chunks)
    }

    /// An artifact as a whole; `Invalid` when it is larger than `limit` bytes.
    pub async fn read(&self, run: &RunInfo, path: &str, limit: usize) -> Result<Vec<u8>> {
        let mut chunks = self.download(run, path).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = chunks.next().await {
            bytes.extend_from_slice(&chunk?);
            if bytes.len() > limit {
                return Err(Error::invalid(format!("the artifact {path} is larger than {limit} bytes")));
            }
        }
        Ok(bytes)
    }

    /// SHA-256 of a file below an artifact URI, in hexadecimal, and its size.
    pub async fn sha256(&self, root: &str, path: &str) -> Result<(String, u64)> {
        let (mut hash, mut size) = (Sha256::new(), 0);
        let mut chunks = self.download_from(root, path).await?;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            hash.update(&chunk);
            size += chunk.len() as u64;
        }
        Ok((hex::encode(hash.finalize()), size))
    }

    /// Every artifact of a run, sorted by path.
    pub async fn files(&self, run: &RunInfo) -> Result<Vec<File>> {
        self.walk("artifacts/list", "path", &[("run_id", &run.run_id)]).await
    }

    /// Every file of a logged model, sorted by path.
    pub async fn model_files(&self, model: &LoggedModelInfo) -> Result<Vec<File>> {
        let call = format!("logged-models/{}/artifacts/directories", model.model_id);
        self.walk(&call, "artifact_directory_path", &[]).await
    }

    /// Every file below an artifact URI, sorted by path. `Unsupported` where the server is not what leads there.
    pub async fn files_below(&self, root: &str) -> Result<Vec<File>> {
        let Some(place) = proxied_place(root, self.url()) else { return local_files(&local(root)?) };
        let (mut files, mut directories) = (Vec::new(), vec![String::new()]);
        while let Some(directory) = directories.pop() {
            if directory.split('/').count() > MAX_DEPTH {
                return Err(Error::invalid(format!("{root} has more than {MAX_DEPTH} directories one in another")));
            }
            let path = if directory.is_empty() { place.to_owned() } else { format!("{place}/{directory}") };
            let found: ArtifactsFound =
                self.client.call(Method::GET, STORE).query([("path", &*path)]).send().await?.json()?;
            for entry in found.files {
                // Names alone come, without the directory that was asked for.
                let below = if directory.is_empty() { entry.path } else { format!("{directory}/{}", entry.path) };
                if entry.is_dir {
                    directories.push(below);
                } else {
                    let size = entry.file_size.map_or(0, |size| u64::try_from(size.0).unwrap_or_default());
                    files.push(File { path: below, size });
                }
            }
        }
        files.sort_unstable();
        Ok(files)
    }

    async fn walk(&self, call: &str, below: &str, subject: &[(&str, &str)]) -> Result<Vec<File>> {
        let (mut files, mut directories) = (Vec::new(), vec![String::new()]);
        while let Some(directory) = directories.pop() {
            if directory.split('/').count() > MAX_DEPTH {
                continue;
            }
            let mut query = subject.to_vec();
            query.extend((!directory.is_empty()).then_some((below, directory.as_str())));
            let found: ArtifactsFound = self.get(call, &query).await?;
            for entry in found.files {
                if entry.is_dir {
                    directories.push(entry.path);
                } else {
                    let size = entry.file_size.map_or(0, |size| u64::try_from(size.0).unwrap_or_default());
                    files.push(File { path: entry.path, size });
                }
            }
        }
        files.sort_unstable();
        Ok(files)
    }
}

/// Where the files of an artifact URI lie on this machine.
fn local(root: &str) -> Result<PathBuf> {
    let path = root.strip_prefix("file://").or_else(|| root.strip_prefix("file:")).unwrap_or(root);
    if path.starts_with('/') {
        return Ok(PathBuf::from(path));
    }
    let scheme = root.split(':').next().unwrap_or_default();
    Err(Error::new(ErrorKind::Unsupported, format!("artifacts in {scheme} are reached through the server only")))
}

/// The same on this machine.
fn local_files(root: &Path) -> Result<Vec<File>> {
    let (mut files, mut directories) = (Vec::new(), vec![root.to_path_buf()]);
    while let Some(directory) = directories.pop() {
        let unreadable = |error| unusable(&directory, error);
        for entry in directory.read_dir().map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() {
                directories.push(entry.path());
            } else if kind.is_file() {
                let path = entry.path();
                let below = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                files.push(File { path: below, size: entry.metadata().map_err(unreadable)?.len() });
            } else {
                return Err(Error::invalid(format!("{} is neither a file nor a directory", entry.path().display())));
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn unusable(path: &Path, error: std::io::Error) -> Error {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound => ErrorKind::NotFound,
        _ => ErrorKind::Internal,
    };
    Error::new(kind, format!("{}: {error}", path.display())).with_source(error)
}
