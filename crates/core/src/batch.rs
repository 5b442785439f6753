//! What a destination is given: events of one subject, oldest first.

use std::fmt;

use crate::{
    Error, Event, Key, LoggedModelChange, LoggedModelId, NewLoggedModel, NewModelVersion, NewRegisteredModel,
    PromotionEvent, RegisteredModelChange, Result, RunId, Tag, Timestamp, VersionNumber, registry::ModelVersionChange,
};

/// Position of an entry in the log of its source. Grows; gaps are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub u64);

/// What events happen to. Order is kept within a subject, not between two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A run.
    Run(RunId),
    /// A logged model.
    LoggedModel(LoggedModelId),
    /// A registered model with its versions, by the name it has when the event happens.
    RegisteredModel(Key),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(id) => write!(f, "run {id}"),
            Self::LoggedModel(id) => write!(f, "logged model {id}"),
            Self::RegisteredModel(name) => write!(f, "registered model {name}"),
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

/// The tag that names the run above this one, as MLflow's clients set it.
const PARENT_TAG: &str = "mlflow.parentRunId";

impl RunStarted {
    /// The run above this one, as its first tags say.
    pub fn parent(&self) -> Option<RunId> {
        let tag = self.tags.iter().find(|tag| tag.key.as_str() == PARENT_TAG)?;
        RunId::parse(&tag.value).ok()
    }
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

/// Changes of one logged model, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedModelBatch {
    /// Which model.
    pub model: LoggedModelId,
    /// Present in the batch that begins the model.
    pub created: Option<LoggedModelCreated>,
    /// What happened since, and when.
    pub changes: Vec<(LoggedModelChange, Timestamp)>,
    /// Position of the last change.
    pub last: Seq,
}

/// How a logged model began.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedModelCreated {
    /// Name of the experiment, created where it is absent.
    pub experiment: Key,
    /// All else; its experiment is the source's number.
    pub new: NewLoggedModel,
}

/// Changes of one registered model and its versions, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct RegisteredModelBatch {
    /// Which model. After a `Rename` the next batch has the new name.
    pub model: Key,
    /// What happened.
    pub events: Vec<RegistryEvent>,
    /// Position of the last event.
    pub last: Seq,
}

/// One thing that happens to a registered model or one of its versions.
#[derive(Debug, Clone, PartialEq)]
pub enum RegistryEvent {
    /// The model was registered.
    Created(NewRegisteredModel),
    /// The model was changed.
    Changed(RegisteredModelChange, Timestamp),
    /// A version was registered under this number.
    VersionCreated(VersionNumber, NewModelVersion),
    /// A version was changed.
    VersionChanged(VersionNumber, ModelVersionChange, Timestamp),
    /// Something happened to a promotion that waits for approval.
    Promotion(PromotionEvent),
}

/// Events of one subject, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub enum Batch {
    /// Of a run.
    Run(RunBatch),
    /// Of a logged model.
    LoggedModel(LoggedModelBatch),
    /// Of a registered model.
    RegisteredModel(RegisteredModelBatch),
}

impl Batch {
    /// Whose events these are.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Run(batch) => Subject::Run(batch.run.clone()),
            Self::LoggedModel(batch) => Subject::LoggedModel(batch.model.clone()),
            Self::RegisteredModel(batch) => Subject::RegisteredModel(batch.model.clone()),
        }
    }

    /// Position of the last event.
    pub const fn last(&self) -> Seq {
        match self {
            Self::Run(batch) => batch.last,
            Self::LoggedModel(batch) => batch.last,
            Self::RegisteredModel(batch) => batch.last,
        }
    }

    /// Gives it its position.
    pub const fn set_last(&mut self, seq: Seq) {
        match self {
            Self::Run(batch) => batch.last = seq,
            Self::LoggedModel(batch) => batch.last = seq,
            Self::RegisteredModel(batch) => batch.last = seq,
        }
    }

    /// Whether the subject begins here.
    pub fn begins(&self) -> bool {
        match self {
            Self::Run(batch) => batch.started.is_some(),
            Self::LoggedModel(batch) => batch.created.is_some(),
            Self::RegisteredModel(batch) => matches!(batch.events.first(), Some(RegistryEvent::Created(_))),
        }
    }

    /// How much happened: each param, point, tag, input and other event counts one, and so does a beginning.
    pub fn n_items(&self) -> u64 {
        let n = match self {
            Self::Run(batch) => {
                usize::from(batch.started.is_some()) + batch.events.iter().map(Event::n_items).sum::<usize>()
            }
            Self::LoggedModel(batch) => usize::from(batch.created.is_some()) + batch.changes.len(),
            Self::RegisteredModel(batch) => batch.events.len(),
        };
        n as u64
    }

    /// Joins the batch that follows this one. The whole has the effect of both in turn.
    ///
    /// `Invalid` when `next` is of another subject, begins it again, or is not later.
    pub fn merge(self, next: Self) -> Result<Self> {
        let (last, then) = (self.last(), next.last());
        match (self, next) {
            (Self::Run(first), Self::Run(next)) if first.run == next.run && then > last && next.started.is_none() => {
                Ok(Self::Run(first.followed_by(next)))
            }
            (Self::LoggedModel(mut first), Self::LoggedModel(next))
                if first.model == next.model && then > last && next.created.is_none() =>
            {
                first.changes.extend(next.changes);
                first.last = then;
                Ok(Self::LoggedModel(first))
            }
            (Self::RegisteredModel(mut first), Self::RegisteredModel(next))
                if first.model == next.model && then > last =>
            {
                first.events.extend(next.events);
                first.last = then;
                Ok(Self::RegisteredModel(first))
            }
            (first, next) => Err(Error::invalid(format!(
                "batch {} of {} does not follow batch {} of {}",
                then.0,
                next.subject(),
                last.0,
                first.subject()
            ))),
        }
    }
}

impl RunBatch {
    fn followed_by(mut self, next: Self) -> Self {
        for event in next.events {
            match (self.events.last_mut(), event) {
                (Some(Event::Points(points)), Event::Points(more)) => points.extend(more),
                (Some(Event::Tags(tags)), Event::Tags(more)) => tags.extend(more),
                (Some(Event::Params(params)), Event::Params(more)) => params.extend(more),
                (_, event) => self.events.push(event),
            }
        }
        self.last = next.last;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(n: u128, last: u64, events: Vec<Event>) -> Batch {
        Batch::Run(RunBatch { run: RunId::fresh(n), started: None, events, last: Seq(last) })
    }

    #[test]
    fn merge_joins_neighbours_of_one_kind_and_keeps_the_order() {
        let tag = |value: &str| Event::Tags(vec![Tag::new("k", value).unwrap()]);
        let first = batch(1, 1, vec![Event::Restored, tag("1")]);
        let merged = first.merge(batch(1, 3, vec![tag("2"), Event::Restored])).unwrap();
        assert_eq!((merged.last(), merged.n_items()), (Seq(3), 4));
        let Batch::Run(RunBatch { events, .. }) = merged else { panic!("a run stays a run") };
        assert!(matches!(&events[1], Event::Tags(tags) if tags.len() == 2));
        assert_eq!(events.len(), 3);
    }

    #[test]
    fn merge_refuses_what_does_not_follow() {
        assert!(batch(1, 2, vec![]).merge(batch(1, 2, vec![])).is_err());
        assert!(batch(1, 2, vec![]).merge(batch(2, 3, vec![])).is_err());
    }
}
