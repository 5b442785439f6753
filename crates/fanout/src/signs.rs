//! Telling the peer which subjects live.
//!
//! Every so often there is a turn in which each subject is told of once. A destination may let go of what it holds of
//! a quiet subject, and what it remembers from then on is written down before anything more is delivered of it. So
//! a subject of which something is under way is never quiet: the memory that goes with it is in use.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use tokio::{sync::Notify, time::Instant};
use trackside_core::{
    Error, ErrorKind, Result, Retry, Subject,
    store::{Mark, MarkFilter, Progress},
};

use crate::{engine::Engine, sender::Sender};

/// A subject of which nothing was heard for so long is no longer said to live: its process is gone.
const ALIVE_FOR: Duration = Duration::from_hours(6);
/// Most subjects that are said to live.
const MAX_ALIVE: usize = 10_000;
/// How many to tell of before other work has its turn.
const GROUP: usize = 100;

/// Which subjects live.
#[derive(Debug)]
pub(crate) struct Signs {
    interval: Duration,
    /// When the next turn begins.
    next: Instant,
    /// When each was last delivered to.
    heard: BTreeMap<Subject, Instant>,
    /// Those who have yet to be told of in this turn, the first one last.
    due: Vec<Subject>,
}

impl Signs {
    /// As far as the marks of a sink tell; `None` when the destination wants no signs.
    pub(crate) async fn begin(engine: &Engine) -> Result<Option<Self>> {
        let Some(interval) = engine.sender.sink.tracker.keep_alive_interval() else { return Ok(None) };
        let marks = engine.parts.log.marks_where(&engine.name(), MarkFilter::KeepAlive, None, MAX_ALIVE).await?;
        let now = Instant::now();
        let heard = marks.into_iter().map(|(subject, _)| (subject, now)).collect();
        Ok(Some(Self { interval, next: now + interval, heard, due: Vec::new() }))
    }

    /// Something of the subject was delivered, and the destination says whether it lives.
    pub(crate) fn heard(&mut self, subject: Subject, lives: bool) {
        if lives && (self.heard.len() < MAX_ALIVE || self.heard.contains_key(&subject)) {
            self.heard.insert(subject, Instant::now());
        } else {
            self.heard.remove(&subject);
        }
    }

    /// When there is something to tell.
    pub(crate) fn next(&self) -> Instant {
        if self.due.is_empty() { self.next } else { Instant::now() }
    }

    /// The next few to tell of, and for how long each was quiet.
    fn group(&mut self) -> Vec<(Subject, Duration)> {
        let now = Instant::now();
        if self.due.is_empty() && self.next <= now {
            self.next = now + self.interval;
            self.heard.retain(|_, heard| heard.elapsed() < ALIVE_FOR);
            self.due = self.heard.keys().rev().cloned().collect();
        }
        let group = self.due.split_off(self.due.len().saturating_sub(GROUP));
        let heard = |subject: Subject| self.heard.get(&subject).map(|heard| (subject, heard.elapsed()));
        group.into_iter().rev().filter_map(heard).collect()
    }

    /// A group whose end was not reached; all else stays as it was.
    fn put_back(&mut self, rest: impl DoubleEndedIterator<Item = Subject>) {
        self.due.extend(rest.rev());
    }
}

/// What came of telling a group.
struct Told {
    /// By its place in the group: what the destination remembers from now on, if that is new.
    answers: Vec<(usize, Option<String>)>,
    outcome: Outcome,
}

#[derive(PartialEq, Eq)]
enum Outcome {
    Done,
    Rung,
    Failed,
}

