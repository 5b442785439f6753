//! What this process has sent: so that it sends it once, and so that it can be written down.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use trackside_core::Sending;

/// Ids that are remembered: more than any window has notices.
const IDS: usize = 100_000;
/// Tries that may wait to be written down, which happens after each window and each failure.
const NOTED: usize = 1_000;

/// The messages of this process. The lock is never held over an await.
#[derive(Debug, Default)]
pub(crate) struct Sent(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    taken: HashSet<String>,
    in_order: VecDeque<String>,
    noted: VecDeque<Sending>,
}

impl Sent {
    /// Whether a message of this id was taken by the receiver.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.state().taken.contains(id)
    }

    /// Notes a try.
    pub(crate) fn note(&self, sending: Sending) {
        let mut state = self.state();
        if sending.error.is_none() && state.taken.insert(sending.id.clone()) {
            state.in_order.push_back(sending.id.clone());
            if state.in_order.len() > IDS
                && let Some(oldest) = state.in_order.pop_front()
            {
                state.taken.remove(&oldest);
            }
        }
        if state.noted.len() == NOTED {
            state.noted.pop_front();
        }
        state.noted.push_back(sending);
    }

    /// Takes out what was noted, oldest first.
    pub(crate) fn take(&self) -> Vec<Sending> {
        self.state().noted.drain(..).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use trackside_core::Timestamp;

    use super::*;

    fn sending(id: &str, error: Option<&str>) -> Sending {
        Sending {
            at: Timestamp::from_millis(1),
            id: id.to_owned(),
            event: "run.failed".into(),
            text: String::new(),
            to: "x".into(),
            took: Duration::ZERO,
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn what_was_taken_is_known_and_both_lists_are_bounded() {
        let sent = Sent::default();
        sent.note(sending("first", None));
        sent.note(sending("refused", Some("no")));
        assert!(sent.has("first") && !sent.has("refused"));
        for n in 0..IDS {
            sent.note(sending(&n.to_string(), None));
        }
        assert!(!sent.has("first") && sent.has("0"));
        assert_eq!(sent.state().taken.len(), IDS);
        assert_eq!(sent.take().len(), NOTED);
        assert_eq!(sent.take(), []);
    }
}
