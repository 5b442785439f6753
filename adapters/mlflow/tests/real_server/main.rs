//! The adapter against a running MLflow server, whose address is in `TRACKSIDE_TEST_MLFLOW_URL`.
//!
//! Needs the feature `real-server`. Tests share the server and keep apart by prefixes of names, so they may run at
//! once, and again on the same server.

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

/// Where the server is.
fn url() -> String {
    std::env::var("TRACKSIDE_TEST_MLFLOW_URL").expect(
        "set TRACKSIDE_TEST_MLFLOW_URL to the address of a running MLflow server, such as http://127.0.0.1:5177, \
         started with `mlflow server --workers 1 --backend-store-uri sqlite:///... --artifacts-destination ...`",
    )
}

/// A part of the server that is empty.
fn prefix() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let process = RandomIds.fresh().unwrap() >> 64;
    format!("t{process:016x}-{}-", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A destination in an empty part of the server, with artifacts from there, and what reads that part.
fn tracker_of(artifacts: Arc<dyn ArtifactSource>) -> (Arc<Renamed>, Arc<Peer>) {
    let prefix = prefix();
    let config = Config { experiment_prefix: Some(prefix.clone()), ..Config::new("mlflow", url()) };
    let tracker = MlflowTracker::new(config, artifacts, Arc::new(SystemClock)).unwrap();
    let tracker = Arc::new(Renamed::new(tracker, prefix.clone()));
    let peer = Arc::new(Peer::new(&url(), prefix, tracker.model_ids()));
    (tracker, peer)
}

trackside_testkit::tracker_suite_any_cut!(async || {
    let (tracker, peer) = tracker_of(Arc::new(MemoryArtifacts::new()));
    (tracker as Arc<dyn TrackerInterface>, peer as Arc<dyn Inspect>, ())
});
