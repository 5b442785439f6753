//! Sending a subject whose beginning is no longer in the log, from the system of record.
//!
//! A run is sent as it stands when its turn comes, at position `head` of the log: first how it began, then its points
//! in stretches of time over all metrics, then how it ended. Entries up to `head` are passed over afterwards, later
//! ones are delivered as usual. A point read here may stand in a later entry too; those are left out here, so that
//! each is sent once. How far it has come is kept with the subject's mark after every stretch.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use trackside_core::{
    Batch, Event, Key, Lifecycle, MetricPoint, Param, Point, Result, Run, RunBatch, RunId, RunStarted, RunStatus,
    RunUpdate, Seq, Store, Subject, Timestamp,
    store::{HistoryQuery, LogRange, Mark},
};

use crate::{Parts, registry_history};

/// About so many points are sent at once.
const STRETCH: usize = 20_000;
/// Bytes of the log to look through at once.
const LOG_BYTES: u64 = 1024 * 1024;

/// In place of a [`Place`], as long as there is none.
const NOT_BEGUN: &str = "";

/// How far the history of a run has been sent. Stored with the mark.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    v: u32,
    /// Entries up to here are part of the history.
    head: u64,
    /// The metrics that are not sent to their end, and their last point sent: step, time and bits of the value.
    series: BTreeMap<String, Option<(i64, i64, u64)>>,
}

/// A history under way.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) subject: Subject,
    /// As it stands before the next part.
    pub(crate) mark: Mark,
    place: Option<Place>,
}

/// The next part of a history.
#[derive(Debug)]
pub(crate) struct Part {
    /// What to deliver; nothing when the subject is not in the system of record.
    pub(crate) batches: Vec<Batch>,
    /// The mark once that is delivered; what the destination remembers is added.
    pub(crate) mark: Mark,
    /// Whether this is the last part.
    pub(crate) last: bool,
}

impl History {
    /// Begins, or goes on where the mark says.
    pub(crate) fn new(subject: Subject, mark: Option<Mark>) -> Self {
        let mark = match mark {
            Some(mark) if mark.catch_up.is_some() => mark,
            // What a subject that was lost remembers is of no use: it is sent anew. That it is must be said of it
            // before the first part has arrived, because that may be cut.
            mark => Mark {
                lost: mark.is_some_and(|mark| mark.lost),
                catch_up: Some(NOT_BEGUN.to_owned()),
                ..Mark::default()
            },
        };
        let place = mark.catch_up.as_deref().and_then(|text| serde_json::from_str(text).ok());
        Self { subject, mark, place }
    }

    /// What the destination remembers after the part before.
    pub(crate) fn remember(&mut self, mark: &Mark) {
        self.mark = mark.clone();
        self.place = mark.catch_up.as_deref().and_then(|text| serde_json::from_str(text).ok());
    }

    /// The next part.
    pub(crate) async fn next(&self, parts: &Parts, store: &dyn Store) -> Result<Part> {
        let head = match &self.place {
            Some(place) => Seq(place.head),
            None => parts.log.log_size().await?.end,
        };
        match &self.subject {
            Subject::Run(id) => match (&self.place, store.run(id).await?) {
                (_, None) => Ok(self.whole(vec![], head)),
                (None, Some(run)) => self.beginning(store, run, head).await,
                (Some(place), Some(run)) if place.series.is_empty() => self.ending(parts, run, head).await,
                (Some(place), Some(run)) => self.stretch(parts, store, run.info.id, place.clone()).await,
            },
            Subject::LoggedModel(id) => Ok(self.whole(registry_history::logged_model(store, id, head).await?, head)),
            Subject::RegisteredModel(name) => {
                Ok(self.whole(registry_history::registered_model(store, name, head).await?, head))
            }
        }
    }

    fn whole(&self, batches: Vec<Batch>, head: Seq) -> Part {
        let mark = Mark { upto: head, catch_up: None, lost: false, cuts: vec![], ..self.mark.clone() };
        Part { batches, mark, last: true }
    }

    fn part(&self, batches: Vec<Batch>, place: &Place) -> Part {
        let text = serde_json::to_string(place).expect("numbers and texts can be written");
        let mark = Mark { upto: Seq(place.head), catch_up: Some(text), cuts: vec![], ..self.mark.clone() };
        Part { batches, mark, last: false }
    }

    async fn beginning(&self, store: &dyn Store, run: Run, head: Seq) -> Result<Part> {
        let experiment = store.experiment(run.info.experiment).await?;
        let experiment = match experiment {
            Some(experiment) => experiment.name,
            None => Key::new(run.info.experiment.to_string())?,
        };
        let series = run.metrics.iter().map(|metric| (metric.key.as_str().to_owned(), None)).collect();
        let events = [
            some(run.params, Event::Params as fn(Vec<Param>) -> Event),
            some(run.dataset_inputs, Event::DatasetInputs),
            some(run.model_inputs, Event::ModelInputs),
            some(run.model_outputs, Event::ModelOutputs),
        ];
        let batch = RunBatch {
            run: run.info.id,
            started: Some(RunStarted {
                experiment,
                name: run.info.name,
                user: run.info.user,
                started_at: run.info.started_at,
                tags: run.tags,
            }),
            events: events.into_iter().flatten().collect(),
            last: head,
        };
        Ok(self.part(vec![Batch::Run(batch)], &Place { v: 1, head: head.0, series }))
    }

