//! Signs of life: a client that goes on says so at least every 30 seconds, and one that was killed says nothing more.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use trackside_core::{
    Event, Experiment, Key, Page, PageRequest, Query, Result, Run, RunId, RunStatus, RunUpdate, Tag, Timestamp,
    query::{Compare, ExperimentField, Filter, RunField, Test},
};
use trackside_service::Service;
use trackside_wandb_wire::run_tag;

/// A run of which nothing was heard for so long has crashed. Ten signs of life may be lost on the way.
pub(crate) const PATIENCE_MS: i64 = 5 * 60 * 1000;
/// How often to look.
const LOOK: Duration = Duration::from_secs(20);
/// Runs watched at once; of more than these the quietest are forgotten.
const MOST: usize = 100_000;
/// Runs or experiments read at once.
const PAGE: usize = 500;

/// When each run that goes on was last heard of. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Pulse(Arc<Mutex<HashMap<RunId, Timestamp>>>);

impl Pulse {
    /// A run was heard of.
    pub(crate) fn heard(&self, run: &RunId, now: Timestamp) {
        let mut runs = self.lock();
        if runs.len() >= MOST && !runs.contains_key(run) {
            let quietest = runs.iter().min_by_key(|(_, heard)| **heard).map(|(run, _)| run.clone());
            quietest.map(|run| runs.remove(&run));
        }
        runs.insert(run.clone(), now);
    }

    /// A run ended: there is nothing more to wait for.
    pub(crate) fn ended(&self, run: &RunId) {
        self.lock().remove(run);
    }

    /// When a run was last heard of.
    pub(crate) fn last(&self, run: &RunId) -> Option<Timestamp> {
        self.lock().get(run).copied()
    }

    /// The last sign of life of a run: it was heard of, it ended, or its latest point was measured.
    pub(crate) fn last_sign(&self, run: &Run) -> Timestamp {
        let info = &run.info;
        let measured = || run.metrics.iter().map(|metric| metric.point.time).max();
        let last = self.last(&info.id).or(info.ended_at).or_else(measured);
        last.unwrap_or(info.started_at).max(info.started_at)
    }

    /// Takes the runs out that were not heard of for too long.
    fn take_silent(&self, now: Timestamp) -> Vec<(RunId, Timestamp)> {
        let mut runs = self.lock();
        let is_silent = |heard: &Timestamp| now.millis().saturating_sub(heard.millis()) > PATIENCE_MS;
        runs.extract_if(|_, heard| is_silent(heard)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends runs that fall silent, until it is dropped. Those that went on when the server stopped get their time anew.
    pub(crate) async fn watch(&self, service: &Service) {
        if let Err(error) = self.recall(service).await {
            tracing::warn!(%error, "runs that went on before cannot be listed; those that are gone stay running");
        }
        loop {
            tokio::time::sleep(LOOK).await;
            self.end_silent(service).await;
        }
    }

    pub(crate) async fn end_silent(&self, service: &Service) {
        for (run, heard) in self.take_silent(service.now()) {
            match end(service, &run, heard).await {
                Ok(true) => tracing::info!(%run, "run crashed: it was not heard of for five minutes"),
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%run, %error, "a run that fell silent cannot be ended; it is tried again");
                    self.heard(&run, heard);
                }
            }
        }
    }

    pub(crate) async fn recall(&self, service: &Service) -> Result<()> {
        let mut after = None;
        loop {
            let query = Query::<ExperimentField>::default();
            let page: Page<Experiment> =
                service.search_experiments(query, PageRequest { limit: PAGE, after: after.take() }).await?;
            let ids = page.items.iter().map(|experiment| experiment.id).collect();
            self.recall_of(service, ids).await?;
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn recall_of(&self, service: &Service, experiments: Vec<trackside_core::ExperimentId>) -> Result<()> {
        let running =
            Filter::Field(RunField::Status, Test::Text(Compare::Equal, RunStatus::Running.as_str().to_owned()));
        let ours = Filter::Field(RunField::Tag(Key::new(run_tag::RUN_ID)?), Test::Present(true));
        let filter = Filter::All(vec![running, ours]);
        let mut after = None;
        loop {
            let query = Query { filter: filter.clone(), ..Query::default() };
            let page = PageRequest { limit: PAGE, after: after.take() };
            let page = service.search_runs(experiments.clone(), query, page).await?;
            let now = service.now();
            page.items.iter().filter(|run| self.last(&run.info.id).is_none()).for_each(|run| {
                self.heard(&run.info.id, now);
            });
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

/// Ends a run, as of when it was last heard of; whether there was something to end.
async fn end(service: &Service, run: &RunId, heard: Timestamp) -> Result<bool> {
    let found = crate::runs::by_id(service, run).await?;
    if !found.is_some_and(|run| run.info.status == RunStatus::Running && crate::runs::is_active(&run)) {
        return Ok(false);
    }
    let update = RunUpdate { status: Some(RunStatus::Failed), ended_at: Some(heard), name: None };
    let state = Tag::new(run_tag::STATE, run_tag::CRASHED)?;
    service.append(run, vec![Event::Updated(update), Event::Tags(vec![state])]).await?;
    Ok(true)
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pulse").field(&self.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_silent_is_taken_out_once() {
        let (pulse, at) = (Pulse::default(), Timestamp::from_millis);
        let (a, b) = (RunId::fresh(1), RunId::fresh(2));
        pulse.heard(&a, at(0));
        pulse.heard(&b, at(0));
        pulse.heard(&b, at(1));
        assert_eq!(pulse.take_silent(at(PATIENCE_MS)), []);
        assert_eq!(pulse.take_silent(at(PATIENCE_MS + 1)), [(a.clone(), at(0))]);
        pulse.ended(&b);
        assert_eq!(pulse.take_silent(at(PATIENCE_MS * 9)), []);
        assert_eq!((pulse.last(&a), pulse.last(&b)), (None, None));
    }
}
