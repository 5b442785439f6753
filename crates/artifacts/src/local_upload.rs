//! An upload into a local directory: staged, synced, renamed.
//!
//! The disk begins with a large file long before its last byte has arrived, so that little is left to sync at the end.
//! `object_store`, which does all the rest with local files, syncs once, at the end: then nothing is received while the
//! disk writes, and nothing is written while bytes are received.
//!
//! A staging file is called as those of `object_store` 0.14 (`LocalFileSystem`): the name, `#` and a number. Such names
//! are neither listed nor served.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use tokio::{
    runtime::Handle,
    task::{JoinHandle, spawn_blocking},
};

/// Bytes gathered for one trip to a blocking thread, during which the next ones are gathered: the memory of one upload
/// is little more than twice this. Such a trip takes some 10 µs, writing 1 MiB to the file cache some 200 µs.
const WRITE_BYTES: usize = 1 << 20;
/// The disk is told to begin when so much has been written since it was told before. Each time costs a commit of the
/// file system's journal, some milliseconds; 32 MiB take a fast disk as long.
const SYNC_BYTES: usize = 32 << 20;

type Work = JoinHandle<io::Result<()>>;

/// A file that appears when it is finished. Dropped before, it leaves nothing.
#[derive(Debug)]
pub(crate) struct LocalUpload {
    file: Arc<File>,
    /// Where it is, until it is where it shall be.
    staged: Option<PathBuf>,
    target: PathBuf,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    unsynced_bytes: usize,
    writing: Option<Work>,
    syncing: Option<Work>,
}

impl LocalUpload {
    /// Makes the directories above the file where they are absent, durably.
    pub(crate) async fn begin(target: PathBuf) -> io::Result<Self> {
        let (file, staged, target) = blocking(move || {
            let (file, staged) = stage(&target)?;
            Ok((file, staged, target))
        })
        .await?;
        Ok(Self {
            file: Arc::new(file),
            staged: Some(staged),
            target,
            gathered: Vec::new(),
            gathered_bytes: 0,
            unsynced_bytes: 0,
            writing: None,
            syncing: None,
        })
    }

    /// Adds bytes. Waits while as many as are gathered are still being written.
    pub(crate) async fn add(&mut self, bytes: Bytes) -> io::Result<()> {
        self.gathered_bytes += bytes.len();
        self.gathered.push(bytes);
        if self.gathered_bytes < WRITE_BYTES {
            return Ok(());
        }
        if self.unsynced_bytes >= SYNC_BYTES && self.syncing.as_ref().is_none_or(JoinHandle::is_finished) {
            // Its error is told only once, so each is looked at.
            done(&mut self.syncing).await?;
            let file = Arc::clone(&self.file);
            self.syncing = Some(spawn_blocking(move || file.sync_data()));
            self.unsynced_bytes = 0;
        }
        self.write().await
    }

    /// Publishes the file, replacing what was there, once all of it is on disk.
    pub(crate) async fn finish(mut self) -> io::Result<()> {
        self.write().await?;
        done(&mut self.writing).await?;
        done(&mut self.syncing).await?;
        let Some(staged) = self.staged.take() else { return Ok(()) };
        let (file, target) = (Arc::clone(&self.file), self.target.clone());
        blocking(move || {
            let published = file.sync_all().and_then(|()| fs::rename(&staged, &target));
            if published.is_err() {
                // That it failed says more than that it cannot be cleared away.
                fs::remove_file(&staged).ok();
            }
            published.and_then(|()| sync_directory(target.parent()))
        })
        .await
    }

    /// Clears it away.
    pub(crate) async fn abort(mut self) -> io::Result<()> {
        match self.staged.take() {
            Some(staged) => blocking(move || fs::remove_file(staged)).await,
            None => Ok(()),
        }
    }

    async fn write(&mut self) -> io::Result<()> {
        done(&mut self.writing).await?;
        self.unsynced_bytes += std::mem::take(&mut self.gathered_bytes);
        let (file, parts) = (Arc::clone(&self.file), std::mem::take(&mut self.gathered));
        self.writing = Some(spawn_blocking(move || parts.iter().try_for_each(|part| (&*file).write_all(part))));
        Ok(())
    }
}

impl Drop for LocalUpload {
    fn drop(&mut self) {
        let Some(staged) = self.staged.take() else { return };
        // The caller is gone, so nobody hears whether it works. What is left of a process that ends is never served.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || fs::remove_file(staged))),
            Err(_) => fs::remove_file(staged).unwrap_or_default(),
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Waits for work that has begun.
async fn done(work: &mut Option<Work>) -> io::Result<()> {
    match work.take() {
        Some(work) => work.await.map_err(io::Error::other)?,
        None => Ok(()),
    }
}

/// An empty file beside the target.
fn stage(target: &Path) -> io::Result<(File, PathBuf)> {
    let mut number = 1;
    loop {
        let mut staged = target.as_os_str().to_owned();
        staged.push(format!("#{number}"));
        let staged = PathBuf::from(staged);
        match OpenOptions::new().write(true).create_new(true).open(&staged) {
            Ok(file) => return Ok((file, staged)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            // Again each time: it may be removed by somebody who finds it empty.
            Err(error) if error.kind() == io::ErrorKind::NotFound => create_directories(target.parent())?,
            Err(error) => return Err(error),
        }
    }
}

/// Makes a directory and those above it, each of which is on disk in the one above.
pub(crate) fn create_directories(directory: Option<&Path>) -> io::Result<()> {
    let absent: Vec<&Path> =
        directory.into_iter().flat_map(Path::ancestors).take_while(|path| !path.exists()).collect();
    if let Some(directory) = directory {
        fs::create_dir_all(directory)?;
    }
    absent.into_iter().rev().try_for_each(|made| sync_directory(made.parent()))
}

#[cfg(unix)]
pub(crate) fn sync_directory(directory: Option<&Path>) -> io::Result<()> {
    directory.map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// Elsewhere a directory is no file that could be synced.
#[cfg(not(unix))]
pub(crate) fn sync_directory(_: Option<&Path>) -> io::Result<()> {
    Ok(())
}
