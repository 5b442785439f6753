//! A log in memory, for programs that mirror their runs without a system of record.
//!
//! It is bounded: when sinks are so far behind that the bound is reached, new entries are refused (`Throttled`) rather
//! than old ones lost. It ends with the process, and so does what was not delivered.

mod cursors;
mod dead_letters;
mod outbox;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::watch;
use trackside_core::{
    Batch, Error, ErrorKind, Result, Sending, Seq, Subject, Timestamp, Withheld,
    store::{DeadLetter, Entry, Lag, Mark},
    stored,
};

/// Entries, cursors and dead letters of one process.
#[derive(Debug)]
pub struct MemoryLog {
    max_bytes: u64,
    refusing: AtomicBool,
    state: Mutex<State>,
    end: watch::Sender<Seq>,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    bytes: u64,
    end: Seq,
    cursors: BTreeMap<String, Place>,
    marks: BTreeMap<(String, Subject), Mark>,
    letters: BTreeMap<u64, DeadLetter>,
    n_letters: u64,
    sendings: BTreeMap<String, VecDeque<Sending>>,
}

/// A cursor without what is counted when it is asked for.
#[derive(Debug, Clone, Default)]
struct Place {
    position: Seq,
    window_end: Option<Seq>,
    paused: bool,
    delivered: u64,
    withheld: Withheld,
    backfill: Option<String>,
}

impl MemoryLog {
    /// Holds at most so many bytes of undelivered entries.
    pub fn new(max_bytes: u64) -> Self {
        let (end, _) = watch::channel(Seq::default());
        Self { max_bytes, refusing: AtomicBool::new(false), state: Mutex::default(), end }
    }

    /// Adds an entry and gives it its position. `Throttled` when the log is full.
    pub fn append(&self, mut batch: Batch, at: Timestamp) -> Result<Seq> {
        let bytes = stored::encode(&batch).len() as u64;
        let mut state = self.state();
        if self.refusing.load(Ordering::Relaxed) || state.bytes + bytes > self.max_bytes {
            let message = format!(
                "{} bytes of events are not delivered yet, at most {} are kept in memory: a destination is too slow",
                state.bytes, self.max_bytes
            );
            return Err(Error::new(ErrorKind::Throttled, message));
        }
        state.end.0 += 1;
        let seq = state.end;
        if !state.cursors.is_empty() {
            batch.set_last(seq);
            state.bytes += bytes;
            state.entries.push_back(Entry { batch, at, bytes });
        }
        drop(state);
        self.end.send_replace(seq);
        Ok(seq)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Removes entries behind all cursors.
    fn trim(&mut self) {
        let slowest = self.cursors.values().map(|place| place.position).min().unwrap_or(self.end);
        while let Some(entry) = self.entries.front().filter(|entry| entry.batch.last() <= slowest) {
            self.bytes -= entry.bytes;
            self.entries.pop_front();
        }
    }

    /// The first entry after a position.
    fn after(&self, position: Seq) -> usize {
        self.entries.partition_point(|entry| entry.batch.last() <= position)
    }

    fn lag(&self, position: Seq) -> Lag {
        let mut lag = Lag::default();
        for entry in self.entries.range(self.after(position)..) {
            lag.entries += 1;
            lag.items += entry.batch.n_items();
            lag.bytes += entry.bytes;
            lag.since = lag.since.or(Some(entry.at));
        }
        lag
    }

    fn place(&mut self, sink: &str) -> Result<&mut Place> {
        self.cursors.get_mut(sink).ok_or_else(|| Error::not_found(format!("there is no sink called '{sink}'")))
    }
}
