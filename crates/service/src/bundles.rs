//! Bundles: their contents, what they are called, and where their files are seen.
//!
//! The bytes of a file are kept once, by digest. When a bundle is committed its files get names among the artifacts of
//! the run that made it, `artifacts/<collection>/v<number>/…`, so that whoever reads the run finds them.

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::Stream;
use trackside_artifacts::ContentDigest;
use trackside_core::{
    ArtifactEntry, ArtifactPath, Bundle, BundleChange, BundleFile, BundleId, BundleNumber, BundleRelation, BundleState,
    Collection, CollectionChange, CollectionId, CollectionRole, Error, ErrorKind, Event, ExperimentId, Key, Member,
    NewBundle, NewCollection, Result, RunId, WhichMember, fault,
};

use crate::{ArtifactFile, Service, bundle_files};

/// Files told to the log at once.
const EVENTS_AT_ONCE: usize = 1_000;
/// Members of a collection read at once.
const PAGE: usize = 100;
/// Files of a bundle read at once.
const FILES: usize = 5_000;

/// A file of a bundle as a door gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleEntry {
    /// What is stored of it.
    pub file: BundleFile,
    /// The content that it has here; `None` for a reference.
    pub content: Option<ContentDigest>,
}

impl Service {
    /// The collection of that name, made where there is none.
    pub async fn ensure_collection(
        &self,
        experiment: ExperimentId,
        name: Key,
        kind: Key,
        role: CollectionRole,
    ) -> Result<Collection> {
        // It becomes a directory.
        if role == CollectionRole::Versions && bundle_files::folder(name.as_str(), 0).is_none() {
            return Err(Error::invalid(format!("'{name}' cannot be the name of an artifact")));
        }
        let created_at = self.parts.clock.now();
        self.store().ensure_collection(NewCollection { experiment, name, kind, role, created_at }).await
    }

    /// By id. `NotFound` when there is none.
    pub async fn collection(&self, id: CollectionId) -> Result<Collection> {
        self.store().collection(id).await?.ok_or_else(|| fault::collection_not_found(id))
    }

    /// By name.
    pub async fn collection_named(&self, experiment: ExperimentId, name: &Key) -> Result<Option<Collection>> {
        self.store().collection_named(experiment, name).await
    }

    /// A page of the collections of an experiment.
    pub async fn collections(
        &self,
        experiment: ExperimentId,
        after: Option<CollectionId>,
        limit: usize,
    ) -> Result<Vec<Collection>> {
        self.store().collections(experiment, after, limit).await
    }

    /// Applies one change. A collection that is deleted takes the files of its bundles with it.
    pub async fn change_collection(&self, id: CollectionId, change: CollectionChange) -> Result<()> {
        if change == CollectionChange::Delete && self.collection(id).await?.role == CollectionRole::Versions {
            let mut before = None;
            loop {
                let members = self.store().members(id, before, PAGE).await?;
                let Some(last) = members.last() else { break };
                before = Some(last.number);
                for member in &members {
                    self.remove_files(&member.bundle).await?;
                }
            }
        }
        self.store().change_collection(id, change, self.parts.clock.now()).await
    }

    /// Creates a pending bundle, or finds the same.
    pub async fn create_bundle(&self, new: NewBundle) -> Result<Bundle> {
        self.store().create_bundle(new).await
    }

    /// By id. `NotFound` when there is none.
    pub async fn bundle(&self, id: BundleId) -> Result<Bundle> {
        self.store().bundle(id).await?.ok_or_else(|| fault::bundle_not_found(id))
    }

    /// By what the client calls it.
    pub async fn bundle_of_client(&self, client_id: &str) -> Result<Option<BundleId>> {
        self.store().bundle_of_client(client_id).await
    }

    /// Notes files that a pending bundle will have; says of each whether its content is here already.
    pub async fn announce_bundle_files(&self, id: BundleId, entries: Vec<BundleEntry>) -> Result<Vec<bool>> {
        let contents: Vec<_> = entries.iter().map(|entry| entry.content).collect();
        let files = entries.into_iter().map(|entry| entry.file).collect();
        self.store().add_bundle_files(id, files).await?;
        let blobs = self.parts.artifacts.blobs();
        let mut here = Vec::with_capacity(contents.len());
        for content in contents {
            here.push(match content {
                Some(digest) => blobs.size(&digest).await?.is_some(),
                None => true,
            });
        }
        Ok(here)
    }

    /// Keeps a content. `Invalid`, and nothing is kept, when its digest is another.
    pub async fn put_content(
        &self,
        digest: &ContentDigest,
        bytes: impl Stream<Item = Result<Bytes>> + Send,
    ) -> Result<u64> {
        self.parts.artifacts.blobs().put(digest, bytes).await
    }

    /// The content of a digest. `NotFound` when it is not here.
    pub async fn content(&self, digest: &ContentDigest) -> Result<ArtifactFile> {
        self.parts.artifacts.blobs().file(digest).await
    }

    /// Makes a pending bundle whole. `Invalid` when the content of a file is not here. Harmless to repeat.
    pub async fn commit_bundle(&self, id: BundleId, entries: Vec<BundleEntry>) -> Result<Bundle> {
        // Two that commit one bundle would give the same names at once.
        let _turn = self.commits.lock().await;
        let bundle = self.bundle(id).await?;
        if bundle.state == BundleState::Committed {
            return Ok(bundle);
        }
        // Before it is looked whether contents are here, so that none of them is removed.
        self.announce_others(&bundle, &entries).await?;
        let blobs = self.parts.artifacts.blobs();
        let (mut files, mut names) = (Vec::with_capacity(entries.len()), Vec::new());
        for BundleEntry { mut file, content } in entries {
            if let Some(digest) = content {
                let size = blobs.size(&digest).await?;
                file.size = size
                    .ok_or_else(|| Error::invalid(format!("the content of '{}' has not been uploaded", file.path)))?;
                names.push((digest, file.path.clone()));
            }
            files.push(file);
        }
        let number = self.store().number_bundle(id).await?;
        let stored = self.name_files(&bundle, number, &files, names).await?;
        let committed = self.store().commit_bundle(id, files, self.parts.clock.now()).await?;
        if let Some(run) = &bundle.run {
            for part in stored.chunks(EVENTS_AT_ONCE) {
                self.log_all_of_run(run, part.iter().cloned().map(Event::ArtifactStored).collect()).await?;
            }
        }
        Ok(committed)
    }