    async fn ending(&self, parts: &Parts, run: Run, head: Seq) -> Result<Part> {
        let mut events = Vec::new();
        if let Some(artifacts) = &parts.artifacts {
            events.extend(artifacts.artifacts(&run.info.id).await?.into_iter().map(Event::ArtifactStored));
        }
        let status = (run.info.status != RunStatus::Running).then_some(run.info.status);
        if status.is_some() || run.info.ended_at.is_some() {
            events.push(Event::Updated(RunUpdate { status, ended_at: run.info.ended_at, name: None }));
        }
        if run.info.lifecycle == Lifecycle::Deleted {
            events.push(Event::Deleted(parts.clock.now()));
        }
        let batch = Batch::Run(RunBatch { run: run.info.id, started: None, events, last: head });
        Ok(self.whole(vec![batch], head))
    }

    /// Points of all metrics up to the instant up to which all that is read is complete.
    async fn stretch(&self, parts: &Parts, store: &dyn Store, run: RunId, mut place: Place) -> Result<Part> {
        let limit = (STRETCH / place.series.len()).max(1);
        let mut read: Vec<(Key, Vec<Point>, bool)> = Vec::with_capacity(place.series.len());
        for (key, last) in &place.series {
            let key = Key::new(key.as_str())?;
            let since = last.map(|(step, time, bits)| Point {
                step,
                time: Timestamp::from_millis(time),
                value: f64::from_bits(bits),
            });
            let query = HistoryQuery { run: run.clone(), key: key.clone(), limit: Some(limit), after: None, since };
            let page = store.history(query).await?;
            read.push((key, page.items, page.next.is_some()));
        }
        let complete =
            read.iter().filter(|(_, _, more)| *more).filter_map(|(_, points, _)| points.last()).map(order).min();
        let mut points = Vec::new();
        for (key, of_key, more) in read {
            let n = complete.map_or(of_key.len(), |complete| of_key.partition_point(|point| order(point) <= complete));
            let last = n.checked_sub(1).map(|last| of_key[last]);
            if n == of_key.len() && !more {
                place.series.remove(key.as_str());
            } else if let Some(Point { step, time, value }) = last {
                place.series.insert(key.as_str().to_owned(), Some((step, time.millis(), value.to_bits())));
            }
            let of_key = of_key.into_iter().take(n);
            points.extend(of_key.map(|point| MetricPoint { key: key.clone(), point, subject: None }));
        }
        points.sort_by_key(|metric| order(&metric.point));
        let head = Seq(place.head);
        leave_out_later(parts, &run, head, &mut points).await?;
        let events = some(points, Event::Points).into_iter().collect();
        Ok(self.part(vec![Batch::Run(RunBatch { run, started: None, events, last: head })], &place))
    }
}

/// An event of these things, unless there are none.
fn some<T>(items: Vec<T>, event: impl FnOnce(Vec<T>) -> Event) -> Option<Event> {
    (!items.is_empty()).then(|| event(items))
}

/// The order in which points of different metrics are sent.
const fn order(point: &Point) -> (i64, i64) {
    (point.time.millis(), point.step)
}

/// Leaves out points that stand in entries after `head`: those are delivered when their turn comes.
async fn leave_out_later(parts: &Parts, run: &RunId, head: Seq, points: &mut Vec<MetricPoint>) -> Result<()> {
    let mut later = HashSet::new();
    let mut after = head;
    loop {
        let subject = Some(Subject::Run(run.clone()));
        let entries = parts.log.read_log(LogRange { after, until: None, subject, max_bytes: LOG_BYTES }).await?;
        let Some(last) = entries.last() else { break };
        after = last.batch.last();
        for entry in entries {
            let Batch::Run(batch) = entry.batch else { continue };
            for event in batch.events {
                let Event::Points(of_event) = event else { continue };
                later.extend(of_event.into_iter().map(|metric| identity(&metric)));
            }
            // What is left out already need not be remembered.
            if !later.is_empty() {
                points.retain(|metric| !later.contains(&identity(metric)));
                later.clear();
            }
        }
    }
    Ok(())
}

/// What makes a point the same as another; see [`Point`].
fn identity(metric: &MetricPoint) -> (Key, i64, i64, u64) {
    let Point { step, time, value } = metric.point;
    let bits = if value.is_nan() {
        f64::NAN.to_bits()
    } else if value == 0.0 {
        0
    } else {
        value.to_bits()
    };
    (metric.key.clone(), time.millis(), step, bits)
}