impl Engine {
    /// Tells the peer of some subjects that live, when it is time; false when the bell rang.
    pub(crate) async fn give_signs(&mut self, bell: &Notify) -> Result<bool> {
        if self.is_failing() {
            return Ok(true);
        }
        let Some(signs) = &mut self.signs else { return Ok(true) };
        let group = signs.group();
        if group.is_empty() {
            return Ok(true);
        }
        let subjects = group.iter().map(|(subject, _)| subject.clone()).collect();
        let marks = self.parts.log.marks(&self.name(), subjects).await?;
        let living = group.into_iter().zip(marks);
        let mut living: Vec<(Subject, Mark, Duration)> = living
            .filter_map(|((subject, quiet), mark)| Some((subject, mark.filter(|mark| mark.keep_alive)?, quiet)))
            .collect();
        // What ended with the step under way is not to be revived; its mark does not say so yet.
        let jobs = self.step.iter().flat_map(|step| &step.jobs);
        let ended: HashSet<&Subject> = jobs.filter(|job| !job.mark.keep_alive).map(|job| &job.subject).collect();
        living.retain(|(subject, ..)| !ended.contains(subject));
        let in_use = self.in_use();
        for (subject, _, quiet) in &mut living {
            if in_use.as_ref().is_none_or(|in_use| in_use.contains(subject)) {
                *quiet = Duration::ZERO;
            }
        }
        let Told { answers, outcome } = tell(&self.sender, &living, bell).await;
        let mut marks = Vec::new();
        for (place, memory) in &answers {
            let (subject, mark, quiet) = &living[*place];
            if memory.is_some() && !quiet.is_zero() {
                marks.push((subject.clone(), Some(Mark { memory: memory.clone(), ..mark.clone() })));
            }
        }
        if !marks.is_empty() {
            self.parts.log.advance(&self.name(), Progress { marks, ..self.aside() }).await?;
        }
        let Some(signs) = &mut self.signs else { return Ok(true) };
        match outcome {
            Outcome::Done => {}
            Outcome::Rung => {
                let told: HashSet<usize> = answers.into_iter().map(|(place, _)| place).collect();
                let rest = living.into_iter().enumerate().filter(|(place, _)| !told.contains(place));
                signs.put_back(rest.map(|(_, (subject, ..))| subject));
            }
            // The next delivery will meet the same trouble and deal with it.
            Outcome::Failed => signs.due.clear(),
        }
        Ok(outcome != Outcome::Rung)
    }

    /// Subjects whose memory is in use by what is under way; `None` when that may be any.
    pub(crate) fn in_use(&self) -> Option<HashSet<&Subject>> {
        let of_window = match (&self.window, self.step.as_ref().filter(|step| step.position.is_some())) {
            (None, None) if self.window_end.is_some() => return None,
            (window, _) => window.iter().flat_map(|window| &window.groups).map(|(subject, _)| subject),
        };
        let of_step = self.step.iter().flat_map(|step| &step.jobs).map(|job| &job.subject);
        let of_history = self.history.iter().map(|history| &history.subject);
        Some(of_window.chain(of_step).chain(of_history).collect())
    }
}

/// Tells of a few subjects, until the bell rings or one call fails. What was answered by then is kept.
async fn tell(sender: &Sender, living: &[(Subject, Mark, Duration)], bell: &Notify) -> Told {
    let calls: Vec<_> = living
        .iter()
        .enumerate()
        .map(async |(place, (subject, mark, quiet))| {
            (place, subject, sender.keep_alive(subject, mark.memory.as_deref(), *quiet).await)
        })
        .collect();
    let mut calls = stream::iter(calls).buffer_unordered(sender.sink.policy.concurrency.max(1));
    let mut answers = Vec::new();
    let outcome = loop {
        tokio::select! {
            () = bell.notified() => break Outcome::Rung,
            answer = calls.next() => match answer {
                None => break Outcome::Done,
                Some((place, _, Ok(memory))) => answers.push((place, memory)),
                Some((place, subject, Err(error))) => {
                    tracing::debug!(%error, %subject, "a sign of life failed");
                    if !is_of_one(&error) {
                        break Outcome::Failed;
                    }
                    answers.push((place, None));
                }
            },
        }
    };
    Told { answers, outcome }
}

/// Whether an error says nothing about other subjects.
fn is_of_one(error: &Error) -> bool {
    error.retry() == Retry::Never && !matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::Denied)
}
