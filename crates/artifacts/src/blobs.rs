//! Files that are known by their content: each is kept once, however many names it gets.
//!
//! They lie below the proxied root, in a directory that no client reaches by path, as `.blobs/md5/<2 digits>/<digits>`.
//! A name is a hard link where both lie on one file system, so it takes no room and outlives the blob. Nothing ever
//! writes into a published file, so names of one content cannot harm each other.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use md5::{Digest, Md5};
use trackside_core::{ArtifactPath, Error, ErrorKind, Result};

use crate::{ArtifactFile, ArtifactStore};

/// How often a content is looked for that somebody may be removing at the same time, and takes back.
const LOOKS: usize = 4;

/// The directory of the proxied root that is nobody's but ours.
const RESERVED: &str = ".blobs";

/// The MD5 of a content: what clients tell contents apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentDigest([u8; 16]);

impl ContentDigest {
    /// From its bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// From 32 hexadecimal digits; `Invalid` for anything else.
    pub fn from_hex(text: &str) -> Result<Self> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| Error::invalid(format!("'{text}' is no MD5")))?;
        Ok(Self(bytes))
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// As it is stored of files: in base64.
    pub fn base64(&self) -> String {
        BASE64_STANDARD.encode(self.0)
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Whether a path of a root is ours alone. Some file systems do not tell upper case from lower.
pub fn is_reserved(path: &ArtifactPath) -> bool {
    path.as_str().split('/').next().is_some_and(|first| first.eq_ignore_ascii_case(RESERVED))
}

/// Contents by digest.
#[derive(Debug, Clone)]
pub struct Blobs {
    pub(crate) store: ArtifactStore,
}

impl Blobs {
    pub(crate) fn new(store: ArtifactStore) -> Self {
        Self { store }
    }

    /// How many bytes the content of this digest has, if it is here.
    pub async fn size(&self, digest: &ContentDigest) -> Result<Option<u64>> {
        match self.file(digest).await {
            Ok(file) => Ok(Some(file.size())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The content of this digest. `NotFound` when it is not here.
    pub async fn file(&self, digest: &ContentDigest) -> Result<ArtifactFile> {
        let (path, mut was_absent) = (path(digest)?, false);
        for _ in 1..LOOKS {
            match self.store.file_anywhere(&path).await {
                // Somebody may be about to remove it. Whoever does may also have taken it back just now, so it is looked for
                // twice.
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let is_absent = !self.take_back(digest).await?;
                    if is_absent && was_absent {
                        return Err(error);
                    }
                    was_absent = is_absent;
                }
                found => return found,
            }
        }
        self.store.file_anywhere(&path).await
    }

    /// Keeps a content. `Invalid`, and nothing is kept, when its digest is another.
    pub async fn put(&self, digest: &ContentDigest, bytes: impl Stream<Item = Result<Bytes>> + Send) -> Result<u64> {
        self.store.put_anywhere(&path(digest)?, checked(*digest, bytes)).await
    }

    /// Gives contents names in a root, in place of what has them. `NotFound` when a content is not here.
    pub async fn link(&self, root: &ArtifactStore, names: Vec<(ContentDigest, ArtifactPath)>) -> Result<()> {
        let paths = names.iter().map(|(digest, name)| Ok((path(digest)?, name.clone()))).collect::<Result<Vec<_>>>()?;
        for _ in 1..LOOKS {
            match self.store.link_into(root, paths.clone()).await {
                // As above, while names were given.
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    for (digest, _) in &names {
                        self.file(digest).await?;
                    }
                }
                linked => return linked,
            }
        }
        self.store.link_into(root, paths).await
    }
}

/// Where a content lies.
pub(crate) fn path(digest: &ContentDigest) -> Result<ArtifactPath> {
    Ok(directory(digest.0[0])?.join(&ArtifactPath::parse(&digest.to_string())?))
}

/// Where contents lie whose digests begin so.
pub(crate) fn directory(first: u8) -> Result<ArtifactPath> {
    ArtifactPath::parse(&format!("{RESERVED}/md5/{first:02x}"))
}

/// The same bytes, and an error behind the last where they are others than they should be.
fn checked(
    expected: ContentDigest,
    bytes: impl Stream<Item = Result<Bytes>> + Send,
) -> impl Stream<Item = Result<Bytes>> + Send {
    let state = (Box::pin(bytes), Some(Md5::new()));
    futures_util::stream::unfold(state, move |(mut bytes, hash)| async move {
        let mut hash = hash?;
        match bytes.next().await {
            Some(Ok(chunk)) => {
                hash.update(&chunk);
                Some((Ok(chunk), (bytes, Some(hash))))
            }
            Some(Err(error)) => Some((Err(error), (bytes, None))),
            None => {
                let found = ContentDigest(hash.finalize().into());
                let wrong = || Error::invalid(format!("the content has the MD5 {found}, not {expected}"));
                (found != expected).then(|| (Err(wrong()), (bytes, None)))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use futures_util::{TryStreamExt, stream};

    use super::*;

    fn content(text: &'static str) -> (ContentDigest, impl Stream<Item = Result<Bytes>>) {
        let bytes = Bytes::from_static(text.as_bytes());
        let digest = ContentDigest(Md5::digest(&bytes).into());
        let middle = bytes.len() / 2;
        (digest, stream::iter([Ok(bytes.slice(..middle)), Ok(bytes.slice(middle..))]))
    }

    fn name(text: &str) -> ArtifactPath {
        ArtifactPath::parse(text).unwrap()
    }

    async fn read(root: &ArtifactStore, path: &str) -> String {
        let file = root.file(&name(path)).await.unwrap();
        let chunks: Vec<Bytes> = file.read(0..file.size()).await.unwrap().try_collect().await.unwrap();
        String::from_utf8(chunks.concat()).unwrap()
    }

    #[tokio::test]
    async fn a_content_is_kept_under_its_own_digest_only() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(ArtifactStore::local(dir.path()).unwrap());
        let ((digest, bytes), (other, _)) = (content("hello"), content("other"));
        assert_eq!(digest.to_string(), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(ContentDigest::from_hex(&digest.to_string()).unwrap(), digest);
        assert_eq!(blobs.size(&digest).await.unwrap(), None);
        let refused = blobs.put(&other, bytes).await.unwrap_err();
        assert!(refused.message().contains("5d41402abc4b2a76b9719d911017c592"), "{refused}");
        assert_eq!(blobs.size(&other).await.unwrap(), None);
        assert_eq!(blobs.put(&digest, content("hello").1).await.unwrap(), 5);
        assert_eq!(blobs.size(&digest).await.unwrap(), Some(5));
        assert_eq!(blobs.put(&digest, content("hello").1).await.unwrap(), 5);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn names_share_the_bytes_and_outlive_each_other() {
        use std::os::unix::fs::MetadataExt;

        let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = ArtifactStore::local(dir.path()).unwrap();
        let other = ArtifactStore::local(elsewhere.path()).unwrap();
        let blobs = Blobs::new(root.clone());
        let (digest, bytes) = content("hello");
        blobs.put(&digest, bytes).await.unwrap();
        root.put(&name("r/b"), content("old").1).await.unwrap();
        blobs.link(&root, vec![(digest, name("r/d/a")), (digest, name("r/b"))]).await.unwrap();
        blobs.link(&root, vec![(digest, name("r/d/a"))]).await.unwrap();
        blobs.link(&other, vec![(digest, name("x"))]).await.unwrap();
        assert_eq!((read(&root, "r/d/a").await, read(&root, "r/b").await), ("hello".to_owned(), "hello".to_owned()));
        assert_eq!(read(&other, "x").await, "hello");
        let inode = |path: &str| std::fs::metadata(dir.path().join(path)).unwrap().ino();
        assert_eq!(inode("r/d/a"), inode("r/b"));
        root.put(&name("r/b"), content("new").1).await.unwrap();
        assert_eq!(read(&root, "r/d/a").await, "hello");
        root.delete(&name("r")).await.unwrap();
        assert_eq!(blobs.size(&digest).await.unwrap(), Some(5));
        let missing = blobs.link(&root, vec![(content("none").0, name("x"))]).await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn nobody_else_reaches_them() {
        let dir = tempfile::tempdir().unwrap();
        let root = ArtifactStore::local(dir.path()).unwrap();
        let blobs = Blobs::new(root.clone());
        let (digest, bytes) = content("hello");
        blobs.put(&digest, bytes).await.unwrap();
        root.put(&name("1/.blobs/a"), content("a run's own").1).await.unwrap();
        // However a path was put together.
        let below = name("").join(&path(&digest).unwrap());
        for refused in [
            root.file(&below).await.map(drop),
            root.put(&below, content("other").1).await.map(drop),
            root.list(&name(".blobs/md5")).await.map(drop),
            root.delete(&name(".blobs")).await,
            root.delete(&name("")).await,
        ] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::Invalid);
        }
        let listed: Vec<_> = root.list(&name("")).await.unwrap().iter().map(|entry| entry.path.to_string()).collect();
        assert_eq!(listed, ["1"]);
        assert_eq!(root.list(&name("1/.blobs")).await.unwrap().len(), 1);
        assert_eq!(blobs.size(&digest).await.unwrap(), Some(5));
    }

    #[test]
    fn the_directory_is_told_apart() {
        assert!(is_reserved(&name(".blobs")) && is_reserved(&name(".blobs/md5/a")));
        assert!(is_reserved(&name(".Blobs/md5")));
        assert!(!is_reserved(&name("1/.blobs")) && !is_reserved(&name(".blobsx")) && !is_reserved(&name("")));
        for bad in ["", "5d41402abc4b2a76b9719d911017c59", "5d41402abc4b2a76b9719d911017c59g", "../../../etc"] {
            assert!(ContentDigest::from_hex(bad).is_err(), "{bad}");
        }
    }
}
