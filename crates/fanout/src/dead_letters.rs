//! Trying dead letters again.
//!
//! A letter may be old: what it says of changeable things may have been said anew since. So only what still holds
//! in the system of record is sent. When the destination does not know the subject, because its beginning is what
//! was refused, its whole history is sent anew and the letter is settled by that.

use trackside_core::{
    Batch, Delivered, Event, Lifecycle, Result, Run, RunBatch, RunStatus, RunUpdate, Store,
    store::{DeadLetter, Mark, NewDeadLetter},
};

use crate::{Retried, engine::Engine, job::Job};

/// Letters read at once.
const PAGE: usize = 100;

impl Engine {
    /// Tries these letters of this sink again, or all, each once and in order.
    pub(crate) async fn retry_dead_letters(&mut self, ids: Option<&[u64]>) -> Result<Retried> {
        let mut retried = Retried::default();
        let mut after = 0;
        loop {
            let page = self.parts.log.dead_letters(Some(&self.name()), after, PAGE).await?;
            let Some(last) = page.last() else {
                self.keep_sendings().await?;
                return Ok(retried);
            };
            after = last.id;
            for letter in page {
                if ids.is_none_or(|ids| ids.contains(&letter.id)) {
                    if self.retry(letter).await? {
                        retried.delivered += 1;
                    } else {
                        retried.failed += 1;
                    }
                }
            }
        }
    }

    /// False when the letter stays in the list.
    async fn retry(&mut self, letter: DeadLetter) -> Result<bool> {
        let DeadLetter { id, letter: NewDeadLetter { batch, .. }, .. } = letter;
        let subject = batch.subject();
        let mark = self.mark(&subject).await?;
        let mut progress = self.aside();
        progress.settled.push(id);
        let is_under_way = mark.as_ref().is_some_and(|mark| mark.catch_up.is_some() || !mark.cuts.is_empty())
            || self.step.iter().flat_map(|step| &step.jobs).any(|job| job.subject == subject);
        let is_unknown = mark.as_ref().is_none_or(|mark| mark.lost || Job::is_parked(mark));
        if is_unknown && !is_under_way && self.parts.store.is_some() {
            progress.marks.push((subject, Some(Mark { lost: true, ..Mark::default() })));
            self.parts.log.advance(&self.name(), progress).await?;
            return Ok(true);
        }
        if is_under_way || self.in_use().is_none_or(|in_use| in_use.contains(&subject)) {
            // What is under way of it is delivered with what was remembered before, now or after a crash.
            let reason = format!("events of {subject} are being delivered: try again when that is over");
            return self.returned(id, &reason).await;
        }
        let Some(batch) = still_holds(self.parts.store.as_deref(), batch).await? else {
            self.parts.log.advance(&self.name(), progress).await?;
            return Ok(true);
        };
        let mark = mark.unwrap_or_default();
        match self.sender.deliver_durably(&batch, mark.memory.as_deref()).await {
            Ok(Delivered { memory, withheld, keep_alive }) => {
                progress.delivered = batch.n_items().saturating_sub(withheld.total());
                progress.withheld = withheld;
                progress.marks.push((subject, Some(Mark { memory, keep_alive, ..mark })));
                self.parts.log.advance(&self.name(), progress).await?;
                Ok(true)
            }
            Err(error) => self.returned(id, &error.to_string()).await,
        }
    }

    async fn returned(&self, id: u64, reason: &str) -> Result<bool> {
        self.parts.log.return_dead_letter(id, self.parts.clock.now(), reason).await?;
        Ok(false)
    }
}

/// What of a batch is still true; `None` when nothing is.
async fn still_holds(store: Option<&dyn Store>, batch: Batch) -> Result<Option<Batch>> {
    let (Batch::Run(batch), Some(store)) = (&batch, store) else { return Ok(Some(batch)) };
    let Some(run) = store.run(&batch.run).await? else { return Ok(None) };
    let events: Vec<Event> = batch.events.iter().filter_map(|event| holding(event, &run)).collect();
    let batch = RunBatch { events, ..batch.clone() };
    Ok((batch.started.is_some() || !batch.events.is_empty()).then_some(Batch::Run(batch)))
}

fn holding(event: &Event, run: &Run) -> Option<Event> {
    let is_deleted = run.info.lifecycle == Lifecycle::Deleted;
    match event {
        Event::Tags(tags) => {
            let tags: Vec<_> = tags.iter().filter(|tag| run.tags.contains(tag)).cloned().collect();
            (!tags.is_empty()).then_some(Event::Tags(tags))
        }
        Event::ParamsReplaced(params) => {
            let params: Vec<_> = params.iter().filter(|param| run.params.contains(param)).cloned().collect();
            (!params.is_empty()).then_some(Event::ParamsReplaced(params))
        }
        Event::Resumed => {
            (run.info.status == RunStatus::Running && run.info.ended_at.is_none()).then_some(Event::Resumed)
        }
        Event::TagDeleted(key) => (!run.tags.iter().any(|tag| tag.key == *key)).then(|| event.clone()),
        Event::Updated(update) => {
            let update = RunUpdate {
                status: update.status.filter(|status| *status == run.info.status),
                ended_at: update.ended_at.filter(|ended| Some(*ended) == run.info.ended_at),
                name: update.name.clone().filter(|name| *name == run.info.name),
            };
            (update != RunUpdate::default()).then_some(Event::Updated(update))
        }
        Event::Deleted(_) => is_deleted.then(|| event.clone()),
        Event::Restored => (!is_deleted).then_some(Event::Restored),
        _ => Some(event.clone()),
    }
}
