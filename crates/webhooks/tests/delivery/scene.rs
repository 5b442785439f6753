//! A store with webhooks, and a task that delivers from it.

use std::{sync::Arc, time::Duration};

use tempfile::TempDir;
use tokio::time::Instant;
use trackside_adapter_sqlite::{Config as StoreConfig, SqliteStore};
use trackside_core::{
    Clock, HookEvent, HookSender, NewWebhook, RandomIds, Timestamp, WebhookId, WebhookSecret, WebhookStatus,
    ledger::Origin,
    store::{Deliveries, Delivery, DeliveryQuery, RegisteredModels, Webhooks},
};
use trackside_testkit::fixture::{at, new_registered_model};
use trackside_webhooks::{Config, Deliverer};

/// The runtime's own time, which a test may let run fast.
#[derive(Debug)]
pub(crate) struct RuntimeClock(Instant);

impl RuntimeClock {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        at(1_700_000_000_000 + i64::try_from(self.0.elapsed().as_millis()).unwrap())
    }
}

pub(crate) struct Scene {
    pub(crate) store: SqliteStore,
    pub(crate) clock: Arc<RuntimeClock>,
    _files: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let files = TempDir::new().unwrap();
        let clock = Arc::new(RuntimeClock::new());
        let config = StoreConfig { clock: clock.clone(), ..StoreConfig::default() };
        let store = SqliteStore::open(files.path().join("trackside.db"), config).unwrap();
        Self { store, clock, _files: files }
    }

    /// Webhook number `n`, which asks for new models.
    pub(crate) async fn hook(&self, n: u128, url: &str, secret: Option<&str>) -> WebhookId {
        let new = NewWebhook {
            id: WebhookId::fresh(n),
            name: format!("hook-{n}"),
            description: None,
            url: url.to_owned(),
            events: vec![HookEvent::RegisteredModelCreated],
            status: WebhookStatus::Active,
            secret: secret.and_then(WebhookSecret::new),
            created_at: at(1_000),
        };
        self.store.create_webhook(new).await.unwrap().id
    }

    pub(crate) async fn model(&self, name: &str) {
        self.store.create_registered_model(new_registered_model(name), &Origin::NOBODY).await.unwrap();
    }

    /// Delivers until `holds` is true of all deliveries, oldest first.
    pub(crate) async fn until(
        &self,
        sender: Arc<dyn HookSender>,
        config: Config,
        holds: impl Fn(&[Delivery]) -> bool + Send + Sync,
    ) -> Vec<Delivery> {
        let deliverer = Deliverer {
            store: Arc::new(self.store.clone()),
            sender,
            clock: self.clock.clone(),
            ids: Arc::new(RandomIds),
            config,
        };
        let reached = async {
            loop {
                let found = self.deliveries().await;
                if holds(&found) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            () = deliverer.run() => unreachable!("it does not end"),
            found = reached => found,
        }
    }

    pub(crate) async fn deliveries(&self) -> Vec<Delivery> {
        let query = DeliveryQuery { limit: 1_000, ..DeliveryQuery::default() };
        let mut found = self.store.deliveries(query).await.unwrap();
        found.reverse();
        found
    }
}
