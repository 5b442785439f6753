//! The work of one sink: what to deliver next. Elsewhere: delivering it (`step.rs`), telling of what lives (`signs.rs`),
//! letting go of what is held back (`release.rs`), trying dead letters again (`dead_letters.rs`).
//!
//! [`Engine::work`] does one thing at a time and keeps what it is about in the engine, so it may be called again after
//! it was interrupted. It is interrupted by a ring of the bell only where nothing is written to the log, so the
//! engine always knows what is.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};
use trackside_core::{
    Result, Seq, Subject, Timestamp,
    store::{Cursor, CursorChange, LogRange, Mark, MarkFilter, Progress},
};

use crate::{
    Parts, Sink,
    backfill::Backfill,
    breaker::{Breaker, Circuit},
    health::Health,
    history::History,
    job::Job,
    sender::Sender,
    signs::Signs,
    step::Step,
    window::{Plan, Window},
};

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worked {
    /// There may be more to do, or the bell rang.
    On,
    /// Nothing is left to do; only said when draining.
    Drained,
}

/// The work of one sink.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) sender: Sender,
    pub(crate) parts: Arc<Parts>,
    pub(crate) health: Arc<Health>,
    pub(crate) position: Seq,
    pub(crate) window_end: Option<Seq>,
    pub(crate) breaker: Breaker,
    pub(crate) window: Option<Window>,
    pub(crate) step: Option<Step>,
    pub(crate) history: Option<History>,
    backfill: Option<Backfill>,
    /// Whether the next turn is the backfill's.
    backfill_turn: bool,
    /// Whether entries may be cut now: some had time to gather, or more are known to wait.
    gathered: bool,
    pub(crate) signs: Option<Signs>,
    /// When what is held back may be let go of next; `None` when the destination holds nothing back.
    pub(crate) release_at: Option<Timestamp>,
}

impl Engine {
    /// At the place of the cursor.
    pub(crate) async fn new(sink: Sink, parts: Arc<Parts>, health: Arc<Health>, cursor: &Cursor) -> Result<Self> {
        let release_at = sink.tracker.release_interval().map(|_| Timestamp::from_millis(0));
        let mut engine = Self {
            sender: Sender { sink, clock: Arc::clone(&parts.clock) },
            parts,
            health,
            position: cursor.position,
            window_end: cursor.window_end,
            breaker: Breaker::default(),
            window: None,
            step: None,
            history: None,
            backfill: None,
            backfill_turn: false,
            gathered: true,
            signs: None,
            release_at,
        };
        engine.set_backfill(cursor.backfill.as_deref());
        engine.signs = Signs::begin(&engine).await?;
        Ok(engine)
    }

    /// The place in the log was given up: what was under way is sent with the histories of those concerned.
    pub(crate) fn detached(&mut self, cursor: &Cursor) {
        (self.window, self.step, self.history) = (None, None, None);
        (self.position, self.window_end) = (cursor.position, cursor.window_end);
    }

    /// Goes on with this backfill, as it was stored, in place of any other. A history that was begun is sent to its
    /// end all the same.
    pub(crate) fn set_backfill(&mut self, text: Option<&str>) {
        self.backfill = text.and_then(|text| match Backfill::read(text) {
            Ok(backfill) => Some(backfill),
            Err(error) => {
                let sink = self.name();
                tracing::error!(sink, %error, "sink {sink} cannot go on with its backfill: cancel it and begin another");
                None
            }
        });
    }

    /// Its name in the log.
    pub(crate) fn name(&self) -> String {
        self.sender.sink.tracker.name().to_owned()
    }

