//! One root of artifacts.

use std::{fs, io, path::Path, sync::Arc};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart, local::LocalFileSystem};
use tokio::task::spawn_blocking;
use trackside_core::{ArtifactEntry, ArtifactPath, Error, Result, Timestamp};

use crate::{ArtifactFile, error, is_reserved, local_links::link_all, local_upload::LocalUpload};

/// Bytes gathered before they go to a store that is not local, and the most that wait beside them: the memory of one
/// upload is at most twice this, whatever its size. 1 MiB keeps the calls per gigabyte near a thousand.
const CHUNK_BYTES: usize = 1024 * 1024;

/// Files below one root. A clone is the same root. What is [reserved](is_reserved) is neither shown nor touched, however a
/// path was put together.
#[derive(Debug, Clone)]
pub struct ArtifactStore {
    store: Arc<dyn ObjectStore>,
    /// The same, where it is a directory.
    local: Option<Arc<LocalFileSystem>>,
}

impl ArtifactStore {
    /// A directory, created if absent. Files are synced to disk before a write is answered.
    pub fn local(root: &Path) -> Result<Self> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| {
            Error::internal(format!("cannot use {} as artifact root: {source}", root.display()))
        };
        fs::create_dir_all(root).map_err(|source| failed(source.into()))?;
        let store = LocalFileSystem::new_with_prefix(root).map_err(|source| failed(source.into()))?;
        let store = Arc::new(store.with_fsync(true).with_automatic_cleanup(true));
        Ok(Self { store: Arc::<LocalFileSystem>::clone(&store), local: Some(store) })
    }

    /// Any object store; its root is the root.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, local: None }
    }

    /// The file at this path. `NotFound` when there is none, `Invalid` when it is a directory.
    pub async fn file(&self, path: &ArtifactPath) -> Result<ArtifactFile> {
        self.file_anywhere(allowed(path)?).await
    }

    /// The same of any path.
    pub(crate) async fn file_anywhere(&self, path: &ArtifactPath) -> Result<ArtifactFile> {
        match self.store.head(&location(path)?).await {
            Ok(meta) => Ok(ArtifactFile::new(Arc::clone(&self.store), path.clone(), meta)),
            Err(_) if path.is_root() || !self.listed(path).await?.is_empty() => {
                Err(Error::invalid(format!("'{path}' is a directory, not a file")))
            }
            Err(source) if error::is_absent(&source) => Err(error::absent(path).with_source(source)),
            Err(source) => Err(error::from_store(path, source)),
        }
    }

    /// What lies directly below a directory, sorted by path; paths are relative to the root. Empty when there
    /// is no such directory.
    pub async fn list(&self, directory: &ArtifactPath) -> Result<Vec<ArtifactEntry>> {
        let mut entries = self.listed(allowed(directory)?).await?;
        entries.retain(|entry| !is_reserved(&entry.path));
        Ok(entries)
    }

    async fn listed(&self, directory: &ArtifactPath) -> Result<Vec<ArtifactEntry>> {
        let listed = match self.store.list_with_delimiter(Some(&location(directory)?)).await {
            Err(source) if error::is_absent(&source) => return Ok(Vec::new()),
            listed => listed.map_err(|source| error::from_store(directory, source))?,
        };
        let directories = listed.common_prefixes.iter().map(|path| (path, None));
        let files = listed.objects.iter().map(|meta| (&meta.location, Some(meta.size)));
        let mut entries = directories
            .chain(files)
            .map(|(path, size)| Ok(ArtifactEntry { path: ArtifactPath::parse(path.as_ref())?, size }))
            .collect::<Result<Vec<_>>>()?;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    /// Names and sizes of the files directly below any directory, and when each was written; in no order.
    pub(crate) async fn dated(&self, directory: &ArtifactPath) -> Result<Vec<(String, u64, Timestamp)>> {
        let listed = match self.store.list_with_delimiter(Some(&location(directory)?)).await {
            Err(source) if error::is_absent(&source) => return Ok(Vec::new()),
            listed => listed.map_err(|source| error::from_store(directory, source))?,
        };
        let dated = listed.objects.iter().filter_map(|meta| {
            let written = Timestamp::from_millis(meta.last_modified.timestamp_millis());
            Some((meta.location.filename()?.to_owned(), meta.size, written))
        });
        Ok(dated.collect())
    }

    /// Stores a file, replacing one of the same path. It appears whole, once the last byte is durable, or not
    /// at all: an error of `bytes`, or dropping the future, leaves what was there.
    pub async fn put(&self, path: &ArtifactPath, bytes: impl Stream<Item = Result<Bytes>> + Send) -> Result<u64> {
        self.put_anywhere(allowed(path)?, bytes).await
    }

    /// The same at any path.
    pub(crate) async fn put_anywhere(
        &self,
        path: &ArtifactPath,
        bytes: impl Stream<Item = Result<Bytes>> + Send,
    ) -> Result<u64> {
        if path.is_root() {
            return Err(Error::invalid("Invalid path"));
        }
        match &self.local {
            Some(local) => put_file(local, path, bytes).await,
            None => self.put_object(path, bytes).await,
        }
    }

    async fn put_object(&self, path: &ArtifactPath, bytes: impl Stream<Item = Result<Bytes>> + Send) -> Result<u64> {
        let failed = |source| error::from_store(path, source);
        let upload = self.store.put_multipart(&location(path)?).await.map_err(failed)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, CHUNK_BYTES);
        let mut bytes = std::pin::pin!(bytes);
        let mut size = 0;
        while let Some(chunk) = bytes.next().await {
            let written = match chunk {
                Ok(chunk) => upload.wait_for_capacity(1).await.map(|()| chunk).map_err(failed),
                Err(error) => Err(error),
            };
            match written {
                Ok(chunk) => {
                    size += chunk.len() as u64;
                    upload.put(chunk);
                }
                Err(error) => {
                    upload.abort().await.map_err(failed)?;
                    return Err(error);
                }
            }
        }
        upload.finish().await.map_err(failed)?;
        Ok(size)
    }

    /// Gives files names in a root, in place of what has them. `NotFound` when a file is not there. Some may have theirs
    /// when it fails, which is harmless to repeat.
    pub(crate) async fn link_into(&self, root: &Self, names: Vec<(ArtifactPath, ArtifactPath)>) -> Result<()> {
        let (Some(from), Some(to)) = (&self.local, &root.local) else {
            return self.copy_into(root, names).await;
        };
        let on_disk = |root: &LocalFileSystem, path: &ArtifactPath| {
            root.path_to_filesystem(&location(path)?).map_err(|source| error::from_store(path, source))
        };
        let paths = names.iter().map(|(file, name)| Ok((on_disk(from, file)?, on_disk(to, name)?)));
        let paths = paths.collect::<Result<Vec<_>>>()?;
        let linked =
            spawn_blocking(move || link_all(&paths)).await.unwrap_or_else(|error| Err(io::Error::other(error)));
        linked.map_err(|source| {
            let path = names.first().map_or_else(ArtifactPath::root, |(_, name)| name.clone());
            match source.kind() {
                io::ErrorKind::NotFound => error::absent(&path).with_source(source),
                _ => error::from_disk(&path, source),
            }
        })
    }

    async fn copy_into(&self, root: &Self, names: Vec<(ArtifactPath, ArtifactPath)>) -> Result<()> {
        for (file, name) in names {
            let file = self.file_anywhere(&file).await?;
            root.put(&name, file.read(0..file.size()).await?).await?;
        }
        Ok(())
    }

    /// Gives a file another name, at once, in place of what has it. Says whether there was such a file. Any path will do.
    pub(crate) async fn rename(&self, from: &ArtifactPath, to: &ArtifactPath) -> Result<bool> {
        match self.store.rename(&location(from)?, &location(to)?).await {
            Err(source) if error::is_absent(&source) => Ok(false),
            renamed => renamed.map(|()| true).map_err(|source| error::from_store(from, source)),
        }
    }

    /// Removes a file at any path. Harmless when there is none.
    pub(crate) async fn remove_file(&self, path: &ArtifactPath) -> Result<()> {
        match self.store.delete(&location(path)?).await {
            Err(source) if error::is_absent(&source) => Ok(()),
            removed => removed.map_err(|source| error::from_store(path, source)),
        }
    }

    /// Removes a file, or a directory with all below it. Harmless when there is none. The root stays (`Invalid`).
    pub async fn delete(&self, path: &ArtifactPath) -> Result<()> {
        let failed = |source| error::from_store(path, source);
        if path.is_root() {
            return Err(Error::invalid("Invalid path"));
        }
        let at = location(allowed(path)?)?;
        match self.store.head(&at).await {
            Ok(_) => return self.store.delete(&at).await.map_err(failed),
            Err(source) if error::is_absent(&source) => {}
            Err(source) if self.listed(path).await?.is_empty() => return Err(failed(source)),
            Err(_) => {}
        }
        let below = self.store.list(Some(&at)).map_ok(|meta| meta.location).boxed();
        let deleted = self.store.delete_stream(below).map(|deleted| match deleted {
            Err(source) if error::is_absent(&source) => Ok(()),
            deleted => deleted.map(drop),
        });
        deleted.try_for_each(|()| async { Ok(()) }).await.map_err(failed)
    }
}

