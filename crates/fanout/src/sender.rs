//! Delivering jobs: one try each, with a limit of time, and the verdict on what went wrong.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use trackside_core::{Batch, Clock, Delivered, Error, ErrorKind, Event, Result, Retry, Subject};

use crate::{Sink, job::Job};

/// After so many refusals without a delivery between them, halving stops: everything is refused.
const MAX_REFUSALS: u32 = 16;

/// Calls a destination.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    pub(crate) sink: Sink,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Whose fault a failure is.
enum Fault {
    /// The destination's: all else would fail as well.
    Peer,
    /// The batch's; its halves may be better.
    Part,
    /// The batch's as a whole.
    Whole,
}

impl Sender {
    /// Delivers what is left of these jobs, phase by phase, and makes it durable. Stops at the first failure that is
    /// the destination's own, and says whether anything was delivered before. Stops as well, without an error, after
    /// a phase in which a job was cut.
    pub(crate) async fn round(&self, jobs: &mut [Job]) -> (bool, Result<()>) {
        let mut any = false;
        let mut pending: Vec<&mut Job> = jobs.iter_mut().filter(|job| !job.is_done()).collect();
        // One that keeps failing does not keep others waiting.
        pending.sort_by_key(|job| (job.phase, job.tries));
        for phase in pending.chunk_by_mut(|one, other| one.phase == other.phase) {
            // Changes of registered models may refer to each other.
            let at_once = if phase[0].phase == u32::MAX { 1 } else { self.sink.policy.concurrency.max(1) };
            let failed = AtomicBool::new(false);
            let calls: Vec<_> = phase.iter_mut().map(|job| self.job_unless(job, &failed)).collect();
            let outcomes: Vec<(bool, Result<()>)> = stream::iter(calls).buffer_unordered(at_once).collect().await;
            any |= outcomes.iter().any(|(delivered, _)| *delivered);
            let errors = outcomes.into_iter().filter_map(|(_, outcome)| outcome.err());
            if let Some(error) = errors.max_by_key(patience) {
                return (any, Err(error));
            }
            if phase.iter().any(|job| job.is_cut) {
                return (any, Ok(()));
            }
        }
        (any, self.flush().await)
    }

    async fn job_unless(&self, job: &mut Job, failed: &AtomicBool) -> (bool, Result<()>) {
        if failed.load(Ordering::Relaxed) {
            return (false, Ok(()));
        }
        let before = job.arrived;
        let outcome = self.job(job).await;
        if outcome.is_err() {
            failed.store(true, Ordering::Relaxed);
        }
        (job.arrived > before, outcome)
    }

    /// Delivers the pieces of a job. What is refused for good is halved, and buried when it cannot be halved. The
    /// halves have to wait until it is written down that there are two.
    async fn job(&self, job: &mut Job) -> Result<()> {
        while let Some(piece) = job.pieces.front() {
            match self.deliver(piece, job.mark.memory.as_deref()).await {
                Ok(delivered) => job.delivered(delivered),
                Err(error) => match self.fault(job, &error).await {
                    Fault::Peer => return Err(error),
                    Fault::Part if job.refusals < MAX_REFUSALS && job.halve() => return Ok(()),
                    Fault::Part => {
                        job.refusals += 1;
                        job.bury(self.clock.now(), error.to_string());
                    }
                    Fault::Whole => job.bury(self.clock.now(), error.to_string()),
                },
            }
        }
        Ok(())
    }

    async fn fault(&self, job: &mut Job, error: &Error) -> Fault {
        match (error.retry(), error.kind()) {
            (Retry::Never, ErrorKind::Unauthenticated | ErrorKind::Denied) => match self.probe().await {
                Ok(()) => Fault::Whole,
                Err(_) => Fault::Peer,
            },
            (Retry::Never, ErrorKind::NotFound) => Fault::Whole,
            (Retry::Never, _) => Fault::Part,
            (_, ErrorKind::Throttled) => Fault::Peer,
            // Only failures of a peer that answers otherwise count against the batch.
            _ if self.probe().await.is_err() => {
                job.tries = 0;
                Fault::Peer
            }
            _ => {
                job.tries += 1;
                if job.tries >= self.sink.policy.give_up_after { Fault::Part } else { Fault::Peer }
            }
        }
    }

    /// One try.
    async fn deliver(&self, batch: &Batch, memory: Option<&str>) -> Result<Delivered> {
        let policy = &self.sink.policy;
        let uploads = Duration::from_secs(artifact_bytes(batch) / policy.min_bytes_per_sec.max(1));
        self.limited("a delivery", policy.timeout.saturating_add(uploads), self.sink.tracker.deliver(batch, memory))
            .await
    }

    /// One try, made durable.
    pub(crate) async fn deliver_durably(&self, batch: &Batch, memory: Option<&str>) -> Result<Delivered> {
        let delivered = self.deliver(batch, memory).await?;
        self.flush().await?;
        Ok(delivered)
    }

    async fn flush(&self) -> Result<()> {
        self.limited("a flush", self.sink.policy.timeout, self.sink.tracker.flush()).await
    }

    /// Whether the destination answers.
    pub(crate) async fn probe(&self) -> Result<()> {
        self.limited("a probe", self.sink.policy.timeout, self.sink.tracker.probe()).await
    }

    /// Tells the destination that a subject lives.
    pub(crate) async fn keep_alive(
        &self,
        subject: &Subject,
        memory: Option<&str>,
        quiet: Duration,
    ) -> Result<Option<String>> {
        let telling = self.sink.tracker.keep_alive(subject, memory, quiet);
        self.limited("a sign of life", self.sink.policy.timeout, telling).await
    }

    /// Has the destination let go of what these memories hold back.
    pub(crate) async fn release(&self, held: &[(Subject, Option<String>)]) -> Result<Vec<Option<Delivered>>> {
        self.limited("a release", self.sink.policy.timeout, self.sink.tracker.release(held)).await
    }

    async fn limited<T>(&self, what: &str, limit: Duration, call: impl Future<Output = Result<T>> + Send) -> Result<T> {
        tokio::time::timeout(limit, call).await.unwrap_or_else(|_| {
            let message = format!("{what} was not answered within {} seconds", limit.as_secs_f64());
            Err(Error::new(ErrorKind::Unavailable, message))
        })
    }
}

fn artifact_bytes(batch: &Batch) -> u64 {
    let Batch::Run(run) = batch else { return 0 };
    let sizes = run.events.iter().map(|event| match event {
        Event::ArtifactStored(entry) => entry.size.unwrap_or(0),
        _ => 0,
    });
    sizes.fold(0, u64::saturating_add)
}

/// How long an error asks to wait.
fn patience(error: &Error) -> Duration {
    match error.retry() {
        Retry::After(pause) => pause,
        Retry::Later | Retry::Never => Duration::ZERO,
    }
}
