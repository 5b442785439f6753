//! Batches of runs.

use std::{borrow::Cow, collections::BTreeSet};

use super::{StoreTracker, unless};
use crate::{
    Delivered, Error, ErrorKind, Event, Kind, Lifecycle, LoggedModelId, MetricPoint, NewRun, Result, RunBatch, RunId,
    RunStarted, TrackerInterface, Withheld,
};

impl StoreTracker {
    pub(super) async fn deliver_run(&self, batch: &RunBatch) -> Result<Delivered> {
        let capability = self.capability();
        if !batch.events.iter().all(|event| capability.allows(event)) {
            return Err(Error::new(ErrorKind::Unsupported, "a store holds no bytes of artifacts"));
        }
        if let Some(started) = &batch.started {
            self.start(&batch.run, started).await?;
        }
        let mut withheld = Withheld::default();
        let events = self.with_known_models(&batch.events, &mut withheld).await?;
        let events = without_replaced_params(&events);
        // A removal may find the tag gone, so it is a transaction of its own; all else goes in one.
        for events in events.split_inclusive(|event| matches!(event, Event::TagDeleted(_))) {
            match events.split_last() {
                Some((removal @ Event::TagDeleted(_), rest)) => {
                    self.append(&batch.run, rest).await?;
                    self.remove_tag(&batch.run, removal).await?;
                }
                _ => self.append(&batch.run, events).await?,
            }
        }
        Ok(Delivered { withheld, ..Delivered::default() })
    }

    async fn start(&self, id: &RunId, started: &RunStarted) -> Result<()> {
        let experiment = self.experiment(&started.experiment).await?;
        let new = NewRun {
            id: id.clone(),
            experiment: experiment.id,
            name: started.name.clone(),
            user: started.user.clone(),
            started_at: started.started_at,
            artifact_uri: format!("{}/{id}/artifacts", experiment.artifact_location),
            tags: started.tags.clone(),
        };
        unless(ErrorKind::AlreadyExists, self.store.create_run(new).await.map(drop))
    }

    async fn append(&self, run: &RunId, events: &[Event]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        match self.store.append(run, events.to_vec()).await {
            Err(error) if error.kind() == ErrorKind::Conflict && self.is_in_bin(run).await? => {
                self.append_in_bin(run, events).await
            }
            appended => appended,
        }
    }

    /// Appends to a run that an earlier try of this delivery, or a later one, has put in the bin. It stays there
    /// unless the events say otherwise.
    async fn append_in_bin(&self, run: &RunId, events: &[Event]) -> Result<()> {
        let moves = events.iter().any(|event| matches!(event, Event::Deleted(_) | Event::Restored));
        let back = (!moves).then(|| Event::Deleted(self.clock.now()));
        let events = std::iter::once(Event::Restored).chain(events.iter().cloned()).chain(back).collect();
        self.store.append(run, events).await
    }

    async fn remove_tag(&self, run: &RunId, removal: &Event) -> Result<()> {
        match self.append(run, std::slice::from_ref(removal)).await {
            Err(error) if error.kind() == ErrorKind::NotFound && self.store.run(run).await?.is_some() => Ok(()),
            removed => removed,
        }
    }

    async fn is_in_bin(&self, run: &RunId) -> Result<bool> {
        let found = self.store.run(run).await?;
        Ok(found.is_some_and(|run| run.info.lifecycle == Lifecycle::Deleted))
    }

    /// The same events, their points without mention of logged models that this store has never heard of.
    async fn with_known_models<'a>(&self, events: &'a [Event], withheld: &mut Withheld) -> Result<Cow<'a, [Event]>> {
        let mut unknown = BTreeSet::new();
        for id in points(events).filter_map(model).collect::<BTreeSet<_>>() {
            if self.store.logged_model(id, true).await?.is_none() {
                unknown.insert(id);
            }
        }
        if unknown.is_empty() {
            return Ok(Cow::Borrowed(events));
        }
        let is_unknown = |point: &MetricPoint| model(point).is_some_and(|id| unknown.contains(id));
        withheld.add(Kind::LoggedModels, points(events).filter(|point| is_unknown(point)).count() as u64);
        let mut events = events.to_vec();
        for event in &mut events {
            if let Event::Points(points) = event {
                points.iter_mut().filter(|point| is_unknown(point)).for_each(|point| point.subject = None);
            }
        }
        Ok(Cow::Owned(events))
    }
}

/// The same events less the values of params that are replaced later among them: were they delivered again, a store
/// would refuse the former value.
fn without_replaced_params(events: &[Event]) -> Cow<'_, [Event]> {
    if !events.iter().any(|event| matches!(event, Event::ParamsReplaced(_))) {
        return Cow::Borrowed(events);
    }
    let mut replaced = BTreeSet::new();
    let mut kept: Vec<Event> = Vec::with_capacity(events.len());
    for event in events.iter().rev() {
        kept.push(match event {
            Event::ParamsReplaced(params) => {
                let last: Vec<_> =
                    params.iter().rev().filter(|param| replaced.insert(param.key.clone())).cloned().collect();
                Event::ParamsReplaced(last.into_iter().rev().collect())
            }
            Event::Params(params) => {
                Event::Params(params.iter().filter(|param| !replaced.contains(&param.key)).cloned().collect())
            }
            other => other.clone(),
        });
    }
    kept.reverse();
    Cow::Owned(kept)
}

fn points(events: &[Event]) -> impl Iterator<Item = &MetricPoint> {
    let points = events.iter().filter_map(|event| if let Event::Points(points) = event { Some(points) } else { None });
    points.flatten()
}

fn model(point: &MetricPoint) -> Option<&LoggedModelId> {
    point.subject.as_ref()?.model.as_ref()
}
