//! A store with sinks, in real time: SQLite has threads of its own.

use std::{sync::Arc, time::Duration};

use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_core::{
    Event, ExperimentId, RandomIds, RunId, Store, SystemClock, TrackerInterface,
    store::{Experiments, Log, Runs},
};
use trackside_fanout::{Fanout, Limits, Parts, Policy, Sink, SinkStatus};
use trackside_testkit::{
    Inspect, StoreInspect,
    fixture::{new_experiment, new_run, point, points},
};

pub(crate) struct Scene {
    pub(crate) store: SqliteStore,
    pub(crate) fanout: Fanout,
    pub(crate) experiment: ExperimentId,
    dir: tempfile::TempDir,
}

/// Impatient, so that tests are short.
pub(crate) fn policy() -> Policy {
    Policy {
        linger: Duration::from_millis(1),
        retry_base: Duration::from_millis(1),
        retry_max: Duration::from_millis(20),
        ..Policy::default()
    }
}

pub(crate) async fn scene() -> Scene {
    scene_with(Limits::default()).await
}

pub(crate) async fn scene_with(limits: Limits) -> Scene {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("t.db"), Config::default()).unwrap();
    let experiment = store.create_experiment(new_experiment("e")).await.unwrap().id;
    Scene { fanout: Fanout::start(parts(&store, limits)), store, experiment, dir }
}

pub(crate) fn parts(store: &SqliteStore, limits: Limits) -> Parts {
    Parts {
        log: Arc::new(store.clone()) as Arc<dyn Log>,
        store: Some(Arc::new(store.clone())),
        artifacts: None,
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
        limits,
    }
}

impl Scene {
    pub(crate) async fn put(&self, tracker: &Arc<impl TrackerInterface>) {
        let tracker = Arc::clone(tracker) as Arc<dyn TrackerInterface>;
        self.fanout.put(Sink { type_name: "memory", tracker, policy: policy() }).await.unwrap();
    }

    /// Run number `n` with these events.
    pub(crate) async fn run(&self, n: u128, events: Vec<Event>) -> RunId {
        let run = self.store.create_run(new_run(self.experiment, n)).await.unwrap();
        self.store.append(&run.info.id, events).await.unwrap();
        run.info.id
    }

    /// Adds points to a metric at these steps.
    pub(crate) async fn measure(&self, run: &RunId, key: &str, steps: std::ops::Range<i64>) {
        let of_steps: Vec<_> = steps.map(|step| point(step, step, 0.5)).collect();
        self.store.append(run, vec![points(key, &of_steps)]).await.unwrap();
    }

    pub(crate) async fn status(&self, name: &str) -> SinkStatus {
        let all = self.fanout.status().await.unwrap();
        all.into_iter().find(|status| status.name == name).unwrap()
    }

    pub(crate) async fn until(&self, name: &str, is: impl Fn(&SinkStatus) -> bool + Send + Sync) -> SinkStatus {
        for _ in 0..6_000 {
            let status = self.status(name).await;
            if is(&status) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the sink does not get there: {:?}", self.status(name).await);
    }

    pub(crate) async fn caught_up(&self, name: &str) -> SinkStatus {
        self.until(name, |status| status.lag.entries == 0 && status.backfill.is_none() && status.lost == 0).await
    }

    /// The destination shows what the store shows.
    pub(crate) async fn assert_equal(&self, inspect: &dyn Inspect) {
        assert_eq!(inspect.runs().await, self.runs().await);
    }

    pub(crate) async fn runs(&self) -> Vec<trackside_testkit::RunState> {
        StoreInspect(Arc::new(self.store.clone()) as Arc<dyn Store>).runs().await
    }

    /// As after a restart of the process: nothing runs any more, and the file is opened again.
    pub(crate) async fn restarted(self) -> Self {
        self.fanout.close(Duration::ZERO).await;
        self.store.close().await;
        let store = SqliteStore::open(self.dir.path().join("t.db"), Config::default()).unwrap();
        Self { fanout: Fanout::start(parts(&store, Limits::default())), store, ..self }
    }
}
