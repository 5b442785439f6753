//! The thread that has tails sealed and late points folded when there is time.
//!
//! It looks with a connection of its own and hands small jobs to the writer, so writers never wait for more than one
//! of them; after each it rests several times as long as that took.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use trackside_core::{Clock, Timestamp};

use crate::{
    error::Result,
    series::{Sealing, at_rest, fold_some, seal_at_rest},
    writer::{Undo, WeakWriter, Writer},
};

/// Between two looks when there is nothing to do.
const PAUSE: Duration = Duration::from_secs(1);
/// Tails looked at at a time.
const LOOK: usize = 1_000;
/// Tails sealed by one job, some milliseconds of the writer.
const JOB: usize = 16;
/// How much longer than a job it rests: at most a sixth of the writer's time.
const REST: u32 = 5;

/// Ends the thread when it is dropped.
#[derive(Debug)]
pub(crate) struct Sealer(Mutex<Option<(mpsc::SyncSender<()>, thread::JoinHandle<()>)>>);

struct Round {
    reader: Connection,
    writer: WeakWriter,
    clock: Arc<dyn Clock>,
    sealing: Sealing,
    /// Where to go on.
    tail: i64,
    late: i64,
}

impl Sealer {
    /// Starts the thread. `reader` is its own.
    pub(crate) fn start(
        reader: Connection,
        writer: WeakWriter,
        clock: Arc<dyn Clock>,
        sealing: Sealing,
    ) -> std::io::Result<Self> {
        let (end, ended) = mpsc::sync_channel(1);
        let mut round = Round { reader, writer, clock, sealing, tail: 0, late: 0 };
        let run = move || {
            let mut pause = PAUSE;
            while let Err(mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(pause) {
                let begun = Instant::now();
                match round.go() {
                    Ok(Some(true)) => pause = begun.elapsed() * REST,
                    Ok(Some(false)) => pause = PAUSE,
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
    /// Whether anything was done; `None` when the store is closed.
    fn go(&mut self) -> Result<Option<bool>> {
        let idle = i64::from(self.sealing.idle_millis);
        let untouched_since = Timestamp::from_millis(self.clock.now().millis().saturating_sub(idle));
        let (resting, next) = at_rest(&self.reader, self.tail, untouched_since, LOOK)?;
        let wrapped = next.is_none() && self.tail > 0;
        self.tail = next.unwrap_or(0);
        let mut busy = next.is_some() || wrapped;
        for series in resting.chunks(JOB) {
            let Some(writer) = self.writer.upgrade() else { return Ok(None) };
            let (series, sealing) = (series.to_vec(), self.sealing);
            let begun = Instant::now();
            writer.write_blocking(move |connection| seal_at_rest(connection, &series, untouched_since, &sealing))?;
            drop(writer);
            thread::sleep(begun.elapsed() * REST);
            busy = true;
        }
        if has_late(&self.reader)? {
            let Some(writer) = self.writer.upgrade() else { return Ok(None) };
            let (after, sealing) = (self.late, self.sealing);
            self.late = writer.write_blocking(move |connection| fold_some(connection, after, &sealing))?.unwrap_or(0);
            busy = true;
        }
        Ok(Some(busy))
    }
}

fn has_late(connection: &Connection) -> Result<bool> {
    Ok(connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM point)")?.query_one([], |row| row.get(0))?)
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
    while writer.write(Undo::Alone, move |connection| fold_some(connection, 0, &sealing)).await?.is_some() {}
    Ok(())
}
