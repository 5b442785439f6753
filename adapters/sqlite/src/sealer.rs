//! The thread that has tails sealed and late points folded when there is time.
//!
//! It looks with a connection of its own and hands small jobs to the writer, so writers never wait for more than one
//! of them; after each it rests several times as long as that took, or only as long while nobody else writes.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use trackside_core::{Clock, Error, ErrorKind, Timestamp};

use crate::{
    error::Result,
    series::{Sealing, at_rest, fold, late_after, seal_at_rest},
    writer::{Undo, WeakWriter, Writer},
};

/// Between two looks when there is nothing to do, unless a series counts as quiet sooner.
const PAUSE: Duration = Duration::from_secs(1);
/// The shortest such pause: an idle server wakes up that often.
const LEAST_PAUSE: Duration = Duration::from_millis(5);
/// Tails looked at at a time.
const LOOK: usize = 1_000;
/// Tails sealed by one job, some milliseconds of the writer.
const JOB: usize = 16;
/// The same while nobody else is writing: a flush of the disk is shared by more of them.
const JOB_ALONE: usize = 128;
/// How much longer than a job it rests then. Not at all would leave readers little of a small machine: each commit makes
/// them read their pages again.
const REST_ALONE: u32 = 1;
/// How much longer than a job it rests while others write: at most a sixth of the writer's time.
const REST: u32 = 5;

/// Ends the thread when it is dropped.
#[derive(Debug)]
pub(crate) struct Sealer(Mutex<Option<(mpsc::SyncSender<()>, thread::JoinHandle<()>)>>);

struct Round {
    writer: WeakWriter,
    clock: Arc<dyn Clock>,
    sealing: Sealing,
    /// The pause after a round in which there was nothing to do.
    look: Duration,
    /// Where to go on.
    tail: i64,
    late: i64,
    /// Series that cannot be read. They are left as they are until the next start, and do not keep others waiting.
    damaged: BTreeSet<i64>,
    /// How many jobs the writer had done when it was last looked at.
    seen: u64,
    /// Says nothing; it is cut when the thread is to end.
    ended: mpsc::Receiver<()>,
}

impl Sealer {
    /// Starts the thread. It opens a reader of its own when it first looks, which the start need not wait for.
    pub(crate) fn start(
        open: impl Fn() -> Result<Connection> + Send + 'static,
        writer: WeakWriter,
        clock: Arc<dyn Clock>,
        sealing: Sealing,
    ) -> std::io::Result<Self> {
        let (end, ended) = mpsc::sync_channel(1);
        let look = Duration::from_millis(sealing.idle_millis.into()).clamp(LEAST_PAUSE, PAUSE);
        let damaged = BTreeSet::new();
        let mut round = Round { writer, clock, sealing, look, tail: 0, late: 0, damaged, seen: 0, ended };
        let run = move || {
            let (mut pause, mut reader) = (look, None);
            while round.pause(pause) {
                let outcome = match &reader {
                    Some(reader) => round.go(reader),
                    None => open().and_then(|opened| round.go(reader.insert(opened))),
                };
                match outcome {
                    Ok(Some(rest)) => pause = rest,
                    // The store was closed.
                    Ok(None) => return,
                    Err(error) => {
                        tracing::warn!(%error, "points could not be sealed, which is tried again");
                        pause = PAUSE;
                    }
                }
            }
        };
        let thread = thread::Builder::new().name("trackside-sqlite-sealer".to_owned()).spawn(run)?;
        Ok(Self(Mutex::new(Some((end, thread)))))
    }

    /// Ends it and waits for that. Blocks for as long as a job takes.
    pub(crate) fn stop(&self) {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((end, thread)) = running {
            drop(end);
            // It may have panicked; its work is done after the next start.
            thread.join().ok();
        }
    }
}

