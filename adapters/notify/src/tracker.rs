//! The destination.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use trackside_core::{
    Batch, Capability, Clock, Delivered, Error, ErrorKind, Result, Sending, Store, Subject, TrackerInterface, Withheld,
};

use crate::{
    Config,
    channel::Courier,
    digest::{end_of_period, messages, take_due},
    facts::Facts,
    memory::{Held, Memory},
    message::Message,
    notice::Notice,
    reading::read,
    sent::Sent,
};

/// A destination that is told of what happens; see the root of this crate.
pub struct Notifier {
    config: Config,
    courier: Courier,
    facts: Facts,
    clock: Arc<dyn Clock>,
    sent: Sent,
}

impl Notifier {
    /// Tells of what happens in this store. Connects to nothing.
    pub fn new(config: Config, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Self> {
        let courier = Courier::new(&config, Arc::clone(&clock))?;
        Ok(Self { config, courier, facts: Facts(store), clock, sent: Sent::default() })
    }

    /// The notices of a batch that are wanted and were not told before.
    async fn notices(&self, batch: &Batch, memory: &mut Memory) -> Result<Vec<Notice>> {
        let mut notices = Vec::new();
        for found in read(batch, memory) {
            if !self.config.subscription.names(found.event) {
                continue;
            }
            let notice = self.facts.notice(&self.config.name, found, self.clock.now()).await?;
            let is_new = match batch {
                // A run ends, or falls silent, in one way at a time.
                Batch::Run(_) => memory.told.insert(notice.event, notice.id.clone()).as_ref() != Some(&notice.id),
                _ => true,
            };
            if is_new && self.config.subscription.wants(&notice) {
                notices.push(notice);
            }
        }
        Ok(notices)
    }

    /// Sends a message, unless this process has.
    async fn send(&self, message: &Message) -> Result<()> {
        if self.sent.has(&message.id) {
            return Ok(());
        }
        let began = Instant::now();
        let outcome = self.courier.send(message, self.config.public_url.as_deref()).await;
        let sending = Sending {
            at: self.clock.now(),
            id: message.id.clone(),
            event: message.event().to_owned(),
            text: message.title(),
            to: self.courier.to(),
            took: began.elapsed(),
            error: outcome.as_ref().err().map(ToString::to_string),
        };
        let (sink, took_ms) = (&self.config.name, sending.took.as_millis());
        let Sending { id, event, to, error, .. } = &sending;
        match error {
            None => tracing::info!(sink, id, event, to, took_ms, "told: {}", sending.text),
            Some(error) => tracing::debug!(sink, id, event, to, took_ms, error, "not told: {}", sending.text),
        }
        self.sent.note(sending);
        outcome
    }
}

#[async_trait]
impl TrackerInterface for Notifier {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn capability(&self) -> Capability {
        Capability { tags: true, registry: true, ..Capability::default() }
    }

    async fn probe(&self) -> Result<()> {
        self.courier.probe().await
    }

    async fn deliver(&self, batch: &Batch, memory: Option<&str>) -> Result<Delivered> {
        let mut lacking = Withheld::default();
        self.capability().restrict(batch.clone(), &mut lacking);
        if !lacking.is_empty() {
            return Err(Error::new(ErrorKind::Unsupported, "the batch holds what nobody is told of"));
        }
        let mut memory = Memory::read(memory)?;
        let notices = self.notices(batch, &mut memory).await?;
        match self.config.digest {
            Some(period) => {
                let until = end_of_period(self.clock.now(), period);
                memory.held.extend(notices.into_iter().map(|notice| Held { until, notice }));
            }
            None => {
                for notice in notices {
                    self.send(&Message::of(notice)).await?;
                }
            }
        }
        delivered(&memory)
    }

    /// What was taken is with the receiver.
    async fn flush(&self) -> Result<()> {
        Ok(())
    }

    fn takes_history(&self) -> bool {
        false
    }

    /// Also without a digest: there may have been one when the process before this one ran.
    fn release_interval(&self) -> Option<Duration> {
        Some(self.config.digest.unwrap_or(Duration::from_hours(1)))
    }

    async fn release(&self, held: &[(Subject, Option<String>)]) -> Result<Vec<Option<Delivered>>> {
        let now = self.clock.now();
        let (mut due, mut after) = (Vec::new(), Vec::with_capacity(held.len()));
        for (_, memory) in held {
            let mut memory = Memory::read(memory.as_deref())?;
            let taken = take_due(&mut memory, now);
            after.push(if taken.is_empty() { None } else { Some(delivered(&memory)?) });
            due.extend(taken);
        }
        for message in messages(&self.config.name, due) {
            self.send(&message).await?;
        }
        Ok(after)
    }

    fn take_sendings(&self) -> Vec<Sending> {
        self.sent.take()
    }
}

fn delivered(memory: &Memory) -> Result<Delivered> {
    Ok(Delivered { memory: memory.write()?, keep_alive: !memory.held.is_empty(), ..Delivered::default() })
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").field("config", &self.config).finish_non_exhaustive()
    }
}
