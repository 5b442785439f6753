//! Contents that no bundle needs any more.
//!
//! A server beside this may say at any moment that a content is here already and need not be uploaded. It notes the file
//! first and looks for the content then; here a content is set aside first, and whether it is noted is asked then. Either
//! way round nobody is left without (`artifacts::blob_removal`). So an upload on its way, a draft and whatever was announced
//! keep their contents, however long they take.

use std::collections::HashSet;

use trackside_artifacts::HeldContent;
use trackside_core::Result;

use super::{Gc, GcRequest};

/// Contents asked about, and set aside, at once.
const AT_ONCE: usize = 500;

impl Gc {
    /// Contents that nobody needs, and that are here for as long as was asked for, of those whose digests begin with this
    /// byte. Changes nothing.
    pub async fn unneeded_contents(&self, first: u8, request: &GcRequest) -> Result<Vec<HeldContent>> {
        let until = self.until(request);
        let mut held = self.artifacts.blobs().held(first).await?;
        held.retain(|content| until.is_none_or(|until| content.written_at <= until));
        let mut found = Vec::new();
        for part in held.chunks(AT_ONCE) {
            let unneeded = self.unneeded(part).await?;
            found.extend(part.iter().filter(|content| unneeded.contains(&content.digest.base64())));
        }
        Ok(found)
    }

    /// Removes contents; returns those that nobody has needed meanwhile.
    pub async fn remove_contents(&self, contents: &[HeldContent]) -> Result<Vec<HeldContent>> {
        let blobs = self.artifacts.blobs();
        let mut removed = Vec::new();
        for part in contents.chunks(AT_ONCE) {
            for content in part {
                blobs.set_aside(&content.digest).await?;
            }
            let unneeded = self.unneeded(part).await?;
            for content in part {
                if unneeded.contains(&content.digest.base64()) {
                    blobs.remove_aside(&content.digest).await?;
                    removed.push(*content);
                } else {
                    blobs.take_back(&content.digest).await?;
                }
            }
        }
        Ok(removed)
    }

    async fn unneeded(&self, contents: &[HeldContent]) -> Result<HashSet<String>> {
        let digests = contents.iter().map(|content| content.digest.base64()).collect();
        Ok(self.store.unneeded_digests(digests).await?.into_iter().collect())
    }
}
