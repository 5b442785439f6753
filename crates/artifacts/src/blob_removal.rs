//! How contents go that nobody needs, beside servers that may need one again at any moment.
//!
//! A content is set aside first, which is a rename. Whoever looks for it from then on takes it back, which is one too. So
//! whoever removes contents asks once more, after they were set aside, whether somebody needs them: who came before is
//! found, and who comes later either takes the content back or finds none and uploads it. A crash leaves contents aside,
//! where they can still be taken back, and are listed.

use std::collections::BTreeMap;

use trackside_core::{ArtifactPath, Result, Timestamp};

use crate::{
    Blobs, ContentDigest,
    blobs::{directory, path},
};

/// What the names of contents end in that were set aside.
const ASIDE: &str = ".aside";

/// A content that is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldContent {
    /// Its digest.
    pub digest: ContentDigest,
    /// Its bytes.
    pub size: u64,
    /// When it was last written.
    pub written_at: Timestamp,
}

impl Blobs {
    /// Contents whose digests begin with this byte, by digest; those that were set aside as well.
    pub async fn held(&self, first: u8) -> Result<Vec<HeldContent>> {
        let mut held = BTreeMap::new();
        for (name, size, written_at) in self.store.dated(&directory(first)?).await? {
            let digits = name.strip_suffix(ASIDE).unwrap_or(&name);
            // What is of no such name is not ours.
            if let Ok(digest) = ContentDigest::from_hex(digits) {
                held.insert(digest, HeldContent { digest, size, written_at });
            }
        }
        Ok(held.into_values().collect())
    }

    /// Sets a content aside. Harmless when it is already, or not here.
    pub async fn set_aside(&self, digest: &ContentDigest) -> Result<()> {
        self.store.rename(&path(digest)?, &aside(digest)?).await.map(drop)
    }

    /// Takes back a content that was set aside; says whether there was one.
    pub async fn take_back(&self, digest: &ContentDigest) -> Result<bool> {
        self.store.rename(&aside(digest)?, &path(digest)?).await
    }

    /// Removes a content that was set aside. Harmless when there is none.
    pub async fn remove_aside(&self, digest: &ContentDigest) -> Result<()> {
        self.store.remove_file(&aside(digest)?).await
    }
}

fn aside(digest: &ContentDigest) -> Result<ArtifactPath> {
    ArtifactPath::parse(&format!("{}{ASIDE}", path(digest)?))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::stream;

    use super::*;
    use crate::ArtifactStore;

    const HELLO: &str = "5d41402abc4b2a76b9719d911017c592";

    async fn hello(blobs: &Blobs) -> ContentDigest {
        let digest = ContentDigest::from_hex(HELLO).unwrap();
        blobs.put(&digest, stream::iter([Ok(Bytes::from_static(b"hello"))])).await.unwrap();
        digest
    }

    #[tokio::test]
    async fn what_was_set_aside_is_taken_back_by_whoever_looks_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs { store: ArtifactStore::local(dir.path()).unwrap() };
        let digest = hello(&blobs).await;
        let held = blobs.held(0x5d).await.unwrap();
        assert_eq!(held.iter().map(|held| (held.digest, held.size)).collect::<Vec<_>>(), [(digest, 5)]);
        assert!(blobs.held(0x5e).await.unwrap().is_empty());
        for _ in 0..2 {
            blobs.set_aside(&digest).await.unwrap();
        }
        assert_eq!(blobs.held(0x5d).await.unwrap().len(), 1);
        assert_eq!(blobs.size(&digest).await.unwrap(), Some(5));
        // It is back, so nothing of it is removed.
        blobs.remove_aside(&digest).await.unwrap();
        assert_eq!(blobs.size(&digest).await.unwrap(), Some(5));
        assert!(!blobs.take_back(&digest).await.unwrap());
    }

    #[tokio::test]
    async fn what_is_removed_can_come_again() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs { store: ArtifactStore::local(dir.path()).unwrap() };
        let digest = hello(&blobs).await;
        blobs.set_aside(&digest).await.unwrap();
        blobs.remove_aside(&digest).await.unwrap();
        assert_eq!((blobs.size(&digest).await.unwrap(), blobs.held(0x5d).await.unwrap()), (None, vec![]));
        hello(&blobs).await;
        blobs.set_aside(&digest).await.unwrap();
        // An upload comes beside what is aside.
        hello(&blobs).await;
        blobs.remove_aside(&digest).await.unwrap();
        assert_eq!(blobs.size(&digest).await.unwrap(), Some(5));
    }
}
