use std::fmt;

use async_trait::async_trait;

use crate::{
    ArtifactPath, Bundle, BundleChange, BundleFile, BundleId, BundleNumber, BundleRelation, Collection,
    CollectionChange, CollectionId, ExperimentId, Key, Member, NewBundle, NewCollection, Result, RunId, Timestamp,
    WhichMember,
};

/// Collections of the system of record.
#[async_trait]
pub trait Collections: fmt::Debug + Send + Sync + 'static {
    /// The collection of that name, made where there is none.
    async fn ensure_collection(&self, new: NewCollection) -> Result<Collection>;

    /// By id.
    async fn collection(&self, id: CollectionId) -> Result<Option<Collection>>;

    /// By name.
    async fn collection_named(&self, experiment: ExperimentId, name: &Key) -> Result<Option<Collection>>;

    /// Those of an experiment behind this one, at most so many, by id.
    async fn collections(
        &self,
        experiment: ExperimentId,
        after: Option<CollectionId>,
        limit: usize,
    ) -> Result<Vec<Collection>>;

    /// Applies one change; its variants say what each needs. `NotFound` when there is no such collection.
    async fn change_collection(&self, id: CollectionId, change: CollectionChange, at: Timestamp) -> Result<()>;
}

/// Bundles of the system of record.
#[async_trait]
pub trait Bundles: fmt::Debug + Send + Sync + 'static {
    /// Creates a pending bundle. Where the home has a committed one of the same digest, that is returned instead, and
    /// gets the aliases and, if there is one, the lifetime; so is the one that the client gave the same id before, whatever its state.
    async fn create_bundle(&self, new: NewBundle) -> Result<Bundle>;

    /// By id.
    async fn bundle(&self, id: BundleId) -> Result<Option<Bundle>>;

    /// By what the client calls it, or its home, of which it is the latest.
    async fn bundle_of_client(&self, client_id: &str) -> Result<Option<BundleId>>;

    /// Adds files to a pending bundle (`Conflict`); one of the same path is replaced. `NotFound` when there is none.
    async fn add_bundle_files(&self, id: BundleId, files: Vec<BundleFile>) -> Result<()>;

    /// Gives a pending bundle (`Conflict`) its number; once more, the same. `NotFound` when there is none.
    async fn number_bundle(&self, id: BundleId) -> Result<BundleNumber>;

    /// Makes a pending bundle whole, with exactly these files, and a member of its home. Harmless when it is committed;
    /// `Conflict` when it is deleted, `NotFound` when there is none.
    async fn commit_bundle(&self, id: BundleId, files: Vec<BundleFile>, at: Timestamp) -> Result<Bundle>;

    /// Applies one change; its variants say what each needs. `NotFound` when there is no such bundle, or it is deleted.
    async fn change_bundle(&self, id: BundleId, change: BundleChange, at: Timestamp) -> Result<()>;

    /// Files of a bundle behind this path, at most so many, by path.
    async fn bundle_files(&self, id: BundleId, after: Option<&ArtifactPath>, limit: usize) -> Result<Vec<BundleFile>>;

    /// One member of a collection.
    async fn member(&self, collection: CollectionId, which: WhichMember) -> Result<Option<Member>>;

    /// Members of a collection with lower numbers than this, at most so many, the highest first.
    async fn members(
        &self,
        collection: CollectionId,
        before: Option<BundleNumber>,
        limit: usize,
    ) -> Result<Vec<Member>>;

    /// Where a bundle is a member, its home first.
    async fn memberships(&self, id: BundleId) -> Result<Vec<Member>>;

    /// Bundles that a run has to do with, behind this one, at most so many, as members of their homes, by id.
    async fn bundles_of_run(
        &self,
        run: &RunId,
        relation: BundleRelation,
        after: Option<BundleId>,
        limit: usize,
    ) -> Result<Vec<Member>>;

    /// The runs that use a bundle, in the order in which they began to, at most a thousand.
    async fn users_of_bundle(&self, id: BundleId) -> Result<Vec<RunId>>;

    /// Of these digests those that no file of a bundle has that is kept here, and that no draft of a pending one spells.
    async fn unneeded_digests(&self, digests: Vec<String>) -> Result<Vec<String>>;

    /// Committed bundles whose lifetime had ended by then, behind this one, at most so many, by id. Not those that are
    /// members elsewhere than at home, or have another alias than `latest`, which comes by itself.
    async fn expired_bundles(&self, until: Timestamp, after: Option<BundleId>, limit: usize) -> Result<Vec<BundleId>>;
}
