use std::sync::Arc;

use trackside_core::{
    ArtifactSource, Clock, IdSource, RandomIds, Result, Store, SystemClock, TrackerInterface, store::Log,
};

use super::{Recorder, recorder::Journal};
use crate::{Fanout, Limits, MemoryLog, Parts, Policy, Sink};

/// Without a store, at most so many bytes of events wait in memory.
const MEMORY_BYTES: u64 = 64 * 1024 * 1024;

/// Puts a [`Recorder`] together.
#[derive(Debug)]
pub struct Builder {
    sinks: Vec<Sink>,
    policy: Policy,
    limits: Limits,
    memory_bytes: u64,
    store: Option<(Arc<dyn Store>, Arc<dyn Log>)>,
    artifacts: Option<Arc<dyn ArtifactSource>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Fanout {
    /// For use inside a program; see [`crate::local`].
    pub fn builder() -> Builder {
        Builder {
            sinks: Vec::new(),
            policy: Policy::default(),
            limits: Limits::default(),
            memory_bytes: MEMORY_BYTES,
            store: None,
            artifacts: None,
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
        }
    }
}

impl Builder {
    /// Adds a destination, to be treated as the policy given last says.
    #[must_use]
    pub fn sink(mut self, tracker: impl TrackerInterface) -> Self {
        self.sinks.push(Sink { type_name: "local", tracker: Arc::new(tracker), policy: self.policy.clone() });
        self
    }

    /// How patient to be with the destinations added after this.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Keeps every run in this store as well, and undelivered events with it.
    #[must_use]
    pub fn store<S: Store + Log>(mut self, store: Arc<S>) -> Self {
        self.store = Some((store.clone(), store));
        self
    }

    /// The bounds of the store's log.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Without a store: how many bytes of events may wait in memory. Beyond that, logging fails with `Throttled`.
    #[must_use]
    pub fn memory_bytes(mut self, bytes: u64) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// Where destinations read artifacts, as given to them too; with [`super::LocalFiles`], files of this machine.
    #[must_use]
    pub fn artifacts(mut self, artifacts: Arc<dyn ArtifactSource>) -> Self {
        self.artifacts = Some(artifacts);
        self
    }

    /// Starts delivering. A destination that does not answer is no error: events wait for it.
    pub async fn start(self) -> Result<Recorder> {
        let memory = Arc::new(MemoryLog::new(self.memory_bytes));
        let (journal, log, store) = match self.store {
            Some((store, log)) => (Journal::Store(Arc::clone(&store)), log, Some(store)),
            None => (Journal::Memory(Arc::clone(&memory)), memory as Arc<dyn Log>, None),
        };
        let fanout = Fanout::start(Parts {
            log,
            store,
            artifacts: self.artifacts,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            limits: self.limits,
        });
        for sink in self.sinks {
            fanout.put(sink).await?;
        }
        Ok(Recorder::new(fanout, journal, self.clock, self.ids))
    }
}
