//! Calls that were let go of before they were answered.
//!
//! Dropping a request does not stop a server that has begun to act on it. What it still does would then meet what the
//! next try does: a run created twice, an old tag written over a new one. So a call belongs to the lane of its
//! subject, and the next call waits until the one left behind has ended. This holds within the process; after a crash
//! the server has had time to finish.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use trackside_core::{Result, Subject};
use trackside_http_client::Answer;

type Pending = Pin<Box<dyn Future<Output = Result<Answer>> + Send>>;

/// The calls of one subject, one at a time.
#[derive(Clone, Default)]
pub(crate) struct Lane(Arc<tokio::sync::Mutex<Option<Pending>>>);

impl Lane {
    /// Ends the call that was left behind, if there is one, then makes this one.
    pub(crate) async fn run(&self, call: impl Future<Output = Result<Answer>> + Send + 'static) -> Result<Answer> {
        let mut slot = self.0.lock().await;
        if let Some(left_behind) = slot.as_mut() {
            // Whatever came of it, what it did is done again by its own batch.
            drop(left_behind.await);
        }
        let answer = slot.insert(Box::pin(call)).await;
        *slot = None;
        answer
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lane")
    }
}

/// The lanes of subjects with deliveries under way or left behind.
#[derive(Debug, Default)]
pub(crate) struct Lanes(Mutex<HashMap<Subject, Lane>>);

impl Lanes {
    /// The lane of a subject.
    pub(crate) fn enter(&self, subject: Subject) -> Lane {
        self.lanes().entry(subject).or_default().clone()
    }

    /// Forgets it after a delivery that came to its end.
    pub(crate) fn leave(&self, subject: &Subject) {
        self.lanes().remove(subject);
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<Subject, Lane>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
