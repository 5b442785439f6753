//! Writing files, one thing at a time.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::StreamExt;
use tokio::{fs as async_fs, io::AsyncWriteExt, task::spawn_blocking};
use trackside_core::{ArtifactBytes, Error, ErrorKind, Result};

use super::directory;

/// Who may write.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Held while files are written.
    lock: Arc<Mutex<()>>,
    /// Number of the next unfinished copy.
    parts: AtomicU64,
}

impl Files {
    /// Does blocking work. When the future is dropped, work that has begun is finished and work that has not never
    /// begins: a late write could undo that of a later batch.
    pub(super) async fn exclusively<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let wanted = Arc::new(());
        let (still_wanted, lock) = (Arc::downgrade(&wanted), Arc::clone(&self.lock));
        let outcome = spawn_blocking(move || {
            let _writing = lock.lock().unwrap_or_else(PoisonError::into_inner);
            if still_wanted.strong_count() == 0 {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            work()
        });
        let outcome = outcome.await;
        drop(wanted);
        outcome.map_err(|error| Error::internal("writing files was cut off").with_source(error))?.map_err(failed)
    }

    /// Makes the record file of a run end with these bytes from this place on, in its directory. `NotFound` when the
    /// place is not 0 and the file does not reach it: somebody took it away.
    pub(super) async fn write(&self, folder: &Path, run: &str, start: u64, bytes: Vec<u8>) -> Result<()> {
        let (folder, run) = (folder.to_owned(), run.to_owned());
        self.exclusively(move || {
            let path = folder.join(directory::record_file(&run));
            if start == 0 {
                fs::create_dir_all(folder.join("files"))?;
            } else if fs::metadata(&path)?.len() < start {
                let message = format!("{} has become shorter", path.display());
                return Err(io::Error::new(io::ErrorKind::NotFound, message));
            }
            let mut file = OpenOptions::new().create(start == 0).truncate(false).write(true).open(&path)?;
            file.set_len(start)?;
            file.seek(SeekFrom::Start(start))?;
            file.write_all(&bytes)?;
            match fs::remove_file(folder.join(directory::synced_marker(&run))) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        })
        .await
    }

    /// Writes a file whole: until all its bytes are there, what was there stays.
    pub(super) async fn copy(&self, folder: &Path, target: &Path, mut bytes: ArtifactBytes) -> Result<()> {
        let number = self.parts.fetch_add(1, Ordering::Relaxed);
        let part = Part(folder.join(format!(".part-{}-{number}", std::process::id())));
        let above = target.parent().map(Path::to_owned).unwrap_or_default();
        async_fs::create_dir_all(&above).await.map_err(failed)?;
        let mut file = async_fs::File::create(&part.0).await.map_err(failed)?;
        while let Some(chunk) = bytes.chunks.next().await {
            file.write_all(&chunk?).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        let (from, to) = (part.0.clone(), target.to_owned());
        self.exclusively(move || fs::rename(from, to)).await
    }
}

/// A file that is not whole; removed when it does not become so.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // Gone already when it was renamed, and no more than litter otherwise.
        drop(fs::remove_file(&self.0));
    }
}

/// Brings a file or directory to the disk. One that is gone has nothing to lose.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    match File::open(path) {
        Ok(file) => file.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// A full or failing disk may recover; a missing file or permission will not of its own accord.
fn failed(error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        io::ErrorKind::PermissionDenied => ErrorKind::Denied,
        io::ErrorKind::InvalidFilename => ErrorKind::Invalid,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("the run directory cannot be written: {error}")).with_source(error)
}