    /// Whether the next try waits for a peer that failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.breaker.circuit(&self.sender.sink.policy) != Circuit::Closed
    }

    /// Tries at once, whatever the breaker says.
    pub(crate) fn encourage(&mut self) {
        self.breaker.half_open(&self.sender.sink.policy);
    }

    /// Does the next thing. An error is one of the log, not of the destination.
    pub(crate) async fn work(&mut self, bell: &Notify, draining: bool) -> Result<Worked> {
        if !self.give_signs(bell).await? {
            return Ok(Worked::On);
        }
        if self.step.is_some() {
            if self.deliver_step(bell, draining).await? {
                self.finish_step().await?;
            }
        } else if self.history.is_some() {
            self.next_part().await?;
        } else if self.window.is_some() {
            self.plan().await?;
        } else if self.may_release() && !draining {
            self.release(bell).await?;
        } else if std::mem::take(&mut self.backfill_turn) && self.backfill.is_some() && !draining {
            self.next_of_backfill().await?;
        } else if (self.gathered || draining || self.backfill.is_some()) && self.cut().await? {
            self.backfill_turn = true;
        } else if self.backfill.is_some() && !draining {
            self.next_of_backfill().await?;
        } else if draining {
            return Ok(Worked::Drained);
        } else if !self.resend_lost().await? {
            self.wait(bell).await;
        }
        Ok(Worked::On)
    }

    /// Cuts a window of what is in the log, if anything.
    async fn cut(&mut self) -> Result<bool> {
        let window_bytes = self.sender.sink.policy.window_bytes;
        let range = LogRange {
            after: self.position,
            until: self.window_end,
            subject: None,
            max_bytes: if self.window_end.is_some() { u64::MAX } else { window_bytes },
        };
        let entries = self.parts.log.read_log(range).await?;
        self.window = Window::cut(entries, window_bytes);
        self.gathered = self.window.as_ref().is_some_and(|window| window.full);
        let Some(window) = &self.window else {
            self.window_end = None;
            return Ok(false);
        };
        if self.window_end != Some(window.end) {
            let intent = Progress { position: self.position, window_end: Some(window.end), ..Progress::default() };
            self.parts.log.advance(&self.name(), intent).await?;
            self.window_end = Some(window.end);
        }
        Ok(true)
    }

    /// Makes jobs of the window, or begins to send the history of a subject in it.
    async fn plan(&mut self) -> Result<()> {
        let Some(window) = &mut self.window else { return Ok(()) };
        let capability = self.sender.sink.tracker.capability();
        let marks = self.parts.log.marks(self.sender.sink.tracker.name(), window.subjects()).await?;
        let has_history = self.parts.store.is_some() && self.sender.sink.tracker.takes_history();
        match window.plan(marks, has_history, capability) {
            Plan::CatchUp(subject, mark) => self.history = Some(History::new(subject, mark)),
            Plan::Deliver(jobs) => {
                self.step = Some(Step { jobs, position: Some(window.end), history_ends: false });
                self.window = None;
            }
        }
        Ok(())
    }

    /// Makes a job of the next part of the history under way.
    async fn next_part(&mut self) -> Result<()> {
        let (Some(history), Some(store)) = (&self.history, &self.parts.store) else {
            self.history = None;
            return Ok(());
        };
        let part = history.next(&self.parts, store.as_ref()).await?;
        let capability = self.sender.sink.tracker.capability();
        let mut job = Job::new(history.subject.clone(), part.batches, Some(history.mark.clone()), capability);
        (job.mark, job.changed) = (part.mark, true);
        self.step = Some(Step { jobs: vec![job], position: None, history_ends: part.last });
        Ok(())
    }

    /// Begins with the next subject that the sink does not know.
    async fn next_of_backfill(&mut self) -> Result<()> {
        let (Some(backfill), Some(store)) = (&mut self.backfill, &self.parts.store) else { return Ok(()) };
        let name = self.sender.sink.tracker.name();
        if let Some((subject, mark)) = backfill.unknown(self.parts.log.as_ref(), name).await? {
            self.history = Some(History::new(subject, mark));
            return Ok(());
        }
        // Written down only now that everything before is: a crash repeats a page, whose subjects are known then.
        let text = (!backfill.is_done()).then(|| backfill.write());
        self.parts.log.change_cursor(name, CursorChange::Backfill(text)).await?;
        if backfill.is_done() {
            tracing::info!(sink = name, "the backfill of sink {name} is complete");
            self.backfill = None;
        } else {
            backfill.next(store.as_ref()).await?;
        }
        Ok(())
    }

    /// Begins to send the whole history of a subject that lost its place in the log, or goes on with one that nobody
    /// asks for any more, as after a crash in a backfill that was cancelled.
    async fn resend_lost(&mut self) -> Result<bool> {
        if self.parts.store.is_none() {
            return Ok(false);
        }
        for filter in [MarkFilter::Lost, MarkFilter::CatchingUp] {
            let found = self.parts.log.marks_where(&self.name(), filter, None, 1).await?.pop();
            self.history = found.map(|(subject, mark)| History::new(subject, Some(mark)));
            if self.history.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Waits for entries, and then for more of them to come.
    async fn wait(&mut self, bell: &Notify) {
        let linger = self.sender.sink.policy.linger;
        let far = Instant::now() + Duration::from_hours(1);
        let signs = self.signs.as_ref().filter(|_| !self.is_failing()).map_or(far, Signs::next);
        let entries = async {
            if let Err(error) = self.parts.log.wait_log(self.position).await {
                tracing::debug!(%error, "the log has ended");
                std::future::pending::<()>().await;
            }
            sleep(linger).await;
        };
        tokio::select! {
            () = bell.notified() => {}
            // Giving signs takes time enough to gather: while there are many, entries are not kept waiting.
            () = sleep_until(signs) => self.gathered = true,
            () = sleep(self.until_release()) => {}
            () = entries => self.gathered = true,
        }
    }

    /// What is known of a subject here.
    pub(crate) async fn mark(&self, subject: &Subject) -> Result<Option<Mark>> {
        Ok(self.parts.log.marks(&self.name(), vec![subject.clone()]).await?.pop().flatten())
    }

    /// A step that moves nothing.
    pub(crate) fn aside(&self) -> Progress {
        Progress { position: self.position, window_end: self.window_end, ..Progress::default() }
    }
}