async fn put_file(
    root: &LocalFileSystem,
    path: &ArtifactPath,
    bytes: impl Stream<Item = Result<Bytes>> + Send,
) -> Result<u64> {
    let failed = |source| error::from_disk(path, source);
    let target = root.path_to_filesystem(&location(path)?).map_err(|source| error::from_store(path, source))?;
    let mut upload = LocalUpload::begin(target).await.map_err(failed)?;
    let mut bytes = std::pin::pin!(bytes);
    let mut size = 0;
    while let Some(chunk) = bytes.next().await {
        let added = match chunk {
            Ok(chunk) => {
                size += chunk.len() as u64;
                upload.add(chunk).await.map_err(failed)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = added {
            upload.abort().await.map_err(failed)?;
            return Err(error);
        }
    }
    upload.finish().await.map_err(failed)?;
    Ok(size)
}

/// The same path, if others than we may use it.
fn allowed(path: &ArtifactPath) -> Result<&ArtifactPath> {
    if is_reserved(path) { Err(Error::invalid("Invalid path")) } else { Ok(path) }
}

/// Key of a path: its segments as they stand, so that names on disk are those the client gave.
fn location(path: &ArtifactPath) -> Result<object_store::path::Path> {
    object_store::path::Path::parse(path.as_str()).map_err(|source| Error::invalid("Invalid path").with_source(source))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn path(text: &str) -> ArtifactPath {
        ArtifactPath::parse(text).unwrap()
    }

    fn chunks(chunks: &[&'static str]) -> impl Stream<Item = Result<Bytes>> + use<> {
        stream::iter(chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect::<Vec<_>>())
    }

    async fn read(file: &ArtifactFile, range: std::ops::Range<u64>) -> String {
        let chunks: Vec<Bytes> = file.read(range).await.unwrap().try_collect().await.unwrap();
        String::from_utf8(chunks.concat()).unwrap()
    }

    fn store() -> (ArtifactStore, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        (ArtifactStore::local(dir.path()).unwrap(), dir)
    }

    #[tokio::test]
    async fn a_file_is_read_back_whole_and_in_part() {
        let (store, dir) = store();
        assert_eq!(store.put(&path("1/a b%2e~[ä].txt"), chunks(&["hello ", "world"])).await.unwrap(), 11);
        assert_eq!(std::fs::read(dir.path().join("1/a b%2e~[ä].txt")).unwrap(), b"hello world");
        let file = store.file(&path("1/a b%2e~[ä].txt")).await.unwrap();
        assert_eq!(
            (file.size(), read(&file, 0..11).await, read(&file, 6..8).await),
            (11, "hello world".into(), "wo".into())
        );
    }

    #[tokio::test]
    async fn a_large_file_is_the_same_wherever_it_is_cut() {
        let (store, dir) = store();
        // Longer than what is written, synced and read at once, and a multiple of none.
        let whole: Vec<u8> = (0..70_000_003_u32).map(|n| n.to_le_bytes()[(n % 3) as usize]).collect();
        let bytes = Bytes::from(whole.clone());
        let pieces: Vec<_> =
            (0..whole.len()).step_by(300_007).map(|at| Ok(bytes.slice(at..(at + 300_007).min(whole.len())))).collect();
        assert_eq!(store.put(&path("d/e/f"), stream::iter(pieces)).await.unwrap(), whole.len() as u64);
        assert!(std::fs::read(dir.path().join("d/e/f")).unwrap() == whole);
        let file = store.file(&path("d/e/f")).await.unwrap();
        for range in [0..file.size(), 0..1, 524_287..524_289, 1_000_000..3_000_000, file.size() - 1..file.size()] {
            let found: Vec<Bytes> = file.read(range.clone()).await.unwrap().try_collect().await.unwrap();
            let (first, end) = (usize::try_from(range.start).unwrap(), usize::try_from(range.end).unwrap());
            assert!(found.concat() == whole[first..end], "{range:?}");
        }
    }

    #[tokio::test]
    async fn an_upload_that_is_dropped_leaves_nothing() {
        let (store, dir) = store();
        let (begun, mut waits) = tokio::sync::oneshot::channel();
        let mut begun = Some(begun);
        let bytes = stream::poll_fn(move |_| {
            // The first poll comes when the staging file is there.
            begun.take().map(|begun| begun.send(())).transpose().unwrap();
            std::task::Poll::<Option<Result<Bytes>>>::Pending
        });
        let (put, path) = (store.clone(), path("a"));
        tokio::select! {
            _ = put.put(&path, bytes) => unreachable!("its bytes never end"),
            begun = &mut waits => begun.unwrap(),
        }
        while std::fs::read_dir(dir.path()).unwrap().count() > 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_broken_upload_leaves_what_was_there() {
        let (store, dir) = store();
        store.put(&path("a"), chunks(&["old"])).await.unwrap();
        let broken = chunks(&["new"]).chain(stream::iter([Err(Error::invalid("cut"))]));
        assert_eq!(store.put(&path("a"), broken).await.unwrap_err().message(), "cut");
        let file = store.file(&path("a")).await.unwrap();
        assert_eq!(read(&file, 0..file.size()).await, "old");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left behind");
    }

    #[tokio::test]
    async fn directories_are_listed_and_deleted_whole() {
        let (store, _dir) = store();
        for name in ["d/x", "d/e/y", "d/e/z", "f", "dd/x"] {
            store.put(&path(name), chunks(&[])).await.unwrap();
        }
        let names = |entries: Vec<ArtifactEntry>| {
            entries.iter().map(|e| format!("{}:{:?}", e.path, e.size)).collect::<Vec<_>>()
        };
        assert_eq!(names(store.list(&path("")).await.unwrap()), ["d:None", "dd:None", "f:Some(0)"]);
        assert_eq!(names(store.list(&path("d")).await.unwrap()), ["d/e:None", "d/x:Some(0)"]);
        assert!(store.list(&path("f")).await.unwrap().is_empty());
        store.delete(&path("d")).await.unwrap();
        store.delete(&path("d")).await.unwrap();
        assert_eq!(names(store.list(&path("")).await.unwrap()), ["dd:None", "f:Some(0)"]);
    }

    #[tokio::test]
    async fn a_directory_is_not_a_file() {
        let (store, _dir) = store();
        store.put(&path("d/x"), chunks(&["x"])).await.unwrap();
        assert_eq!(store.file(&path("d")).await.unwrap_err().kind(), trackside_core::ErrorKind::Invalid);
        for absent in ["no", "no/x", "d/x/y", "d/x/y/z"] {
            let error = store.file(&path(absent)).await.unwrap_err();
            assert_eq!(error.message(), format!("No such artifact: '{absent}'"));
            assert!(store.list(&path(absent)).await.unwrap().is_empty(), "{absent}");
            store.delete(&path(absent)).await.unwrap();
        }
        assert_eq!(
            store.put(&path("d/x/y"), chunks(&["x"])).await.unwrap_err().kind(),
            trackside_core::ErrorKind::Conflict
        );
    }
}
