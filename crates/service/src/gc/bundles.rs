//! Bundles whose lifetime is over.

use std::fmt;

use trackside_core::{
    ArtifactPath, Bundle, BundleChange, BundleId, BundleNumber, ErrorKind, Event, Key, PageRequest, Query, Result,
    RunId, fault,
    query::{Compare, Filter, ModelVersionField, Test},
};

use super::{Gc, GcRequest, PAGE, Removed};
use crate::bundle_files;

/// A bundle whose lifetime is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiredBundle {
    /// Its id.
    pub id: BundleId,
    /// Name of its collection.
    pub collection: Key,
    /// Its number there.
    pub number: BundleNumber,
    /// Bytes of all its files.
    pub size: u64,
}

impl fmt::Display for ExpiredBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "artifact {}:v{}", self.collection, self.number)
    }
}

impl Gc {
    /// Bundles whose lifetime is over for as long as was asked for. Who has an alias other than `latest`, or is linked
    /// somewhere, is kept all the same. Changes nothing.
    pub async fn expired_bundles(&self, request: &GcRequest) -> Result<Vec<ExpiredBundle>> {
        let until = self.until(request).unwrap_or_else(|| self.clock.now());
        let (mut expired, mut after) = (Vec::new(), None);
        loop {
            let ids = self.store.expired_bundles(until, after, PAGE).await?;
            let Some(last) = ids.last() else { return Ok(expired) };
            after = Some(*last);
            for id in ids {
                let Some(bundle) = self.store.bundle(id).await? else { continue };
                if !self.is_linked(id).await? {
                    expired.extend(self.described(&bundle).await?);
                }
            }
        }
    }

    /// Removes one, with its files, unless somebody has found a use for it meanwhile. Harmless to repeat.
    pub async fn remove_bundle(&self, expired: &ExpiredBundle, request: &GcRequest) -> Result<Removed> {
        let until = self.until(request).unwrap_or_else(|| self.clock.now());
        let before = BundleId::new(expired.id.get().saturating_sub(1));
        let still = self.store.expired_bundles(until, Some(before), 1).await?.contains(&expired.id);
        let bundle = self.store.bundle(expired.id).await?;
        let Some(bundle) = bundle.filter(|_| still) else { return Ok(Removed::NoMore) };
        if self.is_linked(expired.id).await? {
            return Ok(Removed::NoMore);
        }
        let home = self.store.collection(bundle.home).await?.ok_or_else(|| fault::collection_not_found(bundle.home))?;
        let mut removed = Removed::Whole;
        if let Some((run, folder)) = bundle_files::folder_of(&bundle, &home) {
            if bundle_files::remove(self.store.as_ref(), &self.artifacts, &run, &folder).await? {
                self.tell(&run, folder).await?;
            } else {
                removed = Removed::ArtifactsLeft;
            }
        }
        match self.store.change_bundle(expired.id, BundleChange::Delete, self.clock.now()).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Removed::NoMore),
            deleted => deleted.map(|()| removed),
        }
    }

    async fn described(&self, bundle: &Bundle) -> Result<Option<ExpiredBundle>> {
        let (Some(number), Some(home)) = (bundle.number, self.store.collection(bundle.home).await?) else {
            return Ok(None);
        };
        Ok(Some(ExpiredBundle { id: bundle.id, collection: home.name, number, size: bundle.size }))
    }

    async fn is_linked(&self, id: BundleId) -> Result<bool> {
        let Some(tag) = &self.link_tag else { return Ok(false) };
        let filter = Filter::Field(ModelVersionField::Tag(tag.clone()), Test::Text(Compare::Equal, id.to_string()));
        let query = Query { filter, ..Query::default() };
        Ok(!self.store.search_model_versions(query, PageRequest::first(1)).await?.items.is_empty())
    }

    async fn tell(&self, run: &RunId, folder: ArtifactPath) -> Result<()> {
        if self.log.as_ref().is_none_or(|log| !log.is_logging()) {
            return Ok(());
        }
        self.store.append(run, vec![Event::ArtifactDeleted(folder)]).await
    }
}
