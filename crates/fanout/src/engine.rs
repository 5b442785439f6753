//! The work of one sink: what to deliver next, delivering it, and writing down that it was.
//!
//! [`Engine::work`] does one thing at a time and keeps what it is about in the engine, so it may be called again after
//! it was interrupted. It is interrupted by a ring of the bell only where nothing is written to the log, so the
//! engine always knows what is.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};
use trackside_core::{
    Error, Result, Retry, Seq, Subject, Withheld,
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
    window::{Plan, Window},
};

/// A subject of which nothing was heard for so long is no longer said to live: its process is gone.
const ALIVE_FOR: Duration = Duration::from_hours(6);
/// Most subjects that are said to live.
const MAX_ALIVE: usize = 10_000;

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worked {
    /// There may be more to do.
    On,
    /// Nothing is left to do; only said when draining.
    Drained,
    /// The bell rang.
    Interrupted,
}

/// What is being delivered, and what is to be written down when it is.
#[derive(Debug)]
struct Step {
    jobs: Vec<Job>,
    /// For live traffic: where the cursor moves.
    position: Option<Seq>,
    /// For a history: whether it ends with this.
    history_ends: bool,
}

/// The work of one sink.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) sender: Sender,
    pub(crate) parts: Arc<Parts>,
    health: Arc<Health>,
    pub(crate) position: Seq,
    pub(crate) window_end: Option<Seq>,
    breaker: Breaker,
    window: Option<Window>,
    step: Option<Step>,
    history: Option<History>,
    backfill: Option<(Backfill, VecDeque<Subject>)>,
    /// Whether the next turn is the backfill's.
    backfill_turn: bool,
    /// Whether entries may be cut now: some had time to gather, or more are known to wait.
    gathered: bool,
    alive: BTreeMap<Subject, (Option<String>, Instant)>,
    next_signs: Option<Instant>,
}

impl Engine {
    /// At the place of the cursor.
    pub(crate) async fn new(sink: Sink, parts: Arc<Parts>, health: Arc<Health>, cursor: &Cursor) -> Result<Self> {
        let name = sink.tracker.name().to_owned();
        let interval = sink.tracker.keep_alive_interval();
        let marks = match interval {
            Some(_) => parts.log.marks_where(&name, MarkFilter::KeepAlive, None, MAX_ALIVE).await?,
            None => vec![],
        };
        let now = Instant::now();
        let mut engine = Self {
            sender: Sender { sink, clock: Arc::clone(&parts.clock) },
            parts,
            health,
            position: Seq::default(),
            window_end: None,
            breaker: Breaker::default(),
            window: None,
            step: None,
            history: None,
            backfill: None,
            backfill_turn: false,
            gathered: true,
            alive: marks.into_iter().map(|(subject, mark)| (subject, (mark.memory, now))).collect(),
            next_signs: interval.map(|interval| now + interval),
        };
        engine.reload(cursor)?;
        Ok(engine)
    }

