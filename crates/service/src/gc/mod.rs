//! Removing for good what is in the bin: artifacts first, then rows. Elsewhere: bundles whose lifetime is over
//! (`bundles.rs`), and contents that nobody needs (`contents.rs`).
//!
//! Works beside a running server: what is removed cannot be restored meanwhile, and each transaction is small. A crash
//! leaves what was begun in the bin, where the next one finds it.

mod bundles;
mod contents;

use std::{collections::HashSet, fmt, sync::Arc, time::Duration};

use trackside_artifacts::Artifacts;
use trackside_core::{
    Clock, ErrorKind, ExperimentId, Key, LoggedModelId, PageRequest, Query, Result, RunId, Store, Timestamp, fault,
    store::{BinEntry, BinItem, BinKind, BinQuery, Outbox},
};

pub use bundles::ExpiredBundle;

/// Entries read at once.
const PAGE: usize = 500;

/// What is to be removed. When nothing is named, the whole bin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GcRequest {
    /// Only what is in the bin for so long.
    pub older_than: Option<Duration>,
    /// These runs.
    pub runs: Vec<RunId>,
    /// These experiments, with all their runs and logged models, which must be in the bin as well.
    pub experiments: Vec<ExperimentId>,
    /// These logged models.
    pub logged_models: Vec<LoggedModelId>,
}

impl GcRequest {
    /// Whether all that nobody needs is to be removed.
    pub fn names_nothing(&self) -> bool {
        self.runs.is_empty() && self.experiments.is_empty() && self.logged_models.is_empty()
    }
}

/// What became of something that was to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// It is gone, with its artifacts.
    Whole,
    /// It is gone, but its artifacts lie where this server does not reach.
    ArtifactsLeft,
    /// It was restored or removed by somebody else meanwhile, or is an experiment that is not empty.
    NoMore,
}

/// Removes for good what is in the bin.
#[derive(Debug, Clone)]
pub struct Gc {
    /// The system of record.
    pub store: Arc<dyn Store>,
    /// Its log, where destinations may follow what is removed before it was deleted.
    pub log: Option<Arc<dyn Outbox>>,
    /// The roots of artifacts.
    pub artifacts: Artifacts,
    /// The tag by which versions of models are known that are bundles: its value is the id.
    pub link_tag: Option<Key>,
    /// The present instant.
    pub clock: Arc<dyn Clock>,
}

impl Gc {
    /// What is to be removed, in the order in which that goes: runs, logged models, experiments. Changes nothing.
    ///
    /// `NotFound` or `Conflict` when something that is named is not there, is not in the bin, or not for long enough.
    pub async fn plan(&self, request: &GcRequest) -> Result<Vec<BinEntry>> {
        let until = self.until(request);
        let (mut entries, mut experiments) = (Vec::new(), Vec::new());
        if request.names_nothing() {
            for kind in [BinKind::Runs, BinKind::LoggedModels] {
                entries.extend(self.listed(kind, until, None).await?);
            }
            experiments = self.listed(BinKind::Experiments, until, None).await?;
        }
        let runs = request.runs.iter().cloned().map(BinItem::Run);
        let models = request.logged_models.iter().cloned().map(BinItem::LoggedModel);
        for item in runs.chain(models) {
            entries.push(self.named(&item, until).await?);
        }
        for id in &request.experiments {
            experiments.push(self.named(&BinItem::Experiment(*id), until).await?);
            if self.is_used(*id).await? {
                return Err(fault::experiment_not_empty(*id));
            }
            for kind in [BinKind::Runs, BinKind::LoggedModels] {
                entries.extend(self.listed(kind, None, Some(*id)).await?);
            }
        }
        entries.extend(experiments);
        let mut seen = HashSet::new();
        entries.retain(|entry| seen.insert(entry.item.clone()));
        Ok(entries)
    }

