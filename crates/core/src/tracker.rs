//! The trait of destinations, and what they are given.

use std::fmt;

use async_trait::async_trait;

use crate::{Error, Event, Key, Result, RunId, Tag, Timestamp};

/// Position of an event in the log of its source. Grows within a run; gaps are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub u64);

/// What a destination can represent. Fan-out withholds the rest, and counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "a plain set of flags is what a capability is")]
pub struct Capability {
    /// Params of runs.
    pub params: bool,
    /// Metric points.
    pub points: bool,
    /// Tags of runs, also their removal.
    pub tags: bool,
    /// Dataset inputs.
    pub datasets: bool,
    /// Model inputs and outputs.
    pub models: bool,
    /// Putting runs in the bin and back.
    pub deletion: bool,
}

impl Capability {
    /// Everything.
    pub const ALL: Self = Self { params: true, points: true, tags: true, datasets: true, models: true, deletion: true };

    /// Whether an event can be represented.
    pub const fn allows(self, event: &Event) -> bool {
        match event {
            Event::Params(_) => self.params,
            Event::Points(_) => self.points,
            Event::Tags(_) | Event::TagDeleted(_) => self.tags,
            Event::DatasetInputs(_) => self.datasets,
            Event::ModelInputs(_) | Event::ModelOutputs(_) => self.models,
            Event::Deleted(_) | Event::Restored => self.deletion,
            Event::Updated(_) => true,
        }
    }
}

/// How a run began: what a destination needs to create its own.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStarted {
    /// Name of the experiment, created where it is absent.
    pub experiment: Key,
    /// Label.
    pub name: String,
    /// Who started it; may be empty.
    pub user: String,
    /// When it started.
    pub started_at: Timestamp,
    /// First tags; no key twice.
    pub tags: Vec<Tag>,
}

/// Events of one run, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct RunBatch {
    /// Which run.
    pub run: RunId,
    /// Present in the batch that begins the run.
    pub started: Option<RunStarted>,
    /// What happened since.
    pub events: Vec<Event>,
    /// Position of the last event.
    pub last: Seq,
}

impl RunBatch {
    /// Joins the batch that follows this one. The whole has the effect of both in turn.
    ///
    /// `Invalid` when `next` is of another run, begins the run again, or is not later.
    pub fn merge(mut self, next: Self) -> Result<Self> {
        if self.run != next.run || next.last <= self.last || next.started.is_some() {
            return Err(Error::invalid(format!(
                "batch {:?} of {} does not follow {:?}",
                next.last, next.run, self.last
            )));
        }
        for event in next.events {
            match (self.events.last_mut(), event) {
                (Some(Event::Points(points)), Event::Points(more)) => points.extend(more),
                (Some(Event::Tags(tags)), Event::Tags(more)) => tags.extend(more),
                (Some(Event::Params(params)), Event::Params(more)) => params.extend(more),
                (_, event) => self.events.push(event),
            }
        }
        self.last = next.last;
        Ok(self)
    }
}

/// A destination that mirrors tracking events.
///
/// Implementations classify errors and no more: they do not retry, sleep or buffer.
#[async_trait]
pub trait TrackerInterface: fmt::Debug + Send + Sync + 'static {
    /// Name in configuration, logs and metric labels: lower-case, unique within the process.
    fn name(&self) -> &str;

    /// What this destination can represent. A batch that holds anything else is `Unsupported`, whole.
    fn capability(&self) -> Capability;

    /// Proves that the destination can be reached with these credentials. Writes nothing.
    async fn probe(&self) -> Result<()>;

    /// Delivers one batch. Delivered twice it has the effect of once, also when the first try failed
    /// half-way. Events of a run that the destination does not know are `NotFound`.
    async fn deliver(&self, batch: &RunBatch) -> Result<()>;

    /// Makes everything delivered so far durable; only then may the caller forget it.
    async fn flush(&self) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(last: u64, events: Vec<Event>) -> RunBatch {
        RunBatch { run: RunId::fresh(1), started: None, events, last: Seq(last) }
    }

    #[test]
    fn merge_joins_neighbours_of_one_kind_and_keeps_the_order() {
        let tag = |value: &str| Event::Tags(vec![Tag::new("k", value).unwrap()]);
        let first = batch(1, vec![Event::Restored, tag("1")]);
        let merged = first.merge(batch(3, vec![tag("2"), Event::Restored])).unwrap();
        assert_eq!(merged.last, Seq(3));
        assert_eq!(merged.events.len(), 3);
        assert!(matches!(&merged.events[1], Event::Tags(tags) if tags.len() == 2));
    }

    #[test]
    fn merge_refuses_what_does_not_follow() {
        assert!(batch(2, vec![]).merge(batch(2, vec![])).is_err());
        let other = RunBatch { run: RunId::fresh(2), ..batch(3, vec![]) };
        assert!(batch(2, vec![]).merge(other).is_err());
    }
}
