//! Delivering what was planned, and writing down that it was.
//!
//! A piece that is refused as a whole is halved, and that is written down before anything of the halves is
//! delivered: after a crash the same halves come with the same memories.

use std::time::Duration;

use tokio::{sync::Notify, time::sleep};
use trackside_core::{
    Error, Result, Retry, Seq, Subject,
    store::{Mark, Progress},
};

use crate::{breaker::Circuit, engine::Engine, health::Health, job::Job, sender::Sender};

/// What is being delivered, and what is to be written down when it is.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) jobs: Vec<Job>,
    /// For live traffic: where the cursor moves.
    pub(crate) position: Option<Seq>,
    /// For a history: whether it ends with this.
    pub(crate) history_ends: bool,
}

impl Step {
    /// Everything that was learnt, and the new position; `aside` is the step that moves nothing.
    fn progress(&self, aside: Progress) -> Progress {
        let mut progress = match self.position {
            Some(position) => Progress { position, window_end: None, ..aside },
            None => aside,
        };
        for job in &self.jobs {
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
        progress
    }

    /// Marks with cuts that are yet to be written down.
    fn cuts(&self) -> Vec<(Subject, Option<Mark>)> {
        let cut = self.jobs.iter().filter(|job| job.is_cut);
        cut.map(|job| (job.subject.clone(), Some(job.before.clone()))).collect()
    }
}

impl Engine {
    /// Delivers the step until it is done; false when the bell rang before, or when it failed and nobody waits for
    /// another try.
    pub(crate) async fn deliver_step(&mut self, bell: &Notify, draining: bool) -> Result<bool> {
        loop {
            self.write_cuts().await?;
            let policy = &self.sender.sink.policy;
            let open = self.breaker.circuit(policy) == Circuit::Open;
            let (arrived, result) = tokio::select! {
                () = bell.notified() => return Ok(false),
                outcome = attempt(&self.sender, &mut self.step, open) => outcome,
            };
            if arrived {
                self.breaker.succeeded();
            }
            match result {
                Ok(()) if open => self.breaker.half_open(&self.sender.sink.policy),
                Ok(()) if self.step.as_ref().is_some_and(|step| step.jobs.iter().any(|job| job.is_cut)) => {}
                Ok(()) => {
                    self.breaker.succeeded();
                    self.health.succeeded(&self.name());
                    return Ok(true);
                }
                Err(error) => {
                    let pause = self.failed(&error);
                    self.keep_sendings().await?;
                    if draining {
                        return Ok(false);
                    }
                    tokio::select! {
                        () = bell.notified() => return Ok(false),
                        () = sleep(pause) => {}
                    }
                }
            }
        }
    }

    async fn write_cuts(&mut self) -> Result<()> {
        let Some(step) = &self.step else { return Ok(()) };
        let marks = step.cuts();
        if !marks.is_empty() {
            self.parts.log.advance(&self.name(), Progress { marks, ..self.aside() }).await?;
        }
        if let Some(step) = &mut self.step {
            step.jobs.iter_mut().for_each(|job| job.is_cut = false);
        }
        Ok(())
    }

    /// Notes that the destination failed; says how long to wait.
    pub(crate) fn failed(&mut self, error: &Error) -> Duration {
        let policy = &self.sender.sink.policy;
        #[expect(clippy::cast_possible_truncation, reason = "half of the random bits are enough")]
        let chance = self.parts.ids.fresh().map_or(u64::MAX / 2, |bits| bits as u64);
        let pause = self.breaker.failed(policy, error.retry(), chance);
        let circuit = self.breaker.circuit(policy);
        self.health.failed(&self.name(), error, self.parts.clock.now(), circuit, self.breaker.failures());
        pause
    }

    /// Writes down what was sent, if anything was.
    pub(crate) async fn keep_sendings(&self) -> Result<()> {
        let sendings = self.sender.sink.tracker.take_sendings();
        if sendings.is_empty() {
            return Ok(());
        }
        self.parts.log.advance(&self.name(), Progress { sendings, ..self.aside() }).await
    }

    /// Writes down that the step is done.
    pub(crate) async fn finish_step(&mut self) -> Result<()> {
        let Some(step) = &self.step else { return Ok(()) };
        let mut progress = step.progress(self.aside());
        progress.sendings = self.sender.sink.tracker.take_sendings();
        if let Some(first) = progress.dead.first() {
            Health::buried(&self.name(), progress.dead.len(), &first.reason);
        }
        let (position, window_end) = (progress.position, progress.window_end);
        self.parts.log.advance(&self.name(), progress).await?;
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
        if let Some(signs) = &mut self.signs {
            step.jobs.into_iter().for_each(|job| signs.heard(job.subject, job.mark.keep_alive));
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
