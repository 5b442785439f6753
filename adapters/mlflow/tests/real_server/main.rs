//! The adapter against a running MLflow server 3.17.2, whose address is in `TRACKSIDE_TEST_MLFLOW_URL`, and against a
//! running Trackside, whose address is in `TRACKSIDE_TEST_TRACKSIDE_URL`.
//!
//! MLflow answers some 50 requests a second and a history takes hundreds, so it gets few of them; Trackside, which is
//! compared with MLflow elsewhere, gets them all. `tests/python/beside_servers.py` starts both.
//!
//! Needs the feature `real-server`. Tests share the servers and keep apart by prefixes of names, so they may run at
//! once, and again on the same servers.

mod artifacts;
mod peer;
mod renamed;
mod series;
mod versions;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use trackside_adapter_mlflow::{Config, MlflowTracker};
use trackside_core::{ArtifactSource, IdSource, RandomIds, SystemClock, TrackerInterface};
use trackside_testkit::{Inspect, MemoryArtifacts};

use crate::{peer::Peer, renamed::Renamed};

/// Where a server is.
fn url(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set; run `beside_servers.py cargo test ...`"))
}

/// A part of a server that is empty.
fn prefix() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let process = RandomIds.fresh().unwrap() >> 64;
    format!("t{process:016x}-{}-", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A destination in an empty part of the MLflow server, with artifacts from there, and what reads that part.
fn tracker_of(artifacts: Arc<dyn ArtifactSource>) -> (Arc<Renamed>, Arc<Peer>) {
    tracker_at(&url("TRACKSIDE_TEST_MLFLOW_URL"), artifacts, true)
}

fn tracker_at(url: &str, artifacts: Arc<dyn ArtifactSource>, few_histories: bool) -> (Arc<Renamed>, Arc<Peer>) {
    let prefix = prefix();
    let config = Config { experiment_prefix: Some(prefix.clone()), ..Config::new("mlflow", url) };
    let tracker = MlflowTracker::new(config, artifacts, Arc::new(SystemClock)).unwrap();
    let tracker = Arc::new(Renamed::new(tracker, prefix.clone()));
    let peer = Arc::new(Peer::new(url, prefix, tracker.model_ids(), few_histories));
    (tracker, peer)
}

mod contract {
    use super::*;

    trackside_testkit::tracker_suite_any_cut!(async || {
        let (tracker, peer) = tracker_of(Arc::new(MemoryArtifacts::new()));
        (tracker as Arc<dyn TrackerInterface>, peer as Arc<dyn Inspect>, ())
    });
}

mod contract_with_all_histories {
    use super::*;

    trackside_testkit::tracker_suite_any_cut!(async || {
        let url = url("TRACKSIDE_TEST_TRACKSIDE_URL");
        let (tracker, peer) = tracker_at(&url, Arc::new(MemoryArtifacts::new()), false);
        (tracker as Arc<dyn TrackerInterface>, peer as Arc<dyn Inspect>, ())
    });
}
