//! The one task that delivers.

use std::{collections::HashSet, convert::Infallible, future::pending, sync::Arc, time::Duration};

use futures_util::stream::{FuturesUnordered, StreamExt};
use trackside_core::{
    Batch, Clock, Error, ErrorKind, HookMessage, HookSender, IdSource, Result, Retry, Timestamp, WebhookId,
    store::{Deliveries, DeliveryAttempt, DeliveryBounds, DueDelivery},
    stored,
};
use trackside_mlflow_wire::webhook_body;

use crate::{Config, pause::pause};

/// How long the store is left alone when nothing is known to be due: another process may have written something.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// Between tries when the store cannot be read or written.
const STORE_PAUSE: Duration = Duration::from_secs(5);
/// How often what is kept is brought within bounds.
const TRIM_EVERY: Duration = Duration::from_mins(5);
/// How much of an answer is kept of a failure, in characters.
const MAX_SHOWN: usize = 300;

/// Delivers what is due, and brings what is kept within bounds.
#[derive(Debug)]
pub struct Deliverer {
    /// Where deliveries are.
    pub store: Arc<dyn Deliveries>,
    /// What sends them.
    pub sender: Arc<dyn HookSender>,
    /// The present instant.
    pub clock: Arc<dyn Clock>,
    /// Spreads tries.
    pub ids: Arc<dyn IdSource>,
    /// Settings.
    pub config: Config,
}

impl Deliverer {
    /// Delivers until it is dropped. What is under way then is sent again by the next one.
    pub async fn run(&self) {
        tokio::join!(self.deliver(), self.trim());
    }

    async fn deliver(&self) -> Infallible {
        let mut busy: HashSet<WebhookId> = HashSet::new();
        let mut under_way = FuturesUnordered::new();
        loop {
            let mut wait = LOOK_AGAIN;
            let room = self.config.at_once.saturating_sub(busy.len());
            if room > 0 {
                let now = self.clock.now();
                match self.store.due_deliveries(now, busy.iter().cloned().collect(), room).await {
                    Ok(due) => {
                        wait = due.next.map_or(wait, |next| wait.min(until(now, next)));
                        for delivery in due.now {
                            busy.insert(delivery.webhook.clone());
                            under_way.push(self.attend(delivery));
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "deliveries to webhooks cannot be read; trying again");
                        wait = STORE_PAUSE;
                    }
                }
            }
            let over = async {
                match under_way.next().await {
                    Some(webhook) => webhook,
                    None => pending().await,
                }
            };
            tokio::select! {
                webhook = over => { busy.remove(&webhook); }
                () = self.store.wait_deliveries() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn trim(&self) -> Infallible {
        loop {
            let now = self.clock.now();
            let bounds = DeliveryBounds {
                ended: self.config.kept,
                ended_since: earlier(now, self.config.kept_for),
                waiting: self.config.waiting,
            };
            match self.store.trim_deliveries(bounds, now).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "old deliveries to webhooks cannot be removed; trying again"),
            }
            tokio::time::sleep(TRIM_EVERY).await;
        }
    }

    /// Tries once and writes down what came of it. Returns whom it was for.
    async fn attend(&self, delivery: DueDelivery) -> WebhookId {
        let (id, webhook, event) = (delivery.id, delivery.webhook.clone(), delivery.event);
        let attempt = self.attempt(delivery).await;
        match (&attempt.error, attempt.again_at) {
            (None, _) => tracing::debug!(delivery = id, %webhook, event = event.as_str(), "delivered"),
            (Some(why), Some(_)) => tracing::info!(delivery = id, %webhook, why, "not delivered; it is tried again"),
            (Some(why), None) => tracing::warn!(delivery = id, %webhook, why, "not delivered, and given up"),
        }
        while let Err(error) = self.store.settle_delivery(id, attempt.clone()).await {
            tracing::warn!(%error, delivery = id, "what came of a delivery cannot be written; trying again");
            tokio::time::sleep(STORE_PAUSE).await;
        }
        webhook
    }

    async fn attempt(&self, delivery: DueDelivery) -> DeliveryAttempt {
        let tries = delivery.attempts.saturating_add(1);
        let answer = match message(delivery) {
            Ok(message) => self.sender.send(message).await,
            Err(unreadable) => Err(unreadable),
        };
        let at = self.clock.now();
        let (status, error, retry) = match answer {
            Ok(answer) => match answer.status {
                200..300 => return DeliveryAttempt { at, status: Some(answer.status), error: None, again_at: None },
                status @ (429 | 500..) => (Some(status), refusal(status, &answer.body), answer.retry),
                status => (Some(status), refusal(status, &answer.body), Retry::Never),
            },
            Err(error) => (None, error.message().to_owned(), error.retry()),
        };
        let again_at = (retry != Retry::Never && tries <= self.config.retries)
            .then(|| later(at, pause(tries, retry, self.ids.fresh().unwrap_or_default())));
        DeliveryAttempt { at, status, error: Some(error), again_at }
    }
}

fn message(delivery: DueDelivery) -> Result<HookMessage> {
    let DueDelivery { key, url, secret, event, happened_at, change, .. } = delivery;
    let unreadable = || Error::new(ErrorKind::Corrupt, "what happened cannot be read");
    let Batch::RegisteredModel(batch) = stored::decode(&change)? else { return Err(unreadable()) };
    let body = batch.events.first().and_then(|change| webhook_body(event, &batch.model, change, happened_at));
    Ok(HookMessage { url, secret, key, body: body.ok_or_else(unreadable)? })
}

/// What a receiver said, on one line.
fn refusal(status: u16, body: &str) -> String {
    let words = body.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    let shown: String = line.chars().take(MAX_SHOWN).collect();
    let colon = if shown.is_empty() { "" } else { ": " };
    format!("status {status}{colon}{shown}")
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_add(millis(by)))
}

fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_sub(millis(by)))
}

fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(then.millis() - now.millis()).unwrap_or_default())
}
