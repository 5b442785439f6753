//! A destination in memory, for tests of whatever delivers.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use trackside_core::{Capability, Error, ErrorKind, Result, RunBatch, RunId, Seq, TrackerInterface, fault};

use crate::{Inspect, RunState};

/// How a delivery goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryFault {
    /// Nothing was done: the destination could not be reached.
    Before(ErrorKind),
    /// Everything was done and the answer was lost.
    After(ErrorKind),
}

/// Keeps the state of every run it is told of. Redelivery is harmless because everything it keeps has an
/// identity: points are a set, params and tags are maps.
#[derive(Debug)]
pub struct MemoryTracker {
    name: &'static str,
    capability: Capability,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    runs: BTreeMap<RunId, RunState>,
    delivered: Vec<(RunId, Seq)>,
    n_flushes: usize,
    faults: VecDeque<DeliveryFault>,
}

impl MemoryTracker {
    /// A destination that represents everything.
    pub fn new() -> Self {
        Self::with_capability(Capability::ALL)
    }

    /// A destination that refuses the rest.
    pub fn with_capability(capability: Capability) -> Self {
        Self { name: "memory", capability, state: Mutex::default() }
    }

    /// The next `times` deliveries go wrong like this, after those announced before.
    pub fn fail_next(&self, times: usize, fault: DeliveryFault) {
        self.state().faults.extend(std::iter::repeat_n(fault, times));
    }

    /// One run, as it stands.
    pub fn run(&self, id: &RunId) -> Option<RunState> {
        self.state().runs.get(id).cloned()
    }

    /// Every batch that took effect, in order of arrival, repetitions included.
    pub fn delivered(&self) -> Vec<(RunId, Seq)> {
        self.state().delivered.clone()
    }

    /// How often it was flushed.
    pub fn n_flushes(&self) -> usize {
        self.state().n_flushes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryTracker {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    fn apply(&mut self, batch: &RunBatch) -> Result<()> {
        let known = self.runs.get(&batch.run).cloned();
        let begun = || batch.started.as_ref().map(|started| RunState::begin(&batch.run, started));
        let mut run = known.or_else(begun).ok_or_else(|| fault::run_not_found(&batch.run))?;
        batch.events.iter().try_for_each(|event| run.apply(event))?;
        self.runs.insert(batch.run.clone(), run);
        self.delivered.push((batch.run.clone(), batch.last));
        Ok(())
    }
}

#[async_trait]
impl TrackerInterface for MemoryTracker {
    fn name(&self) -> &str {
        self.name
    }

    fn capability(&self) -> Capability {
        self.capability
    }

    async fn probe(&self) -> Result<()> {
        Ok(())
    }

    async fn deliver(&self, batch: &RunBatch) -> Result<()> {
        if !batch.events.iter().all(|event| self.capability.allows(event)) {
            return Err(Error::new(ErrorKind::Unsupported, "the batch holds what this destination cannot represent"));
        }
        let mut state = self.state();
        let fault = state.faults.pop_front();
        if let Some(DeliveryFault::Before(kind)) = fault {
            return Err(Error::new(kind, "the delivery failed before it took effect"));
        }
        state.apply(batch)?;
        match fault {
            Some(DeliveryFault::After(kind)) => Err(Error::new(kind, "the delivery failed after it took effect")),
            _ => Ok(()),
        }
    }

    async fn flush(&self) -> Result<()> {
        self.state().n_flushes += 1;
        Ok(())
    }
}

#[async_trait]
impl Inspect for MemoryTracker {
    async fn runs(&self) -> Vec<RunState> {
        self.state().runs.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Ready, ready},
        sync::Arc,
    };

    use super::*;
    use crate::tracker_suite::history::History;

    type Peer = Ready<(Arc<dyn TrackerInterface>, Arc<dyn Inspect>, ())>;

    /// The tracker is its own far side.
    fn peer(capability: Capability) -> Peer {
        let tracker = Arc::new(MemoryTracker::with_capability(capability));
        ready((tracker.clone(), tracker, ()))
    }

    mod whole {
        use super::*;

        fn make() -> Peer {
            peer(Capability::ALL)
        }

        crate::tracker_suite!(make);
    }

    mod restricted {
        use super::*;

        fn make() -> Peer {
            peer(Capability { points: true, params: true, ..Capability::default() })
        }

        crate::tracker_suite!(make);
    }

    #[tokio::test]
    async fn merging_two_batches_has_the_effect_of_both_in_turn() {
        for seed in 0..300 {
            let history = History::pseudo_random(seed, 1, Capability::ALL);
            let (apart, together) = (MemoryTracker::new(), MemoryTracker::new());
            for place in 1..history.batches.len() {
                let [first, second] = history.cut_at(place);
                apart.deliver(&first).await.unwrap();
                apart.deliver(&second).await.unwrap();
                together.deliver(&first.merge(second).unwrap()).await.unwrap();
                assert_eq!(apart.runs().await, together.runs().await, "seed {seed} cut at {place}");
            }
            assert_eq!(together.runs().await, [history.outcome], "seed {seed}");
        }
    }

    #[tokio::test]
    async fn injected_faults_come_in_turn_and_tell_before_from_after() {
        let tracker = MemoryTracker::new();
        let history = History::pseudo_random(1, 1, Capability::ALL);
        let first = &history.batches[0];
        tracker.fail_next(2, DeliveryFault::Before(ErrorKind::Unavailable));
        tracker.fail_next(1, DeliveryFault::After(ErrorKind::Throttled));
        for _ in 0..2 {
            assert_eq!(tracker.deliver(first).await.unwrap_err().kind(), ErrorKind::Unavailable);
            assert_eq!(tracker.run(&first.run), None);
        }
        assert_eq!(tracker.deliver(first).await.unwrap_err().kind(), ErrorKind::Throttled);
        assert!(tracker.run(&first.run).is_some());
        tracker.deliver(first).await.unwrap();
        assert_eq!(tracker.delivered(), vec![(first.run.clone(), first.last); 2]);
    }
}