impl Round {
    /// How long to rest; `None` when the store is closed.
    fn go(&mut self, reader: &Connection) -> Result<Option<Duration>> {
        let begun = Instant::now();
        let idle = i64::from(self.sealing.idle_millis);
        let untouched_since = Timestamp::from_millis(self.clock.now().millis().saturating_sub(idle));
        let (mut resting, next) = at_rest(reader, self.tail, untouched_since, LOOK)?;
        resting.retain(|series| !self.damaged.contains(series));
        let wrapped = next.is_none() && self.tail > 0;
        self.tail = next.unwrap_or(0);
        let mut busy = next.is_some() || wrapped;
        let looked = begun.elapsed();
        let mut resting = &resting[..];
        let mut is_alone = false;
        while !resting.is_empty() {
            let Some(writer) = self.writer.upgrade() else { return Ok(None) };
            let n = if is_alone { JOB_ALONE } else { JOB };
            let (series, rest) = resting.split_at(n.min(resting.len()));
            let begun = Instant::now();
            if self.sealed(&writer, series, untouched_since).is_err() {
                // None of them is sealed; whose fault that is shows one by one.
                for series in series {
                    let sealed = self.sealed(&writer, &[*series], untouched_since);
                    self.unless_damaged(*series, sealed)?;
                }
            }
            let Some(alone) = self.rest(writer, begun) else { return Ok(None) };
            is_alone = alone;
            (resting, busy) = (rest, true);
        }
        if let Some(series) = self.next_late(reader)? {
            let Some(writer) = self.writer.upgrade() else { return Ok(None) };
            let sealing = self.sealing;
            let begun = Instant::now();
            let folded = writer.write_blocking(move |connection| fold(connection, series, &sealing));
            self.unless_damaged(series, folded)?;
            self.late = series;
            if self.rest(writer, begun).is_none() {
                return Ok(None);
            }
            busy = true;
        }
        Ok(Some(if busy { looked * REST } else { self.look }))
    }

    /// Waits; whether to go on then.
    fn pause(&self, time: Duration) -> bool {
        self.ended.recv_timeout(time) == Err(mpsc::RecvTimeoutError::Timeout)
    }

    /// Rests after a job that began at this instant. Says whether it was the only one since the last, `None` when the
    /// store is closed.
    fn rest(&mut self, writer: Writer, begun: Instant) -> Option<bool> {
        let before = std::mem::replace(&mut self.seen, writer.stats().jobs);
        let is_alone = self.seen.saturating_sub(before) <= 1;
        // The store may be closed while it rests.
        drop(writer);
        self.pause(begun.elapsed() * if is_alone { REST_ALONE } else { REST }).then_some(is_alone)
    }

    fn sealed(&self, writer: &Writer, series: &[i64], untouched_since: Timestamp) -> Result<()> {
        let (series, sealing) = (series.to_vec(), self.sealing);
        writer.write_blocking(move |connection| seal_at_rest(connection, &series, untouched_since, &sealing))
    }

    /// The next series with late points, in turn.
    fn next_late(&self, reader: &Connection) -> Result<Option<i64>> {
        for mut at in [self.late, 0] {
            while let Some(series) = late_after(reader, at)? {
                if !self.damaged.contains(&series) {
                    return Ok(Some(series));
                }
                at = series;
            }
        }
        Ok(None)
    }

    /// Says once that a series is damaged; another error is the caller's.
    fn unless_damaged(&mut self, series: i64, outcome: Result<()>) -> Result<()> {
        let Err(failure) = outcome else { return Ok(()) };
        let error = Error::from(failure);
        if error.kind() != ErrorKind::Corrupt {
            return Err(error.into());
        }
        tracing::error!(series, %error, "a series is damaged; its points are not packed");
        self.damaged.insert(series);
        Ok(())
    }
}

/// Seals and folds everything, now.
pub(crate) async fn seal_all(writer: &Writer, sealing: Sealing) -> Result<()> {
    let mut after = Some(0);
    while let Some(tail) = after {
        after = writer
            .write(Undo::Alone, move |connection| {
                let (tails, next) = at_rest(connection, tail, Timestamp::from_millis(i64::MAX), JOB)?;
                seal_at_rest(connection, &tails, Timestamp::from_millis(i64::MAX), &sealing)?;
                Ok(next)
            })
            .await?;
    }
    let some = move |connection: &Connection| match late_after(connection, 0)? {
        Some(series) => fold(connection, series, &sealing).map(|()| true),
        None => Ok(false),
    };
    while writer.write(Undo::Alone, some).await? {}
    Ok(())
}
