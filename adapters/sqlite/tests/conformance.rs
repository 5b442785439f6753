//! The suites of `testkit`: this store as a system of record, with a log, and as a destination.

use std::sync::Arc;

use tempfile::TempDir;
use trackside_adapter_sqlite::{Config, Sealing, SqliteStore};
use trackside_core::{
    Store, StoreTracker, TrackerInterface,
    store::{Deliveries, Log},
};
use trackside_testkit::{Inspect, ManualClock, StoreInspect};

fn empty_store() -> (Arc<dyn Store>, TempDir) {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path().join("trackside.db"), Config::default()).unwrap();
    (Arc::new(store), folder)
}

/// Everything is packed with the request that brings it, and chunks are tiny; searches follow an index wherever one
/// gives their order.
fn store_that_seals_at_once() -> (Arc<dyn Store>, TempDir) {
    let folder = TempDir::new().unwrap();
    let sealing = Sealing { tail_points: 1, unsealed_points: 1, chunk_points: 3, idle_millis: 0 };
    let config = Config { sealing, few_runs: 0, ..Config::default() };
    (Arc::new(SqliteStore::open(folder.path().join("trackside.db"), config).unwrap()), folder)
}

fn empty_log() -> (Arc<dyn Store>, Arc<dyn Log>, TempDir) {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("trackside.db"), Config::default()).unwrap());
    (store.clone(), store, folder)
}

fn empty_hooks() -> (Arc<dyn Store>, Arc<dyn Deliveries>, TempDir) {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("trackside.db"), Config::default()).unwrap());
    (store.clone(), store, folder)
}

fn empty_tracker() -> (Arc<dyn TrackerInterface>, Arc<dyn Inspect>, TempDir) {
    let (store, folder) = empty_store();
    let clock = Arc::new(ManualClock::default());
    let tracker = StoreTracker::new("sqlite", Arc::clone(&store), clock, "mlflow-artifacts:");
    (Arc::new(tracker), Arc::new(StoreInspect(store)), folder)
}

mod as_store {
    trackside_testkit::store_suite!(async || super::empty_store());
}

mod sealing_at_once {
    trackside_testkit::store_suite!(async || super::store_that_seals_at_once());
}

mod with_log {
    trackside_testkit::log_suite!(async || super::empty_log());
}

mod with_hooks {
    trackside_testkit::hook_suite!(async || super::empty_hooks());
}

mod as_destination {
    trackside_testkit::tracker_suite_any_cut!(async || super::empty_tracker());
}
