//! A log with sinks, and histories put into it.

use std::{sync::Arc, time::Duration};

use trackside_core::{
    Batch, Capability, RandomIds, SystemClock, TrackerInterface,
    store::{Log, Outbox},
};
use trackside_fanout::{Fanout, Limits, MemoryLog, Parts, Policy, Sink, SinkStatus};
use trackside_testkit::{MemoryTracker, fixture::at, tracker_suite::history::History};

/// Everything a test of the engine needs.
pub(crate) struct Scene {
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) fanout: Fanout,
}

pub(crate) fn scene() -> Scene {
    scene_with(Limits::default())
}

pub(crate) fn scene_with(limits: Limits) -> Scene {
    let log = Arc::new(MemoryLog::new(u64::MAX));
    let fanout = Fanout::start(parts(&log, limits));
    Scene { log, fanout }
}

pub(crate) fn parts(log: &Arc<MemoryLog>, limits: Limits) -> Parts {
    Parts {
        log: Arc::clone(log) as Arc<dyn Log>,
        store: None,
        artifacts: None,
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
        limits,
    }
}

/// The same without artifacts, each of which travels alone.
pub(crate) fn without_artifacts(n: u64) -> History {
    History::pseudo_random(n, u128::from(n), Capability { artifacts: false, ..Capability::ALL })
}

/// History number `n`, drawn from the seed `n`, for a destination that can show everything.
pub(crate) fn history(n: u64) -> History {
    History::pseudo_random(n, u128::from(n), Capability::ALL)
}

impl Scene {
    pub(crate) async fn add(&self, tracker: MemoryTracker) -> Arc<MemoryTracker> {
        self.add_with(tracker, Policy::default()).await
    }

    pub(crate) async fn add_with(&self, tracker: MemoryTracker, policy: Policy) -> Arc<MemoryTracker> {
        let tracker = Arc::new(tracker);
        self.put(&tracker, policy).await;
        tracker
    }

    pub(crate) async fn put(&self, tracker: &Arc<MemoryTracker>, policy: Policy) {
        let tracker = Arc::clone(tracker) as Arc<dyn TrackerInterface>;
        self.fanout.put(Sink { type_name: "memory", tracker, policy }).await.unwrap();
    }

    /// Puts batches into the log.
    pub(crate) fn log(&self, batches: &[Batch]) {
        for batch in batches {
            self.log.append(batch.clone(), at(1)).unwrap();
        }
    }

    pub(crate) async fn status(&self, name: &str) -> SinkStatus {
        let all = self.fanout.status().await.unwrap();
        all.into_iter().find(|status| status.name == name).unwrap()
    }

    /// Waits until a sink is as the test expects.
    pub(crate) async fn until(&self, name: &str, is: impl Fn(&SinkStatus) -> bool + Send + Sync) -> SinkStatus {
        let waiting = async {
            loop {
                let status = self.status(name).await;
                if is(&status) {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        // Paused time: an hour passes at once when nothing else can happen.
        tokio::time::timeout(Duration::from_hours(24), waiting).await.expect("the sink gets there")
    }

    pub(crate) async fn log_entries(&self) -> u64 {
        self.log.log_size().await.unwrap().entries
    }

    /// Waits until a sink has everything.
    pub(crate) async fn caught_up(&self, name: &str) -> SinkStatus {
        self.until(name, |status| status.lag.entries == 0).await
    }
}
