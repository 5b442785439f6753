//! Online: the suite.

use std::{sync::Arc, time::Duration};

use trackside_adapter_wandb::{Config, Mode, WandbTracker};
use trackside_core::TrackerInterface;
use trackside_http_client::Secret;
use trackside_testkit::{Inspect, ManualClock, MemoryArtifacts};

use crate::server::Server;

/// A destination at this server.
pub(crate) fn tracker(server: &Server, artifacts: Arc<MemoryArtifacts>) -> WandbTracker {
    let mode = Mode::Online {
        base_url: server.url.clone(),
        api_key: Secret::new("key"),
        timeout: Duration::from_secs(10),
        ca_file: None,
    };
    let config = Config { name: "wandb".to_owned(), mode, entity: None, project: None };
    WandbTracker::new(config, artifacts, Arc::new(ManualClock::at(0))).unwrap()
}

async fn make() -> (Arc<dyn TrackerInterface>, Arc<dyn Inspect>, ()) {
    let server = Server::start().await;
    let tracker = tracker(&server, Arc::new(MemoryArtifacts::new()));
    (Arc::new(tracker), Arc::new(server), ())
}

trackside_testkit::tracker_suite!(make);
