//! Letting go of what a destination holds back in its memories, as a digest does.
//!
//! It happens between two windows, when no memory is in use: not even by a window that a process before this one has begun.
//! While it fails no further window is cut, so what is held back does not grow for ever: the rest waits in the log.

use std::time::Duration;

use tokio::{sync::Notify, time::sleep};
use trackside_core::{
    Delivered, Result, Subject, Timestamp,
    store::{Mark, MarkFilter},
};

use crate::engine::Engine;

/// Marks read at once.
const PAGE: usize = 500;
/// Without a release there is no need to look.
const FAR: Duration = Duration::from_hours(1);

impl Engine {
    /// Whether it is time, and no memory is in use.
    pub(crate) fn may_release(&self) -> bool {
        self.window_end.is_none() && self.release_at.is_some_and(|at| at <= self.parts.clock.now())
    }

    /// How long that is from now, at most an hour.
    pub(crate) fn until_release(&self) -> Duration {
        let millis = |at: Timestamp| at.millis().saturating_sub(self.parts.clock.now().millis());
        self.release_at.map_or(FAR, |at| Duration::from_millis(u64::try_from(millis(at)).unwrap_or(0)).min(FAR))
    }

    /// Has the destination let go, and writes down what it remembers from then on. Tries once; after a failure it is
    /// still time.
    pub(crate) async fn release(&mut self, bell: &Notify) -> Result<()> {
        let now = self.parts.clock.now();
        let held = self.held().await?;
        let memories: Vec<_> = held.iter().map(|(subject, mark)| (subject.clone(), mark.memory.clone())).collect();
        let outcome = tokio::select! {
            () = bell.notified() => return Ok(()),
            outcome = self.sender.release(&memories) => outcome,
        };
        let released = match outcome {
            Ok(released) => released,
            Err(error) => {
                let pause = self.failed(&error);
                self.keep_sendings().await?;
                tokio::select! {
                    () = bell.notified() => {}
                    () = sleep(pause) => {}
                }
                return Ok(());
            }
        };
        let mut progress = self.aside();
        progress.sendings = self.sender.sink.tracker.take_sendings();
        for ((subject, mark), after) in held.into_iter().zip(released) {
            let Some(Delivered { memory, withheld, keep_alive }) = after else { continue };
            progress.withheld.extend(&withheld);
            progress.marks.push((subject, Some(Mark { memory, keep_alive, ..mark })));
        }
        if progress != self.aside() {
            self.parts.log.advance(&self.name(), progress).await?;
        }
        if !memories.is_empty() {
            self.breaker.succeeded();
            self.health.succeeded(&self.name());
        }
        self.release_at = self.sender.sink.tracker.release_interval().map(|interval| next(now, interval));
        Ok(())
    }

    /// The subjects of which something may be held back.
    async fn held(&self) -> Result<Vec<(Subject, Mark)>> {
        let mut held: Vec<(Subject, Mark)> = Vec::new();
        loop {
            let after = held.last().map(|(subject, _)| subject.clone());
            let page = self.parts.log.marks_where(&self.name(), MarkFilter::KeepAlive, after, PAGE).await?;
            let full = page.len() == PAGE;
            held.extend(page);
            if !full {
                // A history that was begun goes on with the memory that it had.
                held.retain(|(_, mark)| mark.catch_up.is_none());
                return Ok(held);
            }
        }
    }
}

/// The next multiple of an interval.
fn next(now: Timestamp, interval: Duration) -> Timestamp {
    let interval = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
    Timestamp::from_millis((now.millis().div_euclid(interval)).saturating_add(1).saturating_mul(interval))
}