    /// Notes what has to be known of a pending bundle, made from what is noted now. No other such note comes between.
    pub async fn redraft_bundle(
        &self,
        id: BundleId,
        update: impl FnOnce(&Bundle) -> Result<String> + Send,
    ) -> Result<()> {
        let _turn = self.commits.lock().await;
        let draft = update(&self.bundle(id).await?)?;
        self.store().change_bundle(id, BundleChange::Draft(draft), self.parts.clock.now()).await
    }

    /// Applies one change. A bundle that is deleted takes its files with it.
    pub async fn change_bundle(&self, id: BundleId, change: BundleChange) -> Result<()> {
        if change == BundleChange::Delete {
            let bundle = self.bundle(id).await?;
            self.remove_files(&bundle).await?;
        }
        self.store().change_bundle(id, change, self.parts.clock.now()).await
    }

    /// A page of the files of a bundle, by path.
    pub async fn bundle_files(
        &self,
        id: BundleId,
        after: Option<&ArtifactPath>,
        limit: usize,
    ) -> Result<Vec<BundleFile>> {
        self.store().bundle_files(id, after, limit).await
    }

    /// One member of a collection.
    pub async fn member(&self, collection: CollectionId, which: WhichMember) -> Result<Option<Member>> {
        self.store().member(collection, which).await
    }

    /// A page of the members of a collection, the highest number first.
    pub async fn members(
        &self,
        collection: CollectionId,
        before: Option<BundleNumber>,
        limit: usize,
    ) -> Result<Vec<Member>> {
        self.store().members(collection, before, limit).await
    }

    /// Where a bundle is a member, its home first.
    pub async fn memberships(&self, id: BundleId) -> Result<Vec<Member>> {
        self.store().memberships(id).await
    }

    /// A page of the bundles that a run has to do with.
    pub async fn bundles_of_run(
        &self,
        run: &RunId,
        relation: BundleRelation,
        after: Option<BundleId>,
        limit: usize,
    ) -> Result<Vec<Member>> {
        self.store().bundles_of_run(run, relation, after, limit).await
    }

    /// The runs that use a bundle.
    pub async fn users_of_bundle(&self, id: BundleId) -> Result<Vec<RunId>> {
        self.store().users_of_bundle(id).await
    }

    /// Where the files of a bundle are among the artifacts of the run that made it; `None` when no run did.
    pub async fn bundle_folder(&self, bundle: &Bundle) -> Result<Option<(RunId, ArtifactPath)>> {
        Ok(bundle_files::folder_of(bundle, &self.collection(bundle.home).await?))
    }

    /// Notes those files of a bundle that nobody has announced: they were in the one that it was made from.
    async fn announce_others(&self, bundle: &Bundle, entries: &[BundleEntry]) -> Result<()> {
        let kept = entries.iter().map(|entry| &entry.file).filter(|file| file.reference.is_none());
        let mut others: HashMap<_, _> = kept.map(|file| (&file.path, file)).collect();
        let mut after = None;
        loop {
            let page = self.store().bundle_files(bundle.id, after.as_ref(), FILES).await?;
            let Some(last) = page.last() else { break };
            for announced in &page {
                if others.get(&announced.path).is_some_and(|file| file.digest == announced.digest) {
                    others.remove(&announced.path);
                }
            }
            after = Some(last.path.clone());
        }
        if others.is_empty() {
            return Ok(());
        }
        self.store().add_bundle_files(bundle.id, others.into_values().cloned().collect()).await
    }

    /// Gives the contents their names in the run; what came of it.
    async fn name_files(
        &self,
        bundle: &Bundle,
        number: BundleNumber,
        files: &[BundleFile],
        names: Vec<(ContentDigest, ArtifactPath)>,
    ) -> Result<Vec<ArtifactEntry>> {
        let numbered = Bundle { number: Some(number), ..bundle.clone() };
        let Some((run, folder)) = self.bundle_folder(&numbered).await? else { return Ok(Vec::new()) };
        let uri = self.run(&run).await?.info.artifact_uri;
        let (root, base) = match self.parts.artifacts.locate(&uri) {
            Ok(located) => located,
            // The run keeps its artifacts where the server cannot write. The bundle is whole without them.
            Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let base = base.join(&folder);
        let names = names.into_iter().map(|(digest, path)| (digest, base.join(&path))).collect();
        self.parts.artifacts.blobs().link(root, names).await?;
        let kept = files.iter().filter(|file| file.reference.is_none());
        Ok(kept.map(|file| ArtifactEntry { path: folder.join(&file.path), size: Some(file.size) }).collect())
    }

    async fn remove_files(&self, bundle: &Bundle) -> Result<()> {
        let Some((run, folder)) = self.bundle_folder(bundle).await? else { return Ok(()) };
        if !bundle_files::remove(self.store(), &self.parts.artifacts, &run, &folder).await? {
            return Ok(());
        }
        self.log_all_of_run(&run, vec![Event::ArtifactDeleted(folder)]).await
    }
}
