//! Tags runs that are said to run although nothing is written of them, so that whoever wants to know is told.
//!
//! What a store can say at little cost is how a run stands: its metrics, params, tags and inputs. So that is looked at every so
//! often, and a run that stands as it did for long enough is stale. Clients' clocks have no part in it. After a start of the
//! server each run has all its time again.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use trackside_core::{
    Clock, Error, Event, Key, PageRequest, Query, Result, Run, RunId, RunStatus, Store, Tag, Timestamp,
    query::{Compare, ExperimentField, Filter, RunField, Test},
};

/// The tag. Its value says since when nothing was written, as RFC 3339.
const STALE: &str = "trackside.stale";
/// Runs and experiments read at once.
const PAGE: usize = 500;
/// How often to look, at most and at least; in between, a quarter of the time itself.
const OFTEN: Duration = Duration::from_millis(250);
const SELDOM: Duration = Duration::from_mins(5);

/// Watches the runs of a store.
#[derive(Debug)]
pub(crate) struct Watch {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    after: Duration,
    /// How each run stands, and since when.
    seen: HashMap<RunId, (u64, Timestamp)>,
}

/// Runs until it is dropped; without a time it does nothing.
pub(crate) async fn run(store: Arc<dyn Store>, clock: Arc<dyn Clock>, after: Option<Duration>) {
    let Some(after) = after else { return std::future::pending().await };
    let mut watch = Watch { store, clock, after, seen: HashMap::new() };
    loop {
        if let Err(error) = watch.look().await {
            tracing::warn!(%error, "whether runs are stale is not known; it is looked at again");
        }
        tokio::time::sleep((after / 4).clamp(OFTEN, SELDOM)).await;
    }
}

impl Watch {
    /// Looks once at all runs that are said to run, or are tagged.
    async fn look(&mut self) -> Result<()> {
        let key = Key::new(STALE)?;
        let is_running = Test::Text(Compare::Equal, RunStatus::Running.as_str().to_owned());
        let filter = Filter::Any(vec![
            Filter::Field(RunField::Status, is_running),
            Filter::Field(RunField::Tag(key.clone()), Test::Present(true)),
        ]);
        let mut standing = HashMap::with_capacity(self.seen.len());
        for experiment in self.experiments().await? {
            let mut page = PageRequest::first(PAGE);
            loop {
                let query = Query { filter: filter.clone(), ..Query::default() };
                let found = self.store.search_runs(vec![experiment], query, page).await?;
                for run in found.items {
                    let seen = self.judge(&run, &key).await?;
                    standing.extend(seen.map(|seen| (run.info.id, seen)));
                }
                let Some(next) = found.next else { break };
                page = PageRequest { after: Some(next), limit: PAGE };
            }
        }
        self.seen = standing;
        Ok(())
    }

    async fn experiments(&self) -> Result<Vec<trackside_core::ExperimentId>> {
        let (mut ids, mut page) = (Vec::new(), PageRequest::first(PAGE));
        loop {
            let found = self.store.search_experiments(Query::<ExperimentField>::default(), page).await?;
            ids.extend(found.items.into_iter().map(|experiment| experiment.id));
            let Some(next) = found.next else { return Ok(ids) };
            page = PageRequest { after: Some(next), limit: PAGE };
        }
    }

    /// Tags a run, or takes the tag away. Returns how it stands since when, while it is said to run.
    async fn judge(&self, run: &Run, key: &Key) -> Result<Option<(u64, Timestamp)>> {
        let now = self.clock.now();
        let is_tagged = run.tags.iter().any(|tag| tag.key == *key);
        let stands = standing(run, key);
        let known = self.seen.get(&run.info.id).copied();
        let goes_on = known.is_some_and(|(stood, _)| stood != stands);
        if is_tagged && (goes_on || run.info.status != RunStatus::Running) {
            self.append(run, Event::TagDeleted(key.clone())).await?;
        }
        if run.info.status != RunStatus::Running {
            return Ok(None);
        }
        let since = known.filter(|_| !goes_on).map_or(now, |(_, since)| since);
        let quiet = now.millis().saturating_sub(since.millis());
        if !is_tagged && u128::try_from(quiet).is_ok_and(|quiet| quiet >= self.after.as_millis()) {
            self.append(run, Event::Tags(vec![Tag::new(STALE, since.rfc3339())?])).await?;
            tracing::info!(run = %run.info.id, "nothing was written of run {} since {}", run.info.id, since.rfc3339());
        }
        Ok(Some((stands, since)))
    }

    /// A run that was deleted meanwhile is nobody's concern.
    async fn append(&self, run: &Run, event: Event) -> Result<()> {
        match self.store.append(&run.info.id, vec![event]).await {
            Err(error) if is_of_this_run(&error) => Ok(()),
            outcome => outcome,
        }
    }
}

fn is_of_this_run(error: &Error) -> bool {
    use trackside_core::ErrorKind::{Conflict, NotFound};
    matches!(error.kind(), Conflict | NotFound)
}

/// How a run stands, but for the tag itself: another number when anything was written that a store tells of a run.
fn standing(run: &Run, key: &Key) -> u64 {
    let mut hasher = DefaultHasher::new();
    for metric in &run.metrics {
        let point = metric.point;
        (&metric.key, point.step, point.time.millis(), point.value.to_bits()).hash(&mut hasher);
    }
    run.params.iter().for_each(|param| (&param.key, &param.value).hash(&mut hasher));
    let tags = run.tags.iter().filter(|tag| tag.key != *key);
    tags.for_each(|tag| (&tag.key, &tag.value).hash(&mut hasher));
    (run.dataset_inputs.len(), run.model_inputs.len(), run.model_outputs.len()).hash(&mut hasher);
    (&run.info.name, run.info.status).hash(&mut hasher);
    hasher.finish()
}
