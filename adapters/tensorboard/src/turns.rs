//! Whose turn it is to write a run's file.
//!
//! A delivery that was cut off leaves its blocking part running. It must neither write beside the next try nor, late,
//! after a later batch: each delivery takes a new number, and only the newest may write.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use trackside_core::{Error, ErrorKind, Result, RunId};

/// Runs whose deliveries are over are forgotten when there are so many.
const MANY: usize = 256;

/// The turns of all runs.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<RunId, Weak<Line>>>);

#[derive(Debug, Default)]
struct Line {
    newest: AtomicU64,
    /// Held while the file is looked at and written; the innermost of all locks.
    file: Mutex<()>,
}

/// One delivery's turn.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    line: Arc<Line>,
    number: u64,
}

impl Turns {
    /// The next turn; earlier ones of this run are over.
    pub(crate) fn take(&self, run: &RunId) -> Turn {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= MANY {
            lines.retain(|_, line| line.strong_count() > 0);
        }
        let line = lines.get(run).and_then(Weak::upgrade).unwrap_or_default();
        lines.insert(run.clone(), Arc::downgrade(&line));
        let number = line.newest.fetch_add(1, Ordering::AcqRel) + 1;
        Turn { line, number }
    }
}

impl Turn {
    /// Waits for earlier turns to end. An error when a later one has been taken: nobody waits for this one.
    pub(crate) fn begin(&self) -> Result<MutexGuard<'_, ()>> {
        let guard = self.line.file.lock().unwrap_or_else(PoisonError::into_inner);
        if self.line.newest.load(Ordering::Acquire) != self.number {
            return Err(Error::new(ErrorKind::Unavailable, "another delivery of the same run has begun"));
        }
        Ok(guard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_turn_of_a_run_may_begin() {
        let turns = Turns::default();
        let (first, other) = (turns.take(&RunId::fresh(1)), turns.take(&RunId::fresh(2)));
        let second = turns.take(&RunId::fresh(1));
        assert!(first.begin().is_err());
        assert!(second.begin().is_ok() && other.begin().is_ok());
    }

    #[test]
    fn runs_that_are_not_written_are_forgotten() {
        let turns = Turns::default();
        let kept = turns.take(&RunId::fresh(0));
        (1..1_000).for_each(|n| drop(turns.take(&RunId::fresh(n))));
        assert!(turns.0.lock().unwrap().len() <= MANY);
        turns.take(&RunId::fresh(0));
        assert!(kept.begin().is_err());
    }
}
