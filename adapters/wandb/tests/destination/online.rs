//! Online: the suite.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use trackside_adapter_wandb::{Config, Mode, WandbTracker};
use trackside_core::{Batch, Capability, Delivered, Result, Subject, TrackerInterface};
use trackside_http_client::Secret;
use trackside_testkit::{Inspect, Limits, ManualClock, MemoryArtifacts, RunState};

use crate::{
    server::{self, Server},
    shown_run,
};

/// Long enough for a row to be let go.
pub(crate) const QUIET: Duration = Duration::from_mins(10);

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

/// A server and a destination there. The server fails when a line of a history changes, unless the run is told anew:
/// without its memory or in other batches.
#[derive(Debug)]
pub(crate) struct Online {
    pub(crate) server: Server,
    pub(crate) tracker: WandbTracker,
    deliveries: Mutex<BTreeMap<Subject, Delivery>>,
}

/// The last one of a run.
#[derive(Debug, Clone, PartialEq)]
struct Delivery {
    batch: Batch,
    before: Option<String>,
    after: Option<String>,
}

impl Online {
    pub(crate) async fn start() -> Self {
        let server = Server::start().await;
        let tracker = tracker(&server, Arc::new(MemoryArtifacts::new()));
        Self { server, tracker, deliveries: Mutex::default() }
    }

    /// Notes that a delivery begins, and what it means for lines that are there.
    fn begin(&self, batch: &Batch, memory: Option<&str>) {
        let subject = batch.subject();
        let mut deliveries = self.deliveries.lock().unwrap();
        let begun = Delivery { batch: batch.clone(), before: memory.map(str::to_owned), after: None };
        let Some(last) = deliveries.insert(subject.clone(), begun.clone()) else { return };
        let goes_on = last.after.is_some() && last.after == begun.before;
        let comes_again = last.batch == begun.batch && last.before == begun.before;
        if !goes_on
            && !comes_again
            && let Subject::Run(run) = subject
            && let Some(stored) = self.server.stored().run(&run)
        {
            stored.begin_anew();
        }
    }

    /// Lets all rows go that are held back.
    async fn settle(&self) {
        let deliveries = self.deliveries.lock().unwrap().clone();
        for (subject, last) in deliveries {
            let memory = last.after.or(last.before);
            // Once to say that a row is over, and once to write it.
            let settled = self.tracker.keep_alive(&subject, memory.as_deref(), QUIET).await.unwrap();
            if settled.is_some() {
                self.tracker.keep_alive(&subject, settled.as_deref(), Duration::ZERO).await.unwrap();
            }
        }
    }
}

#[async_trait]
impl TrackerInterface for Online {
    fn name(&self) -> &str {
        self.tracker.name()
    }

    fn capability(&self) -> Capability {
        self.tracker.capability()
    }

    async fn probe(&self) -> Result<()> {
        self.tracker.probe().await
    }

    async fn deliver(&self, batch: &Batch, memory: Option<&str>) -> Result<Delivered> {
        self.begin(batch, memory);
        let delivered = self.tracker.deliver(batch, memory).await?;
        self.deliveries.lock().unwrap().get_mut(&batch.subject()).unwrap().after.clone_from(&delivered.memory);
        Ok(delivered)
    }

    async fn flush(&self) -> Result<()> {
        self.tracker.flush().await
    }
}

#[async_trait]
impl Inspect for Online {
    async fn runs(&self) -> Vec<RunState> {
        self.settle().await;
        let mut runs: Vec<_> = self.server.stored().runs.values().map(|run| server::shown(run).state()).collect();
        runs.sort_by_key(|run| run.id.clone());
        runs
    }

    fn limits(&self) -> Limits {
        shown_run::LIMITS
    }

    fn view(&self, run: RunState) -> RunState {
        shown_run::view(run)
    }
}

async fn make() -> (Arc<dyn TrackerInterface>, Arc<dyn Inspect>, ()) {
    let online = Arc::new(Online::start().await);
    (Arc::clone(&online) as Arc<dyn TrackerInterface>, online, ())
}

trackside_testkit::tracker_suite!(make);
