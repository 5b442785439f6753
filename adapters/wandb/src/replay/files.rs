//! Files beside the records of a run.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use futures_util::TryStreamExt;
use tokio_util::io::ReaderStream;
use trackside_core::{ArtifactBytes, Error, Result};

/// A file of that name below the directory. A link leads where it does, as `run.save` makes them.
pub(super) fn within(directory: &Path, name: &str) -> Option<PathBuf> {
    let name = Path::new(name);
    let is_below = name.components().all(|part| matches!(part, Component::Normal(_)));
    Some(directory.join(name)).filter(|file| is_below && file.is_file())
}

/// Adds the names of all files below the directory.
pub(super) fn walk(directory: &Path, below: &str, names: &mut BTreeSet<String>) {
    for entry in directory.join(below).read_dir().into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let name = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(directory, &name, names);
        } else {
            names.insert(name);
        }
    }
}

pub(super) async fn open(path: &Path) -> Result<ArtifactBytes> {
    let unreadable = {
        let shown = path.display().to_string();
        move |error: std::io::Error| Error::invalid(format!("{shown} cannot be read: {error}")).with_source(error)
    };
    let file = tokio::fs::File::open(path).await.map_err(unreadable.clone())?;
    let size = file.metadata().await.map_err(unreadable.clone())?.len();
    let chunks = ReaderStream::with_capacity(tokio::io::AsyncReadExt::take(file, size), 1 << 20).map_err(unreadable);
    Ok(ArtifactBytes { size, chunks: Box::pin(chunks) })
}
