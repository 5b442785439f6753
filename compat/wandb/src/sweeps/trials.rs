//! Trials that were given out and have not begun: their run is not there.
//!
//! An agent that is given a trial names its run with each sign of life, from before the run begins. A trial that no agent
//! names any more is given out again. What has begun is in the store; so after a restart the trials without a run are
//! found again, and agents are given their time anew.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use trackside_core::{Result, Sweep, SweepId, Timestamp};
use trackside_service::Service;

use super::run_of;
use crate::{project::Project, runs};

/// How long a trial is left to an agent that does not name it. Agents say something every five seconds.
pub(crate) const PATIENCE_MS: i64 = 60_000;
/// How often one trial is given out: a program that never begins a run would keep a sweep going for ever.
const MOST_TIMES: u8 = 3;
/// Trials looked at after a restart, the latest.
const LOOK_BACK: u64 = 1_000;
/// Sweeps that are remembered, and trials of each. What is forgotten counts as begun.
const MOST_SWEEPS: usize = 1_000;
const MOST_TRIALS: usize = 10_000;

/// The trials that have not begun, by sweep. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trials(Arc<Mutex<HashMap<SweepId, Open>>>);

/// Those of one sweep.
#[derive(Debug)]
struct Open {
    /// When an agent was last heard of.
    heard: Timestamp,
    trials: BTreeMap<u64, Waiting>,
}

#[derive(Debug, Clone)]
struct Waiting {
    run: String,
    heard: Timestamp,
    times: u8,
}

/// What there is to do of what was given out before.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// This trial once more.
    Again(u64),
    /// Nothing yet: where nothing else is left, an agent has a trial that it may still begin.
    Later,
    /// Nothing.
    Nothing,
}

impl Trials {
    /// A trial was given out for the first time.
    pub(crate) fn given(&self, sweep: &SweepId, number: u64, run: &str, now: Timestamp) {
        let mut sweeps = self.lock();
        let Some(open) = sweeps.get_mut(sweep) else { return };
        if open.trials.len() >= MOST_TRIALS {
            open.trials.pop_first();
        }
        open.trials.insert(number, Waiting { run: run.to_owned(), heard: now, times: 1 });
    }

    /// An agent names a run.
    pub(crate) fn heard(&self, sweep: &SweepId, run: &str, now: Timestamp) {
        let mut sweeps = self.lock();
        let Some(open) = sweeps.get_mut(sweep) else { return };
        open.heard = now;
        open.trials.values_mut().filter(|waiting| waiting.run == run).for_each(|waiting| waiting.heard = now);
    }

    /// What to do of what was given out before. Whether trials that agents still name have begun is looked up only when
    /// nothing else is left.
    pub(crate) async fn ask(
        &self,
        service: &Service,
        project: &Project,
        sweep: &Sweep,
        is_over: bool,
    ) -> Result<Asked> {
        self.recall(service, project, sweep).await?;
        let now = service.now();
        let mut later = false;
        for (number, waiting) in self.waiting(&sweep.id) {
            let is_silent = now.millis().saturating_sub(waiting.heard.millis()) > PATIENCE_MS;
            if !is_silent && !is_over {
                continue;
            }
            if runs::by_name(service, project, &waiting.run).await?.is_some() {
                self.forget(&sweep.id, number);
            } else if !is_silent {
                later = true;
            } else if waiting.times >= MOST_TIMES {
                tracing::warn!(sweep = %sweep.id, number, "a trial was given out {MOST_TIMES} times and has never begun");
                self.forget(&sweep.id, number);
            } else if self.claim(&sweep.id, number, waiting.heard, now) {
                return Ok(Asked::Again(number));
            } else {
                later = true;
            }
        }
        Ok(if later { Asked::Later } else { Asked::Nothing })
    }

    /// Finds the trials of a sweep that was not heard of since the server began.
    async fn recall(&self, service: &Service, project: &Project, sweep: &Sweep) -> Result<()> {
        let now = service.now();
        if let Some(open) = self.lock().get_mut(&sweep.id) {
            open.heard = now;
            return Ok(());
        }
        let mut trials = BTreeMap::new();
        for number in sweep.n_trials.saturating_sub(LOOK_BACK)..sweep.n_trials {
            let run = run_of(project, &sweep.id, number)?;
            if runs::by_name(service, project, &run).await?.is_none() {
                trials.insert(number, Waiting { run, heard: now, times: 1 });
            }
        }
        let mut sweeps = self.lock();
        if sweeps.len() >= MOST_SWEEPS {
            let quietest = sweeps.iter().min_by_key(|(_, open)| open.heard).map(|(sweep, _)| sweep.clone());
            quietest.map(|sweep| sweeps.remove(&sweep));
        }
        // Another agent may have asked meanwhile.
        sweeps.entry(sweep.id.clone()).or_insert(Open { heard: now, trials });
        Ok(())
    }

    fn waiting(&self, sweep: &SweepId) -> Vec<(u64, Waiting)> {
        let sweeps = self.lock();
        let open = sweeps.get(sweep).into_iter().flat_map(|open| &open.trials);
        open.map(|(number, waiting)| (*number, waiting.clone())).collect()
    }

    fn forget(&self, sweep: &SweepId, number: u64) {
        if let Some(open) = self.lock().get_mut(sweep) {
            open.trials.remove(&number);
        }
    }

    /// Whether a trial is still as it was seen; it is taken then.
    fn claim(&self, sweep: &SweepId, number: u64, seen: Timestamp, now: Timestamp) -> bool {
        let mut sweeps = self.lock();
        let waiting = sweeps.get_mut(sweep).and_then(|open| open.trials.get_mut(&number));
        let Some(waiting) = waiting.filter(|waiting| waiting.heard == seen) else { return false };
        waiting.heard = now;
        waiting.times += 1;
        true
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SweepId, Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
