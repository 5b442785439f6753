//! Calls that a program has yet to answer.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, sleep_until},
};

use crate::message::{Done, Failed};

/// Where an answer goes.
pub(crate) type Reply = oneshot::Sender<Result<Done, Failed>>;

/// Most calls without an answer, given-up ones included. Callers have a handful under way; a program that gets here
/// answers some calls and forgets others.
const MAX_PENDING: usize = 1_000;

/// What was asked, by id, and since when there is silence.
#[derive(Debug)]
pub(crate) struct Pending {
    state: Mutex<State>,
    asked: Notify,
}

#[derive(Debug)]
struct State {
    replies: HashMap<u64, Reply>,
    /// The last answer, or the first question after all had been answered.
    since: Instant,
}

impl Pending {
    pub(crate) fn new() -> Self {
        let state = State { replies: HashMap::new(), since: Instant::now() };
        Self { state: Mutex::new(state), asked: Notify::new() }
    }

    /// Notes a question; false when there are too many.
    pub(crate) fn ask(&self, id: u64, reply: Reply) -> bool {
        let mut state = self.state();
        if state.replies.is_empty() {
            state.since = Instant::now();
            self.asked.notify_one();
        }
        state.replies.insert(id, reply);
        state.replies.len() <= MAX_PENDING
    }

    /// Notes an answer; `None` when the question is unknown.
    pub(crate) fn answer(&self, id: u64) -> Option<Reply> {
        let mut state = self.state();
        let reply = state.replies.remove(&id)?;
        state.since = Instant::now();
        Some(reply)
    }

    /// Whether nothing was asked that is not answered.
    pub(crate) fn is_empty(&self) -> bool {
        self.state().replies.is_empty()
    }

    /// Returns once an answer is owed and none, not even another, was given for so long.
    pub(crate) async fn silence(&self, timeout: Duration) {
        loop {
            let deadline = {
                let state = self.state();
                (!state.replies.is_empty()).then(|| state.since + timeout)
            };
            match deadline {
                None => self.asked.notified().await,
                Some(deadline) if deadline <= Instant::now() => return,
                Some(deadline) => sleep_until(deadline).await,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    fn reply() -> Reply {
        oneshot::channel().0
    }

    #[tokio::test(start_paused = true)]
    async fn any_answer_breaks_the_silence() {
        let pending = Pending::new();
        let start = Instant::now();
        assert!(pending.ask(1, reply()) && pending.ask(2, reply()));
        let answer = async {
            sleep_until(start + TIMEOUT / 2).await;
            assert!(pending.answer(1).is_some());
        };
        tokio::join!(pending.silence(TIMEOUT), answer);
        assert_eq!(start.elapsed(), TIMEOUT / 2 + TIMEOUT);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_not_asked_may_be_silent() {
        let pending = Pending::new();
        let start = Instant::now();
        let ask = async {
            sleep_until(start + TIMEOUT * 100).await;
            assert!(pending.ask(1, reply()));
        };
        tokio::join!(pending.silence(TIMEOUT), ask);
        assert_eq!(start.elapsed(), TIMEOUT * 101);
    }

    #[test]
    fn questions_without_answer_are_bounded() {
        let pending = Pending::new();
        assert!((1..=MAX_PENDING as u64).all(|id| pending.ask(id, reply())));
        assert!(!pending.ask(0, reply()));
    }
}
