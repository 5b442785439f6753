//! Batches of run 1.

use trackside_core::{Batch, Event, RunBatch, RunId, RunStarted, RunStatus, RunUpdate, Seq, Subject};
use trackside_testkit::fixture::{at, key, tag_list};

pub(crate) fn subject() -> Subject {
    Subject::Run(RunId::fresh(1))
}

/// The batch that begins it, with these tags.
pub(crate) fn begin(tags: &[(&str, &str)], events: Vec<Event>) -> Batch {
    let (experiment, user) = (key("a/b"), "ada".to_owned());
    let started =
        RunStarted { experiment, name: "label".to_owned(), user, started_at: at(1_000), tags: tag_list(tags) };
    Batch::Run(RunBatch { run: RunId::fresh(1), started: Some(started), events, last: Seq(1) })
}

/// A later batch.
pub(crate) fn next(events: Vec<Event>) -> Batch {
    Batch::Run(RunBatch { run: RunId::fresh(1), started: None, events, last: Seq(2) })
}

pub(crate) fn status(status: RunStatus) -> Event {
    Event::Updated(RunUpdate { status: Some(status), ended_at: Some(at(9_000)), name: None })
}
