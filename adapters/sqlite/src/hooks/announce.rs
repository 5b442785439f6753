//! Writing down what webhooks are to be told, in the transaction of the change itself.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::Notify;
use trackside_core::{
    Batch, Clock, HookEvent, IdSource, Key, PROMPT_TAG, RegisteredModelBatch, RegistryEvent, Seq, is_prompt, stored,
    uuid,
};

use crate::{
    error::Result,
    rows::{execute, number},
};

/// Shared by the jobs that change the registry and by those who wait for what they write.
#[derive(Debug)]
pub(crate) struct Announcer {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    /// Whether a delivery was written, perhaps in a transaction that is still under way.
    written: AtomicBool,
    news: Notify,
}

impl Announcer {
    pub(crate) fn new(clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { clock, ids, written: AtomicBool::default(), news: Notify::new() }
    }

    /// Writes a delivery for each webhook that asks for this. To be called by the job that made the change, after it
    /// was made.
    pub(crate) fn announce(&self, connection: &Connection, model: &Key, change: &RegistryEvent) -> Result<()> {
        if number(connection, "SELECT 1 FROM webhook LIMIT 1", [])?.is_none() {
            return Ok(());
        }
        let Some(event) = HookEvent::of(change, of_prompt(connection, model, change)?) else { return Ok(()) };
        let sql = "SELECT w.pk FROM webhook_event AS e JOIN webhook AS w ON w.pk = e.webhook \
                   WHERE e.event = ?1 AND w.status = 'ACTIVE' ORDER BY w.pk";
        let mut asking = connection.prepare_cached(sql)?;
        let asking = asking.query_map([event.as_str()], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
        if asking.is_empty() {
            return Ok(());
        }
        let batch = RegisteredModelBatch { model: model.clone(), events: vec![change.clone()], last: Seq::default() };
        let batch = stored::encode(&Batch::RegisteredModel(batch));
        let now = self.clock.now().millis();
        for webhook in asking {
            execute(
                connection,
                "INSERT INTO delivery (webhook, key, event, model, happened_at, due_at, change) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)",
                params![webhook, uuid(self.ids.fresh()?), event.as_str(), model.as_str(), now, batch],
            )?;
        }
        self.written.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Wakes those who wait if something was written. To be called when a job is over, whether it was committed or not.
    pub(crate) fn tell(&self) {
        if self.written.swap(false, Ordering::Relaxed) {
            self.wake();
        }
    }

    /// Wakes those who wait.
    pub(super) fn wake(&self) {
        self.news.notify_one();
    }

    /// Returns once they are woken.
    pub(super) async fn wait(&self) {
        self.news.notified().await;
    }
}

/// Whether a model is a prompt, as it is now.
fn of_prompt(connection: &Connection, model: &Key, change: &RegistryEvent) -> Result<bool> {
    match change {
        RegistryEvent::Created(new) => Ok(is_prompt(&new.tags)),
        RegistryEvent::VersionCreated(_, new) => Ok(is_prompt(&new.tags)),
        RegistryEvent::Promotion(_) => Ok(false),
        RegistryEvent::Changed(..) | RegistryEvent::VersionChanged(..) => {
            let sql = "SELECT t.value FROM registered_model AS m JOIN registered_model_tag AS t ON t.owner = m.pk \
                       WHERE m.name = ?1 AND t.key = ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let value = statement.query_row([model.as_str(), PROMPT_TAG], |row| row.get::<_, String>(0)).optional()?;
            Ok(value.is_some_and(|value| value.eq_ignore_ascii_case("true")))
        }
    }
}