    /// Takes over what others have changed of the cursor.
    pub(crate) fn reload(&mut self, cursor: &Cursor) -> Result<()> {
        if cursor.position > self.position {
            // The sink was detached: what was under way is sent with the histories of those concerned.
            (self.window, self.step, self.history) = (None, None, None);
        }
        (self.position, self.window_end) = (cursor.position, cursor.window_end);
        self.backfill = match (&cursor.backfill, self.backfill.take()) {
            (Some(_), Some(known)) => Some(known),
            (Some(text), None) => Some((Backfill::read(text)?, VecDeque::new())),
            (None, _) => None,
        };
        Ok(())
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
        self.give_signs().await;
        if self.step.is_some() {
            if !self.deliver_step(bell, draining).await {
                return Ok(Worked::Interrupted);
            }
            self.finish_step().await?;
        } else if self.history.is_some() {
            self.next_part().await?;
        } else if self.window.is_some() {
            self.plan().await?;
        } else if std::mem::take(&mut self.backfill_turn) && self.backfill.is_some() && !draining {
            self.next_of_backfill().await?;
        } else if (self.gathered || draining || self.backfill.is_some()) && self.cut().await? {
            self.backfill_turn = true;
        } else if self.backfill.is_some() && !draining {
            self.next_of_backfill().await?;
        } else if draining {
            return Ok(Worked::Drained);
        } else if !self.resend_lost().await? {
            return Ok(self.wait(bell).await);
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
        match window.plan(marks, self.parts.store.is_some(), capability) {
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
        let mut job = Job::new(history.subject.clone(), part.batches, Some(part.mark), capability);
        job.changed = true;
        self.step = Some(Step { jobs: vec![job], position: None, history_ends: part.last });
        Ok(())
    }

    /// Delivers the step until it is done; false when the bell rang before, or when it failed and nobody waits for
    /// another try.
    async fn deliver_step(&mut self, bell: &Notify, draining: bool) -> bool {
        loop {
            let policy = &self.sender.sink.policy;
            let open = self.breaker.circuit(policy) == Circuit::Open;
            let outcome = tokio::select! {
                () = bell.notified() => return false,
                outcome = attempt(&self.sender, &mut self.step, open) => outcome,
            };
            let (arrived, result) = outcome;
            if arrived {
                self.breaker.succeeded();
            }
            match result {
                Ok(()) if open => self.breaker.half_open(&self.sender.sink.policy),
                Ok(()) => {
                    self.breaker.succeeded();
                    self.health.succeeded(&self.name());
                    return true;
                }
                Err(error) => {
                    let pause = self.failed(&error);
                    if draining {
                        return false;
                    }
                    tokio::select! {
                        () = bell.notified() => return false,
                        () = sleep(pause) => {}
                    }
                }
            }
        }
    }

    fn failed(&mut self, error: &Error) -> Duration {
        let policy = &self.sender.sink.policy;
        #[expect(clippy::cast_possible_truncation, reason = "half of the random bits are enough")]
        let chance = self.parts.ids.fresh().map_or(u64::MAX / 2, |bits| bits as u64);
        let pause = self.breaker.failed(policy, error.retry(), chance);
        let circuit = self.breaker.circuit(policy);
        self.health.failed(&self.name(), error, self.parts.clock.now(), circuit, self.breaker.failures());
        pause
    }

    /// Writes down that the step is done.
    async fn finish_step(&mut self) -> Result<()> {
        let Some(step) = &self.step else { return Ok(()) };
        let name = self.name();
        let mut progress = Progress {
            position: step.position.unwrap_or(self.position),
            window_end: if step.position.is_some() { None } else { self.window_end },
            ..Progress::default()
        };
        for job in &step.jobs {
            progress.delivered += job.delivered;
            progress.withheld.extend(&job.withheld);
            progress.dead.extend(job.dead.iter().cloned());
            if !job.renamed.is_empty() {
                // Its former name is free for another.
                progress.marks.push((job.subject.clone(), None));
            } else if job.changed {
                progress.marks.push((job.subject.clone(), Some(job.mark.clone())));
            }
            progress.marks.extend(job.renamed.iter().map(|renamed| (renamed.clone(), Some(job.mark.clone()))));
        }
        if let Some(first) = progress.dead.first() {
            Health::buried(&name, progress.dead.len(), &first.reason);
        }
        let (position, window_end) = (progress.position, progress.window_end);
        self.parts.log.advance(&name, progress).await?;
        (self.position, self.window_end) = (position, window_end);
        if let Some(step) = self.step.take() {
            self.note(step);
        }
        Ok(())
    }

    fn note(&mut self, step: Step) {
        if step.position.is_none()
            && let Some(history) = &mut self.history
            && let Some(job) = step.jobs.first()
        {
            history.remember(&job.mark);
            if step.history_ends || Job::is_parked(&job.mark) {
                self.history = None;
            }
        }
        if self.next_signs.is_none() {
            return;
        }
        for job in step.jobs {
            if job.mark.keep_alive && self.alive.len() < MAX_ALIVE {
                self.alive.insert(job.subject, (job.mark.memory, Instant::now()));
            } else {
                self.alive.remove(&job.subject);
            }
        }
    }

    /// Begins with the next subject that the sink does not know.
    async fn next_of_backfill(&mut self) -> Result<()> {
        let (Some((backfill, queue)), Some(store)) = (&mut self.backfill, &self.parts.store) else { return Ok(()) };
        let name = self.sender.sink.tracker.name();
        while let Some(subject) = queue.front() {
            let mark = self.parts.log.marks(name, vec![subject.clone()]).await?.pop().flatten();
            let subject = queue.pop_front().expect("it was there a moment ago");
            if mark.as_ref().is_none_or(|mark| mark.lost || mark.catch_up.is_some()) {
                self.history = Some(History::new(subject, mark));
                return Ok(());
            }
        }
        // Written down only now that everything before is: a crash repeats a page, whose subjects are known then.
        let text = (!backfill.is_done()).then(|| backfill.write());
        self.parts.log.change_cursor(name, CursorChange::Backfill(text)).await?;
        if backfill.is_done() {
            tracing::info!(sink = name, "the backfill of sink {name} is complete");
            self.backfill = None;
        } else {
            *queue = backfill.next(store.as_ref()).await?;
        }
        Ok(())
    }

    /// Begins to send the whole history of a subject that lost its place in the log.
    async fn resend_lost(&mut self) -> Result<bool> {
        if self.parts.store.is_none() || self.is_failing() {
            return Ok(false);
        }
        let lost = self.parts.log.marks_where(&self.name(), MarkFilter::Lost, None, 1).await?.pop();
        let found = lost.is_some();
        self.history = lost.map(|(subject, mark)| History::new(subject, Some(mark)));
        Ok(found)
    }

    /// Waits for entries, and then for more of them to come.
    async fn wait(&mut self, bell: &Notify) -> Worked {
        let linger = self.sender.sink.policy.linger;
        let far = Instant::now() + Duration::from_hours(1);
        let entries = async {
            if let Err(error) = self.parts.log.wait_log(self.position).await {
                tracing::debug!(%error, "the log has ended");
                std::future::pending::<()>().await;
            }
            sleep(linger).await;
        };
        tokio::select! {
            () = bell.notified() => Worked::Interrupted,
            () = sleep_until(self.next_signs.unwrap_or(far)) => Worked::On,
            () = entries => {
                self.gathered = true;
                Worked::On
            }
        }
    }

    /// Tells the peer which subjects live, when it is time.
    async fn give_signs(&mut self) {
        let Some(interval) = self.sender.sink.tracker.keep_alive_interval() else { return };
        if self.is_failing() || self.next_signs.is_none_or(|next| next > Instant::now()) {
            return;
        }
        self.next_signs = Some(Instant::now() + interval);
        self.alive.retain(|_, (_, heard)| heard.elapsed() < ALIVE_FOR);
        for (subject, (memory, _)) in &self.alive {
            if let Err(error) = self.sender.keep_alive(subject, memory.as_deref(), Duration::ZERO).await {
                // The next delivery will meet the same trouble and deal with it.
                tracing::debug!(%error, %subject, "a sign of life failed");
                break;
            }
        }
    }

    /// What is known of a subject here.
    pub(crate) async fn mark(&self, subject: &Subject) -> Result<Option<Mark>> {
        Ok(self.parts.log.marks(&self.name(), vec![subject.clone()]).await?.pop().flatten())
    }

    /// A step that moves nothing.
    pub(crate) fn aside(&self) -> Progress {
        Progress {
            position: self.position,
            window_end: self.window_end,
            withheld: Withheld::default(),
            ..Progress::default()
        }
    }
}

/// A round of the step, or only a probe.
async fn attempt(sender: &Sender, step: &mut Option<Step>, only_probe: bool) -> (bool, Result<()>) {
    if only_probe {
        // Whatever a probe says, it says nothing about a batch.
        return (
            false,
            sender.probe().await.map_err(|error| match error.retry() {
                Retry::Never => error.with_retry(Retry::Later),
                _ => error,
            }),
        );
    }
    match step {
        Some(step) => sender.round(&mut step.jobs).await,
        None => (false, Ok(())),
    }
}
