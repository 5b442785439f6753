//! What happens to runs, told to whoever of this process wants to know.

use tokio::sync::mpsc;
use trackside_core::{Event, RunId, RunStatus};

/// Something that has happened to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It was created.
    Began(RunId),
    /// It was given a status that is an end.
    Ended(RunId),
}

/// Where news goes. When nobody fetches it fast enough it is lost: no request waits for it.
#[derive(Debug, Clone)]
pub struct NewsSender(mpsc::Sender<News>);

impl NewsSender {
    /// With a queue of so many.
    pub fn channel(capacity: usize) -> (Self, mpsc::Receiver<News>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Self(sender), receiver)
    }

    pub(crate) fn began(&self, id: &RunId) {
        self.tell(News::Began(id.clone()));
    }

    pub(crate) fn ended(&self, id: &RunId) {
        self.tell(News::Ended(id.clone()));
    }

    fn tell(&self, news: News) {
        if let Err(error) = self.0.try_send(news) {
            tracing::debug!(%error, "news of a run is lost");
        }
    }
}

/// Whether a run has ended after these events.
pub(crate) fn is_end(events: &[Event]) -> bool {
    let status = |event: &Event| match event {
        Event::Updated(update) => update.status,
        _ => None,
    };
    let last = events.iter().rev().find_map(status);
    last.is_some_and(|status| !matches!(status, RunStatus::Running | RunStatus::Scheduled))
}