    /// Removes one thing that was planned.
    pub async fn remove(&self, entry: &BinEntry) -> Result<Removed> {
        // It may have been restored, and deleted again, since it was planned.
        match self.store.doom(&entry.item, Some(entry.deleted_at)).await {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Conflict) => {
                return Ok(Removed::NoMore);
            }
            doomed => doomed?,
        }
        let removed = match entry.item {
            // Those of its runs and logged models are gone.
            BinItem::Experiment(id) => self.remove_files_of_traces(id).await?,
            _ => self.remove_artifacts(&entry.artifact_uri).await?,
        };
        loop {
            match self.store.purge(&entry.item).await {
                Ok(true) => {}
                Ok(false) => return Ok(removed),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Removed::NoMore),
                Err(error) => return Err(error),
            }
        }
    }

    /// Removes all that is in the bin, or needed by nobody, for so long; returns how many things. What cannot be removed
    /// is told and left to the next time.
    pub async fn remove_older(&self, age: Duration) -> Result<u64> {
        let mut count = 0;
        let request = GcRequest { older_than: Some(age), ..GcRequest::default() };
        for entry in self.plan(&request).await? {
            let removed = self.remove(&entry).await;
            count += counted(&entry.item, removed);
        }
        for expired in self.expired_bundles(&request).await? {
            let removed = self.remove_bundle(&expired, &request).await;
            count += counted(&expired, removed);
        }
        for first in 0..=u8::MAX {
            let unneeded = self.unneeded_contents(first, &request).await?;
            count += self.remove_contents(&unneeded).await?.len() as u64;
        }
        Ok(count)
    }

    /// Each by itself: several experiments may share a location.
    async fn remove_files_of_traces(&self, experiment: ExperimentId) -> Result<Removed> {
        let (mut removed, mut page) = (Removed::Whole, PageRequest::first(PAGE));
        loop {
            let traces = self.store.search_traces(vec![experiment], Query::default(), page).await?;
            for trace in traces.items {
                if self.remove_artifacts(&trace.artifact_uri).await? == Removed::ArtifactsLeft {
                    removed = Removed::ArtifactsLeft;
                }
            }
            let Some(next) = traces.next else { return Ok(removed) };
            page = PageRequest { limit: PAGE, after: Some(next) };
        }
    }

    async fn remove_artifacts(&self, uri: &str) -> Result<Removed> {
        match self.artifacts.locate(uri) {
            // The root of all artifacts is nobody's own.
            Ok((_, path)) if path.is_root() => Ok(Removed::ArtifactsLeft),
            Ok((store, path)) => store.delete(&path).await.map(|()| Removed::Whole),
            Err(error) if matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Invalid) => {
                Ok(Removed::ArtifactsLeft)
            }
            Err(error) => Err(error),
        }
    }

    async fn listed(
        &self,
        kind: BinKind,
        deleted_until: Option<Timestamp>,
        experiment: Option<ExperimentId>,
    ) -> Result<Vec<BinEntry>> {
        let mut entries: Vec<BinEntry> = Vec::new();
        loop {
            let after = entries.last().map_or(0, |entry| entry.place);
            let page = self.store.bin(BinQuery { kind, deleted_until, experiment, after, limit: PAGE }).await?;
            let is_last = page.len() < PAGE;
            entries.extend(page);
            if is_last {
                return Ok(entries);
            }
        }
    }

    async fn named(&self, item: &BinItem, until: Option<Timestamp>) -> Result<BinEntry> {
        let entry = self.store.binned(item).await?.ok_or_else(|| fault::not_in_bin(item))?;
        if until.is_some_and(|until| entry.deleted_at > until) {
            return Err(fault::too_young(item));
        }
        Ok(entry)
    }

    /// Whether something in an experiment is not in the bin.
    async fn is_used(&self, id: ExperimentId) -> Result<bool> {
        let runs = self.store.search_runs(vec![id], Query::default(), PageRequest::first(1)).await?;
        let models = self.store.search_logged_models(vec![id], Query::default(), PageRequest::first(1)).await?;
        Ok(!runs.items.is_empty() || !models.items.is_empty())
    }

    /// Since when something must have been there, if that matters.
    fn until(&self, request: &GcRequest) -> Option<Timestamp> {
        let millis = i64::try_from(request.older_than?.as_millis()).unwrap_or(i64::MAX);
        Some(Timestamp::from_millis(self.clock.now().millis().saturating_sub(millis)))
    }
}

/// One, if something was removed. What cannot be is told.
fn counted(what: &impl fmt::Display, removed: Result<Removed>) -> u64 {
    match removed {
        Ok(Removed::NoMore) => 0,
        Ok(Removed::Whole | Removed::ArtifactsLeft) => 1,
        Err(error) => {
            tracing::warn!(item = %what, %error, "not removed for good; it is tried again");
            0
        }
    }
}
